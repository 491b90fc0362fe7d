"""Passes over an ONNX model: each does one thing to the graph, in place, and can be applied alone."""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from convert.errors import ConversionError
from convert.nodes import attributes_of

# Smaller constants (scales, slopes, biases) would save less than the Cast node that they need.
_LEAST_FLOAT16_VALUES = 512


_LEAST_ROUNDED_VALUES = 4096

# What answers k times as much to k times the input, where nothing constant is added.
_PROPORTIONAL = {"Add", "Concat", "Conv", "Relu", "Resize"}

_Constant = npt.NDArray[np.float16] | npt.NDArray[np.float32] | npt.NDArray[np.int64]


def fold_nhwc(model: onnx.ModelProto) -> None:
    """Let the graph take and give samples in the order in which pictures hold them.

    Before: ``input`` and ``output`` float32 [1, 3, height, width] with 0..1 meaning black to white.
    After: ``input`` and ``output`` float32 [pictures, height, width, 3], the output clipped to 0..1; any number of
    pictures of one size can be run together. They stay floats: 16-bit pictures keep their depth, answers that are
    blended or averaged are rounded once, at the end, and onnxruntime-web's WebGPU provider knows no uint8.
    """
    graph = model.graph
    for node in graph.node:
        node.input[:] = ["network_input" if name == "input" else name for name in node.input]
        node.output[:] = ["network_output" if name == "output" else name for name in node.output]
    inside = list(graph.node)
    del graph.node[:]
    graph.node.extend(
        [
            helper.make_node("Transpose", ["input"], ["network_input"], name="input_transpose", perm=[0, 3, 1, 2]),
            *inside,
            helper.make_node("Clip", ["network_output", "black", "white"], ["output_clipped"], name="output_clip"),
            helper.make_node("Transpose", ["output_clipped"], ["output"], name="output_transpose", perm=[0, 2, 3, 1]),
        ]
    )
    for name, value in (("black", 0.0), ("white", 1.0)):
        graph.initializer.append(_constant(name, np.array(value, np.float32)))
    _set_pictures(graph.input, "input", ["height", "width"])
    _set_pictures(graph.output, "output", ["output_height", "output_width"])


def _set_pictures(values: Iterable[onnx.ValueInfoProto], name: str, size: list[str]) -> None:
    (value,) = (value for value in values if value.name == name)
    value.CopyFrom(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["pictures", *size, 3]))


def take_one_picture(model: onnx.ModelProto) -> None:
    """Let a packed graph refuse several pictures at once, for which it is not made."""
    for value in (model.graph.input[0], model.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_value = 1


def rewrite_prelu(model: onnx.ModelProto) -> None:
    """Write every PRelu(x, slope) as slope·x + (1 − slope)·Relu(x).

    onnxruntime-web's WebGPU provider has no PRelu, and would carry its tensors to the processor and back. Of the forms
    that WebGPU has, this one takes the fewest steps over the pixels: as fast as PRelu itself in WebAssembly, and faster
    in native onnxruntime, whose PRelu undoes the blocked layout that convolutions like.
    Raises ConversionError where the slope is not a constant.
    """

    def rewrite(node: onnx.NodeProto) -> list[onnx.NodeProto]:
        (x, slope), (y,) = node.input, node.output
        rest = f"{slope}.rest"
        model.graph.initializer.append(_constant(rest, 1 - _constant_value(model.graph, slope)))
        return [
            helper.make_node("Mul", [x, slope], [f"{y}.sloped"], name=f"{node.name}.sloped"),
            helper.make_node("Relu", [x], [f"{y}.positive"], name=f"{node.name}.positive"),
            helper.make_node("Mul", [f"{y}.positive", rest], [f"{y}.rest"], name=f"{node.name}.rest"),
            helper.make_node("Add", [f"{y}.sloped", f"{y}.rest"], [y], name=node.name),
        ]

    _rewrite_each(model.graph, lambda node: node.op_type == "PRelu", rewrite)


def rewrite_cubic_shrink(model: onnx.ModelProto) -> None:
    """Write every cubic Resize by p/q < 1 as two strided convolutions, one down the columns and one along the rows.

    onnxruntime's cubic Resize goes pixel by pixel, without SIMD: in WebAssembly it took a tenth of the 2x network's
    time. The same sums as convolutions take a thousandth. p outputs repeat their taps every q inputs, so each axis is
    one convolution of stride q with p channels a colour, and DepthToSpace lays the p×p channels out.
    Exact (to float32 rounding) where both sides of the input are multiples of q: the pass asks that the input comes,
    perhaps through Add, from a DepthToSpace whose block is a multiple of q, and raises ConversionError otherwise.
    The taps are those of Keys, "Cubic convolution interpolation for digital image processing" (1981).
    """
    graph = model.graph

    def rewrite(node: onnx.NodeProto) -> list[onnx.NodeProto]:
        taps = _shrinking_taps(graph, node)
        outputs, window = taps.shape
        stride = window - 2
        x, y, name = node.input[0], node.output[0], node.name
        for part, value in (
            ("columns", np.tile(taps.reshape(outputs, 1, window, 1), (3, 1, 1, 1))),
            ("rows", np.tile(taps.reshape(outputs, 1, 1, window), (3 * outputs, 1, 1, 1))),
            ("border", np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)),
        ):
            graph.initializer.append(_constant(f"{name}.{part}", value))
        padded, down = f"{y}.padded", f"{y}.columns"
        along = y if outputs == 1 else f"{y}.blocks"
        nodes = [
            helper.make_node("Pad", [x, f"{name}.border"], [padded], name=f"{name}.pad", mode="edge"),
            _grouped(f"{name}.columns", padded, down, groups=3, kernel=[window, 1], strides=[stride, 1]),
            _grouped(f"{name}.rows", down, along, groups=3 * outputs, kernel=[1, window], strides=[1, stride]),
        ]
        if outputs > 1:
            nodes.append(
                helper.make_node("DepthToSpace", [along], [y], name=f"{name}.blocks", blocksize=outputs, mode="CRD")
            )
        return nodes

    _rewrite_each(graph, _is_cubic_resize, rewrite)


