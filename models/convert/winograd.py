"""3 × 3 convolutions written out as Winograd's, in operators that onnxruntime's processor provider has.

F(6 × 6, 3 × 3), see cook_toom.py: the picture is cut into blocks of 6 × 6 outputs, each of which is made from 8 × 8
inputs by 64 products instead of 324. onnxruntime-web has no such kernel of its own, and its matrix products run near
the peak of what WebAssembly can do, so fewer of them is the only way to more speed. A layer goes these ways:

    [C, N, H, W] ── Bᵀ along the rows, Bᵀ along the columns: two strided convolutions ──▶ [C·N, 64, h, w]
                 ── planes first ──▶ [64, C, N·h, w] ── a product for each plane: a 1 × 1 convolution of 64 groups ──▶
                    [64, C', N·h, w] ── Aᵀ along the columns, Aᵀ along the rows, activation ──▶ [6, 6, C'·N·h, w]
                 ── two transpositions that lay the blocks out, cut to size ──▶ [C', N, H, W]

The choices, each with what it gained when it was made (onnxruntime-web 1.30.0, one thread, 64 → 64 channels, 240²):
separable transforms instead of one filter for each plane and each output: a fifth of the layer on the way in and a
seventh on the way out; Aᵀ on the planes as they lie, so that one transposition less is needed, and two transpositions,
pixels first and then rows, instead of DepthToSpace: a tenth. The bias is that of one plane and the activation is part
of the last convolution, so that neither goes over the pixels once more. Kernels are transformed by every run, by a
matrix product: a hundredth of a run, where folding them would make sessions start slowly and hold seven times the
weights.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from convert.cook_toom import BIAS_ROW, TAPS, transforms

BLOCK = 6
"""Outputs a side that are made together. Blocks of 4 would take a quarter more products; with 6 the answers of the
catalogue's networks stay within 0.05 levels of 255, as the tests ask, of what they were."""

_WINDOW = BLOCK + TAPS - 1
_PLANES = _WINDOW**2

_FUSED = {"Relu", "LeakyRelu"}

CONTRIBUTED = "com.microsoft"
"""The domain of onnxruntime's own operators, of which FusedConv is used."""

Pays = Callable[[int, int], bool]
"""(input channels, output channels) → whether a layer is faster so."""


def rewrite_convolutions(model: onnx.ModelProto, *, pays: Pays, pictures: bool = False) -> int:
    """Rewrite, in place, every 3 × 3 convolution that pays, and returns how many there were.

    Rewritten are layers of stride 1 without dilation and groups, with a constant kernel and as much padding on each
    side; sizes stay free, and answers differ by rounding only. pictures: the network may be run on several pictures at
    once. An activation after a layer becomes part of it, and maps that are concatenated are transformed once, however
    many layers read them.
    """
    rewriting = _Rewriting(model, pictures=pictures)
    rewritten = 0
    for node in list(model.graph.node):
        channels = rewriting.channels(node)
        if channels is not None and pays(*channels):
            rewriting.convolution(node, *channels)
            rewritten += 1
        else:
            rewriting.keep(node)
    rewriting.finish()
    if rewritten:
        model.opset_import.append(helper.make_opsetid(CONTRIBUTED, 1))
    return rewritten


