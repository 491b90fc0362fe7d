"""ncnn networks (a text .param and a binary .bin) as ONNX float graphs.

The layer parameters and the order of the weights follow ncnn's own documentation ("operators") and its
``load_param``/``load_model`` of each layer. Every layer type is one function in ``LAYERS``; a layer function names each
parameter it understands, so that any other is refused instead of silently changing the result.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from convert.errors import ConversionError
from convert.float_graph import float_model
from convert.ncnn_files import Floats, Layer, Parameters, Weights, parse_param


class _Graph:
    """Nodes and initialisers of the ONNX graph while it grows."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs: list[str] = []
        self.renamed: dict[str, str] = {}
        self.vectors: set[str] = set()
        """Blobs that hold one number a channel: [1, C, 1, 1] here, C numbers in ncnn."""

    def constant(self, name: str, value: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, layer: Layer, *more_inputs: str, **attributes: Any) -> None:
        inputs = [*(self.resolve(name) for name in layer.inputs), *more_inputs]
        self.nodes.append(helper.make_node(kind, inputs, list(layer.outputs), name=layer.name, **attributes))

    def resolve(self, blob: str) -> str:
        return self.renamed.get(blob, blob)


def _input(graph: _Graph, layer: Layer) -> None:
    # The size written here is only what the network was trained with; the ONNX graph takes any.
    graph.inputs.extend(layer.outputs)


def _split(graph: _Graph, layer: Layer) -> None:
    Parameters(layer).finish()
    for output in layer.outputs:
        graph.renamed[output] = graph.resolve(layer.inputs[0])


@dataclass(frozen=True)
class _Kernel:
    """What Convolution and Deconvolution share: ``weights`` (out, in, height, width), ``bias`` (out,)."""

    weights: Floats
    bias: Floats
    attributes: dict[str, Any]
    activation: tuple[str, dict[str, Any]] | None
    """The ONNX operator and its attributes."""


def _read_kernel(graph: _Graph, layer: Layer) -> _Kernel:
    parameters = Parameters(layer)
    out_channels = parameters.integer(0)
    width = parameters.integer(1)
    height = parameters.integer(11, default=width)
    dilation = parameters.integer(2, default=1)
    dilations = [parameters.integer(12, default=dilation), dilation]
    stride = parameters.integer(3, default=1)
    strides = [parameters.integer(13, default=stride), stride]
    left = parameters.integer(4)
    top = parameters.integer(14, default=left)
    pads = [top, left, parameters.integer(16, default=top), parameters.integer(15, default=left)]
    has_bias = parameters.integer(5)
    count = parameters.integer(6)
    activation = _read_activation(layer, parameters)
    parameters.finish()
    if min(pads) < 0:
        raise layer.refuse(f"its padding {pads} asks for automatic padding; numbers from 0 are accepted")
    if out_channels < 1 or height < 1 or width < 1 or count < 1 or count % (out_channels * height * width):
        raise layer.refuse(f"{count} weights do not fill {out_channels} kernels of {width}×{height}")
    weights = graph.weights.kernel(count).reshape(out_channels, -1, height, width)
    bias = graph.weights.plain(out_channels) if has_bias else np.zeros(out_channels, np.float32)
    return _Kernel(
        weights=weights,
        bias=bias,
        attributes={"kernel_shape": [height, width], "strides": strides, "pads": pads, "dilations": dilations},
        activation=activation,
    )


def _read_activation(layer: Layer, parameters: Parameters) -> tuple[str, dict[str, Any]] | None:
    kind = parameters.integer(9)
    slopes = parameters.array(10)
    if kind == 2:
        if len(slopes) != 1:
            raise layer.refuse("its activation 2 has no slope; one number is accepted")
        return "LeakyRelu", {"alpha": slopes[0]}
    try:
        return {0: None, 1: ("Relu", {}), 4: ("Sigmoid", {})}[kind]
    except KeyError:
        raise layer.refuse(
            f"its activation {kind} is unknown; none (0), ReLU (1), leaky ReLU (2) and sigmoid (4) are accepted"
        ) from None


