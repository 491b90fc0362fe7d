"""TF.js layers models (a model.json and its weight shards) as ONNX float graphs.

The layers and their settings are Keras's own, written down by ``to_json``; model.json and the layout of the weights
follow TF.js ("layers-model", "weightsManifest"). Every layer type is one function in ``LAYERS``; a layer function names
each setting it understands, so that any other is refused instead of silently changing the result.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from convert.errors import ConversionError
from convert.float_graph import float_model

# What only training looks at.
_OF_TRAINING = {
    "activity_regularizer",
    "bias_constraint",
    "bias_initializer",
    "bias_regularizer",
    "kernel_constraint",
    "kernel_initializer",
    "kernel_regularizer",
    "trainable",
}

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """One entry of the topology; ``inputs`` are the layers whose only answer it reads."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    settings: dict[str, Any]

    def refuse(self, reason: str) -> ConversionError:
        """The error to raise when this layer cannot be converted for ``reason``."""
        return ConversionError(f"TF.js layer {self.name} of type {self.kind} cannot be converted: {reason}")


@dataclass(frozen=True)
class Topology:
    """The layers in their order, and the names of those that take the picture and give the answer."""

    layers: tuple[Layer, ...]
    taken: str
    given: str


def parse_topology(document: Mapping[str, Any]) -> Topology:
    """The network that a model.json describes.

    Raises ConversionError for anything but a Keras model of one input, one output and layers that are used once.
    """
    try:
        if document["format"] != "layers-model":
            raise ConversionError(f"the model.json has the format {document['format']!r}; 'layers-model' is accepted")
        config = document["modelTopology"]["model_config"]["config"]
        layers = tuple(_parse_layer(entry) for entry in config["layers"])
        ends = [[str(name) for name, _, _ in config[key]] for key in ("input_layers", "output_layers")]
    except (KeyError, TypeError, ValueError) as error:
        raise ConversionError(f"the model.json cannot be read: {error!r}") from error
    if [len(names) for names in ends] != [1, 1]:
        raise ConversionError(f"the TF.js network has inputs {ends[0]} and outputs {ends[1]}; one of each is accepted")
    (taken,), (given,) = ends
    return Topology(layers, taken=taken, given=given)


def _parse_layer(entry: Mapping[str, Any]) -> Layer:
    uses = entry["inbound_nodes"]
    layer = Layer(
        kind=entry["class_name"],
        name=entry["name"],
        inputs=tuple(source for use in uses for source, *_ in use),
        settings=dict(entry["config"]),
    )
    if len(uses) > 1:
        raise layer.refuse(f"it is used {len(uses)} times; once is accepted")
    for source, node, tensor, arguments in (source for use in uses for source in use):
        if node or tensor or arguments:
            raise layer.refuse(f"it reads part {node}, {tensor} of {source} with {arguments}; a plain use is accepted")
    return layer


def read_weights(document: Mapping[str, Any], shards: Mapping[str, bytes]) -> dict[str, Floats]:
    """The weights that a model.json lists, by name. shards: the contents of its weight files, by path.

    Raises ConversionError for files or bytes too few or too many, and for weights that are not plain float32.
    """
    weights: dict[str, Floats] = {}
    try:
        manifest = document["weightsManifest"]
        paths = [path for group in manifest for path in group["paths"]]
        if sorted(paths) != sorted(shards):
            raise ConversionError(f"the model.json names the weight files {paths}, but {sorted(shards)} are given")
        for group in manifest:
            content = b"".join(shards[path] for path in group["paths"])
            weights |= _read_group(group["weights"], content)
    except (KeyError, TypeError) as error:
        raise ConversionError(f"the weights that model.json lists cannot be read: {error!r}") from error
    return weights


def _read_group(entries: list[Any], content: bytes) -> dict[str, Floats]:
    weights: dict[str, Floats] = {}
    offset = 0
    for entry in entries:
        name, shape = entry["name"], entry["shape"]
        if entry["dtype"] != "float32" or "quantization" in entry:
            stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
            raise ConversionError(f"the TF.js weight {name} is stored as {stored}; float32 is accepted")
        count = int(np.prod(shape, dtype=np.int64))
        if offset + 4 * count > len(content):
            raise ConversionError(f"the TF.js weights end at byte {len(content)}, before the end of {name}")
        weights[name] = np.frombuffer(content, "<f4", count, offset).reshape(shape).astype(np.float32)
        offset += 4 * count
    if offset != len(content):
        raise ConversionError(f"the TF.js weight files have {len(content) - offset} bytes more than model.json lists")
    return weights


class _Settings:
    """The settings of one layer, asked for by name; ``finish`` refuses those that nobody asked for."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._left = {key: value for key, value in layer.settings.items() if key not in _OF_TRAINING}
        self.take("name")
        self.accept("dtype", "float32")

    def take(self, key: str, *, default: Any = None) -> Any:
        return self._left.pop(key, default)

    def accept(self, key: str, *accepted: Any) -> Any:
        """The setting, which must be one of these; the first where it is left out."""
        value = self.take(key, default=accepted[0])
        if value not in accepted:
            listed = " and ".join(str(item) for item in accepted)
            raise self._layer.refuse(f"its {key} is {value}; accepted: {listed}")
        return value

    def pair(self, key: str) -> list[int]:
        """A setting for the height and the width."""
        value = self.take(key)
        if not (isinstance(value, list) and len(value) == 2 and all(type(item) is int and item > 0 for item in value)):
            raise self._layer.refuse(f"its {key} is {value}; two numbers from 1 are accepted")
        return value

    def finish(self) -> None:
        if self._left:
            key, value = next(iter(self._left.items()))
            raise self._layer.refuse(f"nothing is known of its setting {key} = {value}")


class _Graph:
    """Nodes and initialisers of the ONNX graph while it grows; a layer's answer bears the layer's name."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._weights = weights

    def weight(self, layer: Layer, part: str) -> Floats:
        try:
            return self._weights.pop(f"{layer.name}/{part}")
        except KeyError:
            raise layer.refuse(f"model.json lists no weights {layer.name}/{part}") from None

    def constant(self, name: str, value: npt.NDArray[np.float32]) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, layer: Layer, *more_inputs: str, **attributes: Any) -> None:
        self.nodes.append(
            helper.make_node(kind, [*layer.inputs, *more_inputs], [layer.name], name=layer.name, **attributes)
        )

    def finish(self) -> None:
        if self._weights:
            raise ConversionError(f"no TF.js layer reads the weights {', '.join(sorted(self._weights))}")