class _Rewriting:
    """The nodes of the graph that takes the place of another one's."""

    def __init__(self, model: onnx.ModelProto, *, pictures: bool) -> None:
        self._graph = graph = model.graph
        self._pictures = pictures
        self._constants = {initializer.name: initializer for initializer in graph.initializer}
        self._makers = {output: node for node in graph.node for output in node.output}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
        self._given = {value.name for value in graph.output}
        self._nodes: list[onnx.NodeProto] = []
        self._fused: set[str] = set()
        self._planes: dict[tuple[str, int], str] = {}
        self._turned: dict[str, str] = {}
        self._made: set[str] = set()
        self._channels = _channel_counts(model) if pictures else {}
        matrices = transforms(BLOCK)
        self._inputs = matrices.inputs.astype(np.float32)
        self._outputs = matrices.outputs.astype(np.float32).reshape(BLOCK, _WINDOW, 1, 1)
        self._filter = np.kron(matrices.filter, matrices.filter).astype(np.float32)

    def channels(self, node: onnx.NodeProto) -> tuple[int, int] | None:
        """Input and output channels of a layer that can be rewritten, None for any other node."""
        if node.op_type != "Conv" or node.input[1] not in self._constants:
            return None
        attributes = _attributes(node)
        filters, inputs, *kernel = self._constants[node.input[1]].dims
        pads = attributes.get("pads", [0] * 4)
        is_plain = (
            all(set(attributes.get(name, [1])) == {1} for name in ("strides", "dilations"))
            and attributes.get("group", 1) == 1
        )
        if kernel != [TAPS, TAPS] or not is_plain or len(set(pads)) != 1:
            return None
        return inputs, filters

    def keep(self, node: onnx.NodeProto) -> None:
        """Takes a node over as it is, unless it has become part of a layer; convolutions take their activation in."""
        if node.output[0] in self._fused:
            return
        activation = self._activation(node) if node.op_type == "Conv" else None
        self._nodes.append(
            node if activation is None else _with_activation(node, activation, output=activation.output[0])
        )

    def convolution(self, node: onnx.NodeProto, inputs: int, filters: int) -> None:
        """Writes a layer out."""
        padding = _attributes(node).get("pads", [0])[0]
        activation = self._activation(node)
        name = node.output[0]
        answer = name if activation is None else activation.output[0]
        planes = self._reshaped(self._transformed(node.input[0], padding), 1, _PLANES * inputs, -1, 0)
        product = self._add(
            "Conv",
            f"{name}.products",
            [planes, self._kernels(node, inputs, filters), *self._bias(node, filters)],
            kernel_shape=[1, 1],
            group=_PLANES,
        )
        rows = self._add(
            "Conv",
            f"{name}.rows",
            [self._reshaped(product, 1, _WINDOW, -1, 0), self._constant("winograd.outputs", self._outputs)],
            kernel_shape=[1, 1],
        )
        blocks = helper.make_node(
            "Conv",
            [self._reshaped(rows, BLOCK, _WINDOW, -1, 0), self._constant("winograd.outputs", self._outputs)],
            [f"{name}.blocks"],
            name=f"{name}.blocks",
            kernel_shape=[1, 1],
        )
        self._nodes.append(
            blocks if activation is None else _with_activation(blocks, activation, output=blocks.output[0])
        )
        by_pixel = self._add("Transpose", f"{name}.by_pixel", [blocks.output[0]], perm=[0, 2, 3, 1])
        by_row = self._add("Transpose", f"{name}.by_row", [by_pixel], perm=[1, 0, 2, 3])
        joined = self._add("Unsqueeze", f"{name}.joined", [self._reshaped(by_row, 0, 0, -1), self._axes(0)])
        self._cut(node.input[0], self._in_pictures(joined, node.input[0], filters), padding, answer)

    def finish(self) -> None:
        """Puts the nodes and the constants into the graph."""
        nodes = _needed(self._nodes, self._given)
        del self._graph.node[:]
        self._graph.node.extend(nodes)
        read = {name for node in nodes for name in node.input}
        del self._graph.initializer[:]
        self._graph.initializer.extend(value for name, value in self._constants.items() if name in read)

    def _transformed(self, source: str, padding: int) -> str:
        """The planes of a tensor, [64, channels · pictures, height, width], or of maps side by side those of each."""
        key = source, padding
        if key in self._planes:
            return self._planes[key]
        maker = self._makers.get(source)
        if maker is not None and maker.op_type == "Concat":
            parts = [self._transformed(part, padding) for part in maker.input]
            self._planes[key] = self._add("Concat", f"{source}.planes.{padding}", parts, axis=1)
            return self._planes[key]
        # As much more below and on the right as may lie beyond the last whole block.
        before, after = padding, padding + BLOCK - 1
        name = f"{source}.{padding}"
        rows = self._add(
            "Conv",
            f"{name}.rows",
            [
                self._reshaped(self._channels_first(source), -1, 1, 0, 0),
                self._constant("winograd.inputs.rows", self._inputs.reshape(_WINDOW, 1, _WINDOW, 1)),
            ],
            kernel_shape=[_WINDOW, 1],
            strides=[BLOCK, 1],
            pads=[before, 0, after, 0],
        )
        columns = self._add(
            "Conv",
            f"{name}.columns",
            [
                self._reshaped(rows, -1, 1, 0, 0),
                self._constant("winograd.inputs.columns", self._inputs.reshape(_WINDOW, 1, 1, _WINDOW)),
            ],
            kernel_shape=[1, _WINDOW],
            strides=[1, BLOCK],
            pads=[0, before, 0, after],
        )
        apart = self._add(
            "Transpose", f"{name}.planes", [self._reshaped(columns, -1, _PLANES, 0, 0)], perm=[1, 0, 2, 3]
        )
        self._planes[key] = self._reshaped(apart, _PLANES, self._channels[source], -1, 0) if self._pictures else apart
        return self._planes[key]

    def _channels_first(self, source: str) -> str:
        """[channels, pictures, height, width]; of one picture that is the same memory."""
        if not self._pictures:
            return source
        if source not in self._turned:
            self._turned[source] = self._add("Transpose", f"{source}.turned", [source], perm=[1, 0, 2, 3])
        return self._turned[source]

    def _kernels(self, node: onnx.NodeProto, inputs: int, filters: int) -> str:
        """The transformed kernels, [64 · filters, inputs, 1, 1]."""
        weight = node.input[1]
        # The same bytes in another shape; kept under its name, by which a file that holds them already is found.
        self._constants[weight].ClearField("dims")
        self._constants[weight].dims.extend([filters * inputs, TAPS**2])
        kernels = self._add(
            "Gemm", f"{weight}.planes", [self._constant("winograd.filter", self._filter), weight], transB=1
        )
        return self._reshaped(kernels, _PLANES * filters, inputs, 1, 1)

    def _bias(self, node: onnx.NodeProto, filters: int) -> list[str]:
        """The bias of the products, [64 · filters], where the layer has one: that of a single plane, else zeros."""
        if len(node.input) < 3:
            return []
        before = (BIAS_ROW * _WINDOW + BIAS_ROW) * filters
        widths = self._constant(
            f"winograd.bias.{filters}", np.array([before, (_PLANES - 1) * filters - before], np.int64)
        )
        return [self._add("Pad", f"{node.input[2]}.planes", [node.input[2], widths])]

    def _in_pictures(self, joined: str, source: str, filters: int) -> str:
        """[1, filters · pictures · rows of blocks, 6, width] as [filters, pictures, height, width], or for one picture
        as [1, filters, height, width]."""
        if not self._pictures:
            return self._reshaped(joined, 1, filters, -1, 0)
        source = self._of_its_size(source)
        count = self._add("Shape", f"{source}.pictures", [source], start=0, end=1)
        shape = self._add(
            "Concat",
            f"{joined}.shape",
            [
                self._constant(f"winograd.count.{filters}", np.array([filters], np.int64)),
                count,
                self._constant("winograd.rest", np.array([-1, 0], np.int64)),
            ],
            axis=0,
        )
        return self._add("Reshape", f"{joined}.pictures", [joined, shape])

    def _of_its_size(self, source: str) -> str:
        """A tensor of as many pictures, as high and as wide: of maps side by side, which nobody else may need, the
        first."""
        maker = self._makers.get(source)
        return self._of_its_size(maker.input[0]) if maker is not None and maker.op_type == "Concat" else source

    def _cut(self, source: str, blocks: str, padding: int, answer: str) -> None:
        """Takes what lies beyond the answer off the last blocks."""
        source = self._of_its_size(source)
        size = self._add("Shape", f"{source}.size", [source], start=2, end=4)
        if padding != 1:
            size = self._add(
                "Add",
                f"{source}.size.{padding}",
                [size, self._constant(f"winograd.trim.{padding}", np.array([2 * padding - TAPS + 1] * 2, np.int64))],
            )
        inputs = [blocks, self._axes(0, 0), size, self._axes(2, 3)]
        if not self._pictures:
            self._nodes.append(helper.make_node("Slice", inputs, [answer], name=answer))
            return
        self._turned[answer] = self._add("Slice", f"{answer}.turned", inputs)
        self._nodes.append(
            helper.make_node("Transpose", [self._turned[answer]], [answer], name=answer, perm=[1, 0, 2, 3])
        )

    def _activation(self, node: onnx.NodeProto) -> onnx.NodeProto | None:
        """The activation that alone reads what a convolution answers, if one does that can be part of it."""
        readers = self._readers.get(node.output[0], [])
        if len(readers) != 1 or readers[0].op_type not in _FUSED or node.output[0] in self._given:
            return None
        self._fused.add(readers[0].output[0])
        return readers[0]

    def _add(self, kind: str, output: str, inputs: list[str], **attributes: Any) -> str:
        """A node, unless it is there already, and the name of its output."""
        if output not in self._made:
            self._made.add(output)
            self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _reshaped(self, tensor: str, *shape: int) -> str:
        words = "x".join("n" if side == -1 else str(side) for side in shape)
        return self._add(
            "Reshape",
            f"{tensor}.{words}",
            [tensor, self._constant(f"winograd.{words}", np.array(shape, np.int64))],
        )

    def _axes(self, *axes: int) -> str:
        return self._constant(f"winograd.axes.{'.'.join(map(str, axes))}", np.array(axes, np.int64))

    def _constant(self, name: str, value: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name


def _with_activation(node: onnx.NodeProto, activation: onnx.NodeProto, *, output: str) -> onnx.NodeProto:
    """A convolution and the activation after it as one node."""
    attributes = _attributes(node) | {"activation": activation.op_type}
    if activation.op_type == "LeakyRelu":
        attributes["activation_params"] = [_attributes(activation).get("alpha", 0.01)]
    return helper.make_node("FusedConv", list(node.input), [output], name=output, domain=CONTRIBUTED, **attributes)


def _channel_counts(model: onnx.ModelProto) -> dict[str, int]:
    values = onnx.shape_inference.infer_shapes(model).graph.value_info
    shapes = {value.name: value.type.tensor_type.shape.dim for value in [*model.graph.input, *values]}
    return {name: shape[1].dim_value for name, shape in shapes.items() if len(shape) == 4}


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _needed(nodes: list[onnx.NodeProto], given: set[str]) -> list[onnx.NodeProto]:
    """The nodes, in their order, that something of `given` is made of."""
    wanted, kept = set(given), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]