def _grouped(name: str, x: str, y: str, *, groups: int, kernel: list[int], strides: list[int]) -> onnx.NodeProto:
    return helper.make_node("Conv", [x, name], [y], name=name, group=groups, kernel_shape=kernel, strides=strides)


def _is_cubic_resize(node: onnx.NodeProto) -> bool:
    return node.op_type == "Resize" and any(a.name == "mode" and a.s == b"cubic" for a in node.attribute)


def _shrinking_taps(graph: onnx.GraphProto, node: onnx.NodeProto) -> npt.NDArray[np.float32]:
    """The weights by which ``node``, a cubic Resize, makes p outputs from q inputs and their neighbours, as [p, q + 2].

    Raises ConversionError where it is not a shrinking by one ratio, or its input is not known to have multiples of q.
    """
    attributes = attributes_of(node)
    scales = _constant_value(graph, node.input[2])
    ratio = Fraction(float(scales[3])).limit_denominator(16)
    if ratio >= 1 or not np.array_equal(scales, np.array([1, 1, ratio, ratio], np.float32)):
        raise ConversionError(f"{node.name} resizes by {scales[2:].tolist()}; one ratio of small numbers is accepted")
    places = attributes.get("coordinate_transformation_mode", b"half_pixel")
    if places != b"half_pixel":
        raise ConversionError(f"{node.name} places its pixels by {places.decode()}; half_pixel is accepted")
    block = _block_size(graph, node.input[0])
    if block % ratio.denominator:
        raise ConversionError(f"{node.name} shrinks multiples of {block} to {ratio}, which leaves parts of pixels over")
    return _cubic_taps(ratio, a=attributes.get("cubic_coeff_a", -0.75))


def _cubic_taps(ratio: Fraction, *, a: float) -> npt.NDArray[np.float32]:
    """Weights [p, q + 2] of p outputs over q inputs, one more before them and one more after them (ratio p/q < 1)."""
    taps = np.zeros((ratio.numerator, ratio.denominator + 2), np.float32)
    for output in range(ratio.numerator):
        position = (output + Fraction(1, 2)) / ratio - Fraction(1, 2)
        first = math.floor(position) - 1
        for tap in range(first, first + 4):
            taps[output, tap + 1] = _cubic_weight(float(abs(position - tap)), a=a)
    return taps


def _cubic_weight(distance: float, *, a: float) -> float:
    if distance <= 1:
        return ((a + 2) * distance - (a + 3)) * distance * distance + 1
    return a * (((distance - 5) * distance + 8) * distance - 4)


