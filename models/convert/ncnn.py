"""ncnn networks (a text .param and a binary .bin) as ONNX float graphs.

The layer parameters and the layout of the weights follow ncnn's own documentation ("operators", "param and model file
structure") and its ``load_param``/``load_model`` of each layer. Every layer type is one function in ``LAYERS``; a layer
function names each parameter it understands, so that any other is refused instead of silently changing the result.
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

_PARAM_MAGIC = "7767517"
_FIRST_ARRAY_KEY = -23300
_TAG_FLOAT32 = 0
_TAG_FLOAT16 = 0x01306B47

Floats = npt.NDArray[np.float32]
Parameter = float | tuple[float, ...]


@dataclass(frozen=True)
class Layer:
    """One line of a .param file; ``parameters`` maps ncnn's numeric keys (array keys made positive) to values."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: dict[int, Parameter]

    def refuse(self, reason: str) -> ConversionError:
        """The error to raise when this layer cannot be converted for ``reason``."""
        return ConversionError(f"ncnn layer {self.name} of type {self.kind} cannot be converted: {reason}")


def parse_param(text: str) -> tuple[Layer, ...]:
    """Layers of a .param file in their order.

    Raises ConversionError when the magic number, the count of layers or a line is not what ncnn writes.
    """
    lines = text.splitlines()
    if not lines or lines[0].strip() != _PARAM_MAGIC:
        found = lines[0].strip() if lines else "nothing"
        raise ConversionError(f"the ncnn .param starts with {found!r}, but {_PARAM_MAGIC} is what ncnn writes there")
    try:
        stated = int(lines[1].split()[0])
        layers = tuple(_parse_layer(line) for line in lines[2:] if line.strip())
    except (IndexError, ValueError) as error:
        raise ConversionError(f"the ncnn .param cannot be read: {error}") from error
    if len(layers) != stated:
        raise ConversionError(f"the ncnn .param states {stated} layers but holds {len(layers)}")
    return layers


def _parse_layer(line: str) -> Layer:
    kind, name, input_count, output_count, *rest = line.split()
    first_output = int(input_count)
    first_parameter = first_output + int(output_count)
    parameters: dict[int, Parameter] = {}
    for pair in rest[first_parameter:]:
        key, value = pair.split("=")
        if int(key) <= _FIRST_ARRAY_KEY:
            _, *items = value.split(",")
            parameters[_FIRST_ARRAY_KEY - int(key)] = tuple(float(item) for item in items)
        else:
            parameters[int(key)] = float(value)
    return Layer(
        kind=kind,
        name=name,
        inputs=tuple(rest[:first_output]),
        outputs=tuple(rest[first_output:first_parameter]),
        parameters=parameters,
    )


class Weights:
    """Reads a .bin file from front to back, as ncnn does while it loads layer after layer."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._offset = 0

    def kernel(self, count: int) -> Floats:
        """The next ``count`` values of a tagged blob, float16 or float32 in the file, float32 here (exact)."""
        tag = int.from_bytes(self._take(4), "little")
        if tag == _TAG_FLOAT32:
            return self.plain(count)
        if tag == _TAG_FLOAT16:
            # ncnn pads float16 blobs so that the next one starts at a multiple of four bytes.
            stored = self._take((2 * count + 3) // 4 * 4)
            return np.frombuffer(stored, dtype="<f2", count=count).astype(np.float32)
        raise ConversionError(
            f"the ncnn .bin has a blob tagged {tag:#010x} at byte {self._offset - 4}; float32 (0x00000000) and float16 "
            f"({_TAG_FLOAT16:#010x}) are accepted"
        )

    def plain(self, count: int) -> Floats:
        """The next ``count`` values of an untagged float32 blob (biases, slopes)."""
        return np.frombuffer(self._take(4 * count), dtype="<f4").astype(np.float32)

    def finish(self) -> None:
        """Raises ConversionError when bytes are left: the .param and the .bin do not belong together."""
        left = len(self._content) - self._offset
        if left:
            raise ConversionError(f"the ncnn .bin has {left} bytes more than the layers of its .param use")

    def _take(self, size_bytes: int) -> bytes:
        taken = self._content[self._offset : self._offset + size_bytes]
        if len(taken) < size_bytes:
            raise ConversionError(
                f"the ncnn .bin ends at byte {len(self._content)}, but its layers need at least "
                f"{self._offset + size_bytes} bytes"
            )
        self._offset += size_bytes
        return taken


class _Parameters:
    """The parameters of one layer, asked for by name; ``finish`` refuses those that nobody asked for."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._left = dict(layer.parameters)

    def integer(self, key: int, *, default: int = 0) -> int:
        return int(self.number(key, default=default))

    def number(self, key: int, *, default: float = 0.0) -> float:
        value = self._left.pop(key, default)
        if isinstance(value, tuple):
            raise self._layer.refuse(f"parameter {key} is an array where one number is accepted")
        return value

    def array(self, key: int) -> tuple[float, ...]:
        value = self._left.pop(key, ())
        if not isinstance(value, tuple):
            raise self._layer.refuse(f"parameter {key} is one number where an array is accepted")
        return value

    def finish(self) -> None:
        # ncnn leaves a parameter out or writes its default, zero: both mean that the feature is not used.
        used = sorted(key for key, value in self._left.items() if value != 0)
        if used:
            raise self._layer.refuse(f"nothing is known of its parameter {used[0]} = {self._left[used[0]]}")


