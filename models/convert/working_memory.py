"""How much memory one run of a network takes: known from its graph, before any tile is run."""

import math
from collections.abc import Iterator

import numpy as np
import onnx

from convert.shapes import NOMINAL_SIDE, Shapes, tensor_shapes

# What onnxruntime computes together with the convolution before it.
_FUSED_ACTIVATIONS = {"Clip", "LeakyRelu", "Relu"}

# What answers with the memory of its first input.
_OTHER_SHAPES = {"Reshape", "Squeeze", "Unsqueeze"}


def working_bytes_per_pixel(model: onnx.ModelProto, *, as_written: bool = False) -> int:
    """Bytes that one run takes for each pixel of `input`, float32 NHWC [1, height, width, 3]; weights not counted.

    The graph's tensors are laid out one after the other as onnxruntime's WebAssembly build does it: each gets the first
    gap that is large enough, and is given back after its last reader. The answer is how far the heap then reaches,
    gaps included. Nothing is overwritten in place, which onnxruntime does only where it knows the shapes beforehand.
    MLAS computes convolutions in pieces of fixed size, but ConvTranspose unfolds its whole input first.
    The heap itself grows by fifths, so it may reach a fifth further.
    as_written: onnxruntime runs the graph without changing it before, so that activations are computed apart, what is
    made of constants is made by every run, and the order of the runs is known (see ``execution_order``).
    Raises ConversionError where the graph leaves a tensor's shape open.
    """
    shapes = tensor_shapes(model, side=NOMINAL_SIDE)
    steps = list(_steps(model.graph, shapes, as_written=as_written))
    last_read = {name: number for number, (reads, _, _) in enumerate(steps) for name in reads}
    heap = _Heap()
    # The caller holds them until the run has ended.
    held = {value.name for value in model.graph.input}
    for value in model.graph.input:
        heap.take(value.name, _bytes(shapes[value.name]))
    for number, (reads, written, scratch) in enumerate(steps):
        if scratch:
            heap.take("scratch", scratch)
        for name in written:
            heap.take(name, _bytes(shapes[name]))
        if scratch:
            heap.give_back("scratch")
        for name in reads - held:
            if last_read[name] == number:
                heap.give_back(name)
    return math.ceil(heap.reach / NOMINAL_SIDE**2)


def execution_order(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes as onnxruntime runs a graph that it does not change: from the last one back to what it needs, of that
    the last in the graph first (``GraphViewer`` and ``Graph::ReverseDFSFrom`` in onnxruntime/core/graph)."""
    numbers = {output: number for number, node in enumerate(graph.node) for output in node.output if output}
    needed = [{numbers[name] for name in node.input if name in numbers} for node in graph.node]
    read = set().union(*needed)
    waiting = [(number, False) for number in range(len(graph.node)) if number not in read]
    order: list[onnx.NodeProto] = []
    seen: set[int] = set()
    while waiting:
        number, is_ready = waiting.pop()
        if is_ready:
            order.append(graph.node[number])
        elif number not in seen:
            seen.add(number)
            waiting += [(number, True), *((one, False) for one in sorted(needed[number]))]
    return order


def _steps(graph: onnx.GraphProto, shapes: Shapes, *, as_written: bool) -> Iterator[tuple[set[str], list[str], int]]:
    """What each run computes: per step the computed tensors it reads, those it writes, and bytes it takes beside."""
    constant = {initializer.name for initializer in graph.initializer}
    readers = [name for node in graph.node for name in node.input]
    memory_of: dict[str, str] = {}
    nodes = execution_order(graph) if as_written else list(graph.node)
    while nodes:
        node = nodes.pop(0)
        if constant.issuperset(node.input) and not as_written:
            # Computed once, when the session starts.
            constant.update(node.output)
            continue
        reads = {memory_of.get(name, name) for name in node.input if name and name not in constant}
        written = list(node.output)
        if node.op_type in _OTHER_SHAPES and node.input[0] not in constant:
            memory_of[written[0]] = memory_of.get(node.input[0], node.input[0])
            continue
        is_fused = node.op_type == "Conv" and not as_written and readers.count(written[0]) == 1
        if is_fused and nodes and nodes[0].op_type in _FUSED_ACTIVATIONS:
            written = list(nodes.pop(0).output)
        yield reads, written, _scratch_bytes(node, graph, shapes)


def _scratch_bytes(node: onnx.NodeProto, graph: onnx.GraphProto, shapes: Shapes) -> int:
    if node.op_type != "ConvTranspose":
        return 0
    _, filters, *kernel = shapes[node.input[1]]
    return math.prod((filters, *kernel, *shapes[node.input[0]][2:])) * 4


class _Heap:
    """Where named blocks would lie: each in the first gap that holds it. `reach`: the furthest end so far."""

    def __init__(self) -> None:
        self.reach = 0
        self._blocks: dict[str, tuple[int, int]] = {}

    def take(self, name: str, size: int) -> None:
        start = 0
        for begin, end in sorted(self._blocks.values()):
            if begin - start >= size:
                break
            start = end
        self._blocks[name] = (start, start + size)
        self.reach = max(self.reach, start + size)

    def give_back(self, name: str) -> None:
        del self._blocks[name]


def _bytes(shape: tuple[int, ...]) -> int:
    return math.prod(shape) * np.dtype(np.float32).itemsize