def _block_size(graph: onnx.GraphProto, name: str) -> int:
    """A number that both sides of the tensor are multiples of, found at a DepthToSpace seen through Add; 1 if none."""
    producer = next((node for node in graph.node if name in node.output), None)
    if producer is None:
        return 1
    if producer.op_type == "Add":
        return max(_block_size(graph, part) for part in producer.input)
    if producer.op_type == "DepthToSpace":
        return next(int(attribute.i) for attribute in producer.attribute if attribute.name == "blocksize")
    return 1


def let_white_be_one(model: onnx.ModelProto, *, white: float) -> None:
    """Let a network that takes and gives 0..white take and give 0..1.

    Convolutions, sums and ReLUs answer k times as much when their input and their biases are k times as large, so only
    the biases change: no step over the pixels is added. Raises ConversionError for a node that is not so.
    """
    constants = {initializer.name: initializer for initializer in model.graph.initializer}
    biases: dict[str, onnx.TensorProto] = {}
    for node in model.graph.node:
        if node.op_type not in _PROPORTIONAL or (node.op_type == "Add" and constants.keys() & set(node.input)):
            raise ConversionError(f"{node.name} of type {node.op_type} does not answer in proportion to its input")
        if node.op_type == "Conv" and len(node.input) == 3:
            biases[node.input[2]] = constants[node.input[2]]
    for name, bias in biases.items():
        bias.CopyFrom(_constant(name, (numpy_helper.to_array(bias) / white).astype(np.float32)))


def round_to_float16(model: onnx.ModelProto) -> None:
    """Round the large constants to what float16 holds, so that ``store_float16`` can halve them.

    Nothing changes in what float16 holds already. Small kernels are left alone: they would save little, and
    as the first and the last of a network they weigh most. (esrgan-slim: 0.04 of 255 at most instead of 0.06.)
    """
    for initializer in model.graph.initializer:
        value = numpy_helper.to_array(initializer)
        if initializer.data_type == TensorProto.FLOAT and value.size >= _LEAST_ROUNDED_VALUES:
            initializer.CopyFrom(_constant(initializer.name, value.astype(np.float16).astype(np.float32)))


def store_float16(model: onnx.ModelProto) -> None:
    """Store the large float32 constants as float16 with a Cast to float32, where that loses no bit.

    onnxruntime casts them back once, when the session starts: the download halves and results stay what they were.
    Constants that float16 cannot hold exactly are left alone.
    """
    casts: list[onnx.NodeProto] = []
    for initializer in model.graph.initializer:
        if initializer.data_type != TensorProto.FLOAT:
            continue
        value = numpy_helper.to_array(initializer)
        with np.errstate(over="ignore"):
            half = value.astype(np.float16)
        if value.size < _LEAST_FLOAT16_VALUES or not np.array_equal(half.astype(np.float32), value):
            continue
        name = initializer.name
        initializer.CopyFrom(_constant(f"{name}.float16", half))
        casts.append(helper.make_node("Cast", [f"{name}.float16"], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    _insert_first(model.graph, casts)


def drop_unused_constants(model: onnx.ModelProto) -> None:
    """Remove the constants that no node reads any more, which onnxruntime would complain about one by one."""
    read = {name for node in model.graph.node for name in node.input}
    kept = [initializer for initializer in model.graph.initializer if initializer.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _rewrite_each(
    graph: onnx.GraphProto,
    matches: Callable[[onnx.NodeProto], bool],
    rewrite: Callable[[onnx.NodeProto], list[onnx.NodeProto]],
) -> None:
    rewritten = [new for node in graph.node for new in (rewrite(node) if matches(node) else [node])]
    del graph.node[:]
    graph.node.extend(rewritten)


def _constant_value(graph: onnx.GraphProto, name: str) -> npt.NDArray[np.float32]:
    for initializer in graph.initializer:
        if initializer.name == name:
            return numpy_helper.to_array(initializer).astype(np.float32)
    raise ConversionError(f"the graph computes {name}, where only a constant is accepted")


def _insert_first(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    after = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *after])


def _constant(
    name: str, value: npt.NDArray[np.float16] | npt.NDArray[np.float32] | npt.NDArray[np.int64]
) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(value), name)