def _add_kernel(graph: _Graph, layer: Layer, kind: str, kernel: _Kernel, weights: Floats) -> None:
    named = (
        graph.constant(f"{layer.name}.weight", weights),
        graph.constant(f"{layer.name}.bias", kernel.bias),
    )
    if kernel.activation is None:
        graph.add(kind, layer, *named, **kernel.attributes)
        return
    linear = f"{layer.name}.linear"
    inputs = [graph.resolve(layer.inputs[0]), *named]
    graph.nodes.append(helper.make_node(kind, inputs, [linear], name=layer.name, **kernel.attributes))
    activation, attributes = kernel.activation
    name = f"{layer.name}.activation"
    graph.nodes.append(helper.make_node(activation, [linear], list(layer.outputs), name=name, **attributes))


def _convolution(graph: _Graph, layer: Layer) -> None:
    kernel = _read_kernel(graph, layer)
    _add_kernel(graph, layer, "Conv", kernel, kernel.weights)


def _deconvolution(graph: _Graph, layer: Layer) -> None:
    kernel = _read_kernel(graph, layer)
    # ncnn keeps (out, in, height, width) here too, ConvTranspose wants (in, out, height, width).
    _add_kernel(graph, layer, "ConvTranspose", kernel, kernel.weights.transpose(1, 0, 2, 3))