def _input(graph: _Graph, layer: Layer) -> None:
    settings = _Settings(layer)
    settings.accept("sparse", False)
    settings.accept("ragged", False)
    shape = settings.take("batch_input_shape")
    settings.finish()
    if not (isinstance(shape, list) and len(shape) == 4 and shape[3] == 3):
        raise layer.refuse(f"its shape is {shape}; pictures of three channels are accepted")


def _conv2d(graph: _Graph, layer: Layer) -> None:
    settings = _Settings(layer)
    filters = settings.take("filters")
    height, width = settings.pair("kernel_size")
    strides = settings.pair("strides")
    padding = settings.accept("padding", "valid", "same")
    settings.accept("data_format", "channels_last")
    settings.accept("dilation_rate", [1, 1])
    settings.accept("groups", 1)
    activation = settings.accept("activation", "linear", "relu")
    has_bias = settings.accept("use_bias", True, False)
    settings.finish()
    if padding == "same" and strides != [1, 1]:
        raise layer.refuse(f"its padding depends on the picture's size, for its strides are {strides}")
    kernel = graph.weight(layer, "kernel")
    if kernel.ndim != 4 or (*kernel.shape[:2], kernel.shape[3]) != (height, width, filters):
        raise layer.refuse(f"its kernel has the shape {list(kernel.shape)}")
    # TF.js keeps (height, width, in, out), and puts the odd pixel of a border below and to the right.
    inputs = [graph.constant(f"{layer.name}.weight", kernel.transpose(3, 2, 0, 1))]
    if has_bias:
        inputs.append(graph.constant(f"{layer.name}.bias", graph.weight(layer, "bias")))
    top, left = ((height - 1) // 2, (width - 1) // 2) if padding == "same" else (0, 0)
    bottom, right = (height - 1 - top, width - 1 - left) if padding == "same" else (0, 0)
    attributes: dict[str, Any] = {
        "kernel_shape": [height, width],
        "strides": strides,
        "pads": [top, left, bottom, right],
    }
    if activation == "linear":
        graph.add("Conv", layer, *inputs, **attributes)
        return
    linear = f"{layer.name}.linear"
    graph.nodes.append(helper.make_node("Conv", [*layer.inputs, *inputs], [linear], name=layer.name, **attributes))
    graph.nodes.append(helper.make_node("Relu", [linear], [layer.name], name=f"{layer.name}.activation"))


def _activation(graph: _Graph, layer: Layer) -> None:
    settings = _Settings(layer)
    settings.accept("activation", "relu")
    settings.finish()
    graph.add("Relu", layer)


def _concatenate(graph: _Graph, layer: Layer) -> None:
    settings = _Settings(layer)
    settings.accept("axis", -1, 3)
    settings.finish()
    graph.add("Concat", layer, axis=1)


def _add(graph: _Graph, layer: Layer) -> None:
    _Settings(layer).finish()
    if len(layer.inputs) != 2:
        raise layer.refuse(f"it adds {len(layer.inputs)} layers; two are accepted")
    graph.add("Add", layer)


def _up_sampling(graph: _Graph, layer: Layer) -> None:
    settings = _Settings(layer)
    height, width = settings.pair("size")
    settings.accept("data_format", "channels_last")
    settings.accept("interpolation", "nearest")
    settings.finish()
    scales = graph.constant(f"{layer.name}.scales", np.array([1, 1, height, width], np.float32))
    graph.add(
        "Resize",
        layer,
        "",
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


LAYERS: dict[str, Callable[[_Graph, Layer], None]] = {
    "Activation": _activation,
    "Add": _add,
    "Concatenate": _concatenate,
    "Conv2D": _conv2d,
    "InputLayer": _input,
    "UpSampling2D": _up_sampling,
}


def convert_tfjs(model: str, shards: Mapping[str, bytes], *, name: str) -> onnx.ModelProto:
    """The network as an ONNX model called ``name``. model: the text of model.json; shards: its weight files by path.

    ``input`` float32 [1, 3, height, width], RGB; ``output`` float32 [1, 3, ·, ·], RGB, not clipped; black is 0, and
    white is what the network was trained with.
    Raises ConversionError for a layer or setting that is not known here, and for files that do not fit together.
    """
    try:
        document = json.loads(model)
    except ValueError as error:
        raise ConversionError(f"the model.json is no JSON: {error}") from error
    topology = parse_topology(document)
    graph = _Graph(read_weights(document, shards))
    for layer in topology.layers:
        try:
            convert = LAYERS[layer.kind]
        except KeyError:
            raise layer.refuse(f"this type is unknown; accepted are {', '.join(sorted(LAYERS))}") from None
        convert(graph, layer)
    graph.finish()
    return float_model(graph.nodes, graph.initializers, name=name, taken=topology.taken, given=topology.given)