class _Graph:
    """Nodes and initialisers of the ONNX graph while it grows."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs: list[str] = []
        self.renamed: dict[str, str] = {}

    def constant(self, name: str, value: npt.NDArray[np.float32]) -> str:
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
    _Parameters(layer).finish()
    for output in layer.outputs:
        graph.renamed[output] = graph.resolve(layer.inputs[0])


@dataclass(frozen=True)
class _Kernel:
    """What Convolution and Deconvolution share: ``weights`` (out, in, height, width), ``bias`` (out,)."""

    weights: Floats
    bias: Floats
    attributes: dict[str, Any]
    negative_slope: float | None


def _read_kernel(graph: _Graph, layer: Layer) -> _Kernel:
    parameters = _Parameters(layer)
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
    activation = parameters.integer(9)
    slopes = parameters.array(10)
    parameters.finish()
    if min(pads) < 0:
        raise layer.refuse(f"its padding {pads} asks for automatic padding; numbers from 0 are accepted")
    if out_channels < 1 or height < 1 or width < 1 or count < 1 or count % (out_channels * height * width):
        raise layer.refuse(f"{count} weights do not fill {out_channels} kernels of {width}×{height}")
    if activation not in (0, 1, 2):
        raise layer.refuse(
            f"its activation {activation} is unknown; none (0), ReLU (1) and leaky ReLU (2) are accepted"
        )
    if activation == 2 and len(slopes) != 1:
        raise layer.refuse("its activation 2 has no slope; one number is accepted")
    weights = graph.weights.kernel(count).reshape(out_channels, -1, height, width)
    bias = graph.weights.plain(out_channels) if has_bias else np.zeros(out_channels, np.float32)
    return _Kernel(
        weights=weights,
        bias=bias,
        attributes={"kernel_shape": [height, width], "strides": strides, "pads": pads, "dilations": dilations},
        negative_slope=None if activation == 0 else (0.0 if activation == 1 else slopes[0]),
    )


def _add_kernel(graph: _Graph, layer: Layer, kind: str, kernel: _Kernel, weights: Floats) -> None:
    named = (
        graph.constant(f"{layer.name}.weight", weights),
        graph.constant(f"{layer.name}.bias", kernel.bias),
    )
    if kernel.negative_slope is None:
        graph.add(kind, layer, *named, **kernel.attributes)
        return
    linear = f"{layer.name}.linear"
    inputs = [graph.resolve(layer.inputs[0]), *named]
    graph.nodes.append(helper.make_node(kind, inputs, [linear], name=layer.name, **kernel.attributes))
    name = f"{layer.name}.activation"
    if kernel.negative_slope == 0:
        graph.nodes.append(helper.make_node("Relu", [linear], list(layer.outputs), name=name))
    else:
        leaky = helper.make_node("LeakyRelu", [linear], list(layer.outputs), name=name, alpha=kernel.negative_slope)
        graph.nodes.append(leaky)


def _convolution(graph: _Graph, layer: Layer) -> None:
    kernel = _read_kernel(graph, layer)
    _add_kernel(graph, layer, "Conv", kernel, kernel.weights)


def _deconvolution(graph: _Graph, layer: Layer) -> None:
    kernel = _read_kernel(graph, layer)
    # ncnn keeps (out, in, height, width) here too, ConvTranspose wants (in, out, height, width).
    _add_kernel(graph, layer, "ConvTranspose", kernel, kernel.weights.transpose(1, 0, 2, 3))


def _prelu(graph: _Graph, layer: Layer) -> None:
    parameters = _Parameters(layer)
    count = parameters.integer(0)
    parameters.finish()
    slopes = graph.weights.plain(count).reshape(count, 1, 1)
    graph.add("PRelu", layer, graph.constant(f"{layer.name}.slope", slopes))


def _pixel_shuffle(graph: _Graph, layer: Layer) -> None:
    parameters = _Parameters(layer)
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
    parameters = _Parameters(layer)
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
    parameters = _Parameters(layer)
    operation = parameters.integer(0)
    parameters.finish()
    if operation != 0 or len(layer.inputs) != 2:
        raise layer.refuse(f"its operation {operation} on {len(layer.inputs)} blobs is unknown; adding two is accepted")
    graph.add("Add", layer)


LAYERS: dict[str, Callable[[_Graph, Layer], None]] = {
    "BinaryOp": _binary_op,
    "Convolution": _convolution,
    "Deconvolution": _deconvolution,
    "Input": _input,
    "Interp": _interp,
    "PReLU": _prelu,
    "PixelShuffle": _pixel_shuffle,
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