def _prelu(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    count = parameters.integer(0)
    parameters.finish()
    slopes = graph.weights.plain(count).reshape(count, 1, 1)
    graph.add("PRelu", layer, graph.constant(f"{layer.name}.slope", slopes))


def _pixel_shuffle(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    factor = parameters.integer(0, default=1)
    parameters.finish()
    # CRD: the channel index varies slowest, as in PyTorch, whose pixel_shuffle ncnn copies.
    graph.add("DepthToSpace", layer, blocksize=factor, mode="CRD")


_INTERP: dict[int, dict[str, Any]] = {
    1: {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    2: {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
    3: {"mode": "cubic", "coordinate_transformation_mode": "half_pixel", "cubic_coeff_a": -0.75},
}


def _interp(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    kind = parameters.integer(0)
    height_scale = parameters.number(1, default=1.0)
    width_scale = parameters.number(2, default=1.0)
    parameters.finish()
    scales = graph.constant(f"{layer.name}.scales", np.array([1, 1, height_scale, width_scale], np.float32))
    try:
        attributes = _INTERP[kind]
    except KeyError:
        raise layer.refuse(f"its kind {kind} is unknown; nearest, bilinear and bicubic (1 to 3) are accepted") from None
    graph.add("Resize", layer, "", scales, **attributes)


def _binary_op(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    operation = parameters.integer(0)
    parameters.finish()
    if operation not in (0, 2) or len(layer.inputs) != 2:
        raise layer.refuse(
            f"its operation {operation} on {len(layer.inputs)} blobs is unknown; "
            "adding two (0) and multiplying two (2) are accepted"
        )
    graph.add("Mul" if operation else "Add", layer)


def _eltwise(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    operation = parameters.integer(0)
    coefficients = parameters.array(1) or (1.0, 1.0)
    parameters.finish()
    if operation != 1 or len(layer.inputs) != 2 or len(coefficients) != 2:
        raise layer.refuse(
            f"its operation {operation} on {len(layer.inputs)} blobs with the coefficients {coefficients} is unknown; "
            "adding two (1) is accepted"
        )
    terms: list[str] = []
    for number, (blob, coefficient) in enumerate(zip(layer.inputs, coefficients, strict=True)):
        term = graph.resolve(blob)
        if coefficient != 1:
            factor = graph.constant(f"{layer.name}.factor{number}", np.array(coefficient, np.float32))
            term, whole = f"{layer.name}.term{number}", term
            graph.nodes.append(helper.make_node("Mul", [whole, factor], [term], name=term))
        terms.append(term)
    graph.nodes.append(helper.make_node("Add", terms, list(layer.outputs), name=layer.name))


def _concat(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    axis = parameters.integer(0)
    parameters.finish()
    if axis != 0:
        raise layer.refuse(f"its axis {axis} is unknown; that of the channels (0) is accepted")
    graph.add("Concat", layer, axis=1)


def _crop(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    left, top = parameters.integer(0), parameters.integer(1)
    starts, ends, axes = (parameters.array(key) for key in (9, 10, 11))
    parameters.finish()
    if len(layer.inputs) == 2 and min(left, top) > 0 and not (starts or ends or axes):
        # ncnn makes it as large as its second blob, so that below and on the right as much goes as above and on the
        # left, wherever tiles have the multiples that the catalogue states. Otherwise the sum that follows would fail.
        starts, ends = (top, left), (-top, -left)
    elif (
        (left or top or len(starts) != 2 or len(ends) != 2 or axes != (-2, -1))
        # -233 is ncnn's word for the end itself.
        or not all(start >= 0 > end > -233 for start, end in zip(starts, ends, strict=True))
    ):
        raise layer.refuse("it does not say how much of all four sides to cut off, which alone is accepted")
    places = (
        graph.constant(f"{layer.name}.{part}", np.array(value, np.int64))
        for part, value in (("starts", starts), ("ends", ends), ("axes", (2, 3)))
    )
    inputs = [graph.resolve(layer.inputs[0]), *places]
    graph.nodes.append(helper.make_node("Slice", inputs, list(layer.outputs), name=layer.name))


def _pooling(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    kind, is_global = parameters.integer(0), parameters.integer(4)
    parameters.finish()
    if kind != 1 or is_global != 1:
        raise layer.refuse(f"its kind {kind} and its extent {is_global} are unknown; a mean (1) of all (1) is accepted")
    graph.add("GlobalAveragePool", layer)
    graph.vectors.update(layer.outputs)


def _inner_product(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    outputs, has_bias, count = (parameters.integer(key) for key in range(3))
    activation = _read_activation(layer, parameters)
    parameters.finish()
    if not graph.vectors.issuperset(graph.resolve(blob) for blob in layer.inputs):
        raise layer.refuse("its input is no vector; what a Pooling of all or an InnerProduct gives is accepted")
    if outputs < 1 or count < 1 or count % outputs:
        raise layer.refuse(f"{count} weights do not fill {outputs} rows")
    weights = graph.weights.kernel(count).reshape(outputs, -1, 1, 1)
    bias = graph.weights.plain(outputs) if has_bias else np.zeros(outputs, np.float32)
    _add_kernel(graph, layer, "Conv", _Kernel(weights, bias, {"kernel_shape": [1, 1]}, activation), weights)
    graph.vectors.update(layer.outputs)


def _scale(graph: _Graph, layer: Layer) -> None:
    parameters = Parameters(layer)
    size = parameters.integer(0)
    parameters.finish()
    # -233: the factors are the second blob, one for each channel.
    if size != -233 or len(layer.inputs) != 2 or graph.resolve(layer.inputs[1]) not in graph.vectors:
        raise layer.refuse(f"its factors are {size} weights; a blob of one number a channel (-233) is accepted")
    graph.add("Mul", layer)


LAYERS: dict[str, Callable[[_Graph, Layer], None]] = {
    "BinaryOp": _binary_op,
    "Concat": _concat,
    "Convolution": _convolution,
    "Crop": _crop,
    "Deconvolution": _deconvolution,
    "Eltwise": _eltwise,
    "InnerProduct": _inner_product,
    "Input": _input,
    "Interp": _interp,
    "PReLU": _prelu,
    "PixelShuffle": _pixel_shuffle,
    "Pooling": _pooling,
    "Scale": _scale,
    "Split": _split,
}


def convert_ncnn(param: str, weights: bytes, *, name: str) -> onnx.ModelProto:
    """The network as an ONNX model called ``name``.

    ``input`` float32 [1, 3, height, width], RGB in 0..1; ``output`` float32 [1, 3, ·, ·], RGB near 0..1, not clipped.
    Raises ConversionError for a layer or parameter that is not known here, and for files that do not fit together.
    """
    layers = parse_param(param)
    graph = _Graph(Weights(weights))
    for layer in layers:
        try:
            convert = LAYERS[layer.kind]
        except KeyError:
            raise layer.refuse(f"this type is unknown; accepted are {', '.join(sorted(LAYERS))}") from None
        convert(graph, layer)
    graph.weights.finish()
    consumed = {name for layer in layers for name in layer.inputs}
    outputs = [name for layer in layers for name in layer.outputs if name not in consumed]
    if len(graph.inputs) != 1 or len(outputs) != 1:
        raise ConversionError(
            f"the ncnn network has inputs {graph.inputs} and outputs {outputs}; one of each is accepted"
        )
    return float_model(graph.nodes, graph.initializers, name=name, taken=graph.inputs[0], given=outputs[0])
