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
from convert.nodes import attributes_of, is_plain_convolution
from convert.same_sizes import sizes_in_common

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
    rewritten = _Rewriting(model, pays=pays, pictures=pictures).run()
    if rewritten:
        model.opset_import.append(helper.make_opsetid(CONTRIBUTED, 1))
    return rewritten


class _Rewriting:
    """The nodes of the graph that takes the place of another one's.

    Between layers maps are kept as [channels, pictures, height, width], "turned". onnxruntime does what a node needs in
    the order opposite to that of the graph: so kernels come before maps, and are made when they are needed, and sizes
    after them, and are taken before a map is done with.
    """

    def __init__(self, model: onnx.ModelProto, *, pays: Pays, pictures: bool) -> None:
        self._graph = graph = model.graph
        self._pictures = pictures
        self._constants = {initializer.name: initializer for initializer in graph.initializer}
        self._makers = {output: node for node in graph.node for output in node.output}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
        self._given = {value.name for value in graph.output}
        self._sized_like = sizes_in_common(graph)
        self._layers = {node.output[0]: node for node in graph.node if self._is_rewritten(node, pays)}
        self._biases: dict[int, list[str]] = {}
        for layer in self._layers.values():
            for bias in layer.input[2:]:
                (filters,) = self._constants[bias].dims
                if bias not in self._biases.setdefault(filters, []):
                    self._biases[filters].append(bias)
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

    def run(self) -> int:
        """Rewrites the graph and returns how many layers it has written out."""
        for node in list(self._graph.node):
            if node.output[0] in self._layers:
                self._convolution(node)
            else:
                self._keep(node)
        nodes = _needed(self._nodes, self._given)
        del self._graph.node[:]
        self._graph.node.extend(nodes)
        read = {name for node in nodes for name in node.input}
        del self._graph.initializer[:]
        self._graph.initializer.extend(value for name, value in self._constants.items() if name in read)
        return len(self._layers)

    def _is_rewritten(self, node: onnx.NodeProto, pays: Pays) -> bool:
        if not is_plain_convolution(node, self._constants) or not self._constants.keys() >= set(node.input[2:]):
            return False
        filters, inputs, *kernel = self._constants[node.input[1]].dims
        pads = attributes_of(node).get("pads", [0] * 4)
        return kernel == [TAPS, TAPS] and len(set(pads)) == 1 and pays(inputs, filters)

    def _keep(self, node: onnx.NodeProto) -> None:
        """Takes a node over as it is, unless it has become part of a layer; convolutions take their activation in."""
        if node.output[0] in self._fused:
            return
        activation = self._activation(node) if node.op_type == "Conv" else None
        self._nodes.append(
            node if activation is None else _with_activation(node, activation, output=activation.output[0])
        )

    def _convolution(self, node: onnx.NodeProto) -> None:
        """Writes a layer out."""
        source, name = node.input[0], node.output[0]
        filters, inputs, *_ = self._constants[node.input[1]].dims
        padding = attributes_of(node).get("pads", [0])[0]
        kernels = [
            self._kernels(node, inputs, filters),
            *(self._bias(bias, filters) for bias in node.input[2:]),
        ]
        planes = self._transformed(source, padding)
        product = self._add(
            "Conv",
            f"{name}.products",
            [self._reshaped(planes, 1, _PLANES * inputs, -1, 0), *kernels],
            kernel_shape=[1, 1],
            group=_PLANES,
        )
        activation = self._activation(node)
        blocks = self._blocks(name, product, activation)
        by_pixel = self._add("Transpose", f"{name}.by_pixel", [blocks], perm=[0, 2, 3, 1])
        by_row = self._add("Transpose", f"{name}.by_row", [by_pixel], perm=[1, 0, 2, 3])
        shape = self._shape_of_blocks(planes, source, padding, filters)
        whole = self._add("Reshape", f"{name}.whole", [by_row, shape])
        size = self._size_of_answer(source, padding)
        answer = name if activation is None else activation.output[0]
        self._turned[answer] = self._add("Slice", f"{name}.cut", [whole, self._axes(0, 0), size, self._axes(2, 3)])
        self._turn(self._turned[answer], answer, 1, -1, 0, 0)

    def _blocks(self, name: str, product: str, activation: onnx.NodeProto | None) -> str:
        """The outputs that each block's planes come to, and their activation: [6, 6, channels · pictures · height,
        width] of blocks."""
        matrix = self._constant("winograd.outputs", self._outputs)
        rows = self._add(
            "Conv", f"{name}.rows", [self._reshaped(product, 1, _WINDOW, -1, 0), matrix], kernel_shape=[1, 1]
        )
        inputs = [self._reshaped(rows, BLOCK, _WINDOW, -1, 0), matrix]
        blocks = helper.make_node("Conv", inputs, [f"{name}.blocks"], name=f"{name}.blocks", kernel_shape=[1, 1])
        if activation is not None:
            blocks = _with_activation(blocks, activation, output=blocks.output[0])
        self._nodes.append(blocks)
        return f"{name}.blocks"

    def _transformed(self, source: str, padding: int) -> str:
        """The planes of a tensor, [64, channels, pictures · height, width], or of maps side by side those of each."""
        key = source, padding
        if key in self._planes:
            return self._planes[key]
        maker = self._makers.get(source)
        if maker is not None and maker.op_type == "Concat":
            parts = [self._transformed(part, padding) for part in maker.input]
            self._planes[key] = self._add("Concat", f"{source}.planes.{padding}", parts, axis=1)
            return self._planes[key]
        turned = self._channels_first(source)
        # As much more below and on the right as may lie beyond the last whole block.
        before, after = padding, padding + BLOCK - 1
        name = f"{source}.{padding}"
        rows = self._add(
            "Conv",
            f"{name}.rows",
            [
                self._reshaped(turned, -1, 1, 0, 0) if self._pictures else turned,
                self._constant("winograd.inputs.rows", self._inputs.reshape(_WINDOW, 1, _WINDOW, 1)),
            ],
            kernel_shape=[_WINDOW, 1],
            strides=[BLOCK, 1],
            pads=[before, 0, after, 0],
        )
        along = self._constant("winograd.inputs.columns", self._inputs.reshape(_WINDOW, 1, 1, _WINDOW))
        columns = self._add(
            "Conv",
            f"{name}.columns",
            [rows, self._add("Concat", "winograd.inputs.of_each_row", [along] * _WINDOW, axis=0)],
            kernel_shape=[1, _WINDOW],
            strides=[1, BLOCK],
            pads=[0, before, 0, after],
            group=_WINDOW,
        )
        apart = self._add("Transpose", f"{name}.planes", [columns], perm=[1, 0, 2, 3])
        self._planes[key] = self._reshaped(apart, _PLANES, self._channels[source], -1, 0) if self._pictures else apart
        return self._planes[key]

    def _turn(self, source: str, answer: str, *shape: int) -> None:
        """Channels first from pictures first, or the other way round; of one picture, which takes `shape`, both are the
        same memory."""
        if self._pictures:
            node = helper.make_node("Transpose", [source], [answer], name=answer, perm=[1, 0, 2, 3])
        else:
            node = helper.make_node("Reshape", [source, self._shape(*shape)], [answer], name=answer)
        self._nodes.append(node)

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

    def _bias(self, bias: str, filters: int) -> str:
        """The bias of the products, [64 · filters]: that of a single plane, else zeros. Those of all layers of as many
        filters are made together, since sessions take time to start for each node."""
        together = self._biases[filters]
        kind = f"winograd.bias.{filters}"
        if kind not in self._made:
            before = (BIAS_ROW * _WINDOW + BIAS_ROW) * filters
            widths = np.array([0, before, 0, (_PLANES - 1) * filters - before], np.int64)
            joined = self._add("Concat", kind, together, axis=0)
            padded = self._add(
                "Pad",
                f"{kind}.planes",
                [self._reshaped(joined, -1, filters), self._constant(f"{kind}.widths", widths)],
            )
            apart = [f"{name}.planes" for name in together]
            self._nodes.append(
                helper.make_node("Split", [self._reshaped(padded, -1)], apart, name=f"{kind}.apart", axis=0)
            )
        return f"{bias}.planes"

    def _shape_of_blocks(self, planes: str, source: str, padding: int, filters: int) -> str:
        """The shape of an answer of whole blocks, [filters, pictures, -1, width], [4]."""
        like = self._sized_like[source]
        name = f"{like}.{padding}"
        count = self._add("Shape", f"{name}.blocks", [planes], start=3, end=4)
        width = self._add("Mul", f"{name}.width", [count, self._shape(BLOCK)])
        pictures = self._shape(1)
        if self._pictures:
            pictures = self._add("Shape", f"{like}.pictures", [self._one_map(source)], start=1, end=2)
        parts = [self._shape(filters), pictures, self._shape(-1), width]
        return self._add("Concat", f"{name}.whole.{filters}", parts, axis=0)

    def _size_of_answer(self, source: str, padding: int) -> str:
        """Height and width of a layer's answer, [2], which the last blocks may reach beyond."""
        like = self._sized_like[source]
        size = self._add("Shape", f"{like}.size", [self._one_map(source)], start=2, end=4)
        if padding == TAPS // 2:
            return size
        grown = self._constant(f"winograd.grown.{padding}", np.array([2 * padding - TAPS + 1] * 2, np.int64))
        return self._add("Add", f"{like}.size.{padding}", [size, grown])

    def _one_map(self, source: str) -> str:
        """A tensor, channels first; of maps side by side, which are there only as planes, the last one."""
        maker = self._makers.get(source)
        if maker is not None and maker.op_type == "Concat":
            return self._one_map(maker.input[-1])
        return self._channels_first(source)

    def _channels_first(self, source: str) -> str:
        if source not in self._turned:
            self._turned[source] = f"{source}.turned"
            self._turn(source, self._turned[source], -1, 1, 0, 0)
        return self._turned[source]

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
        return self._add("Reshape", f"{tensor}.{_words(shape)}", [tensor, self._shape(*shape)])

    def _shape(self, *shape: int) -> str:
        return self._constant(f"winograd.{_words(shape)}", np.array(shape, np.int64))

    def _axes(self, *axes: int) -> str:
        return self._constant(f"winograd.axes.{'.'.join(map(str, axes))}", np.array(axes, np.int64))

    def _constant(self, name: str, value: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name


def _with_activation(node: onnx.NodeProto, activation: onnx.NodeProto, *, output: str) -> onnx.NodeProto:
    """A convolution and the activation after it as one node."""
    attributes = attributes_of(node) | {"activation": activation.op_type}
    if activation.op_type == "LeakyRelu":
        attributes["activation_params"] = [attributes_of(activation).get("alpha", 0.01)]
    return helper.make_node("FusedConv", list(node.input), [output], name=output, domain=CONTRIBUTED, **attributes)


def _words(shape: tuple[int, ...]) -> str:
    return "x".join("n" if side == -1 else str(side) for side in shape)


def _channel_counts(model: onnx.ModelProto) -> dict[str, int]:
    values = onnx.shape_inference.infer_shapes(model).graph.value_info
    shapes = {value.name: value.type.tensor_type.shape.dim for value in [*model.graph.input, *values]}
    return {name: shape[1].dim_value for name, shape in shapes.items() if len(shape) == 4}


def _needed(nodes: list[onnx.NodeProto], given: set[str]) -> list[onnx.NodeProto]:
    """The nodes, in their order, that something of `given` is made of."""
    wanted, kept = set(given), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]
