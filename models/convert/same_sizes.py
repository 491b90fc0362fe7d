"""Which maps of a network are as large as which others, told from its graph without knowing any size."""

import onnx

from convert.nodes import attributes_of, is_plain_convolution

_OF_EACH_PIXEL = {"Add", "Clip", "Div", "LeakyRelu", "Mul", "Neg", "PRelu", "Relu", "Sigmoid", "Sub"}


def sizes_in_common(graph: onnx.GraphProto) -> dict[str, str]:
    """For every tensor the first one of the graph that is known to have as many pictures, as many rows and as many
    columns, often itself; of tensors [pictures, channels, rows, columns]."""
    shapes = {initializer.name: list(initializer.dims) for initializer in graph.initializer}
    like = {value.name: value.name for value in graph.input}
    for node in graph.node:
        like |= {output: output for output in node.output}
        sizes = [like.get(name, name) for name in node.input if name and name not in shapes]
        if _keeps_size(node, sizes, shapes):
            like[node.output[0]] = sizes[0]
    return like


def _keeps_size(node: onnx.NodeProto, sizes: list[str], constants: dict[str, list[int]]) -> bool:
    """Whether the answer of a node is as large as the first of its computed inputs, whose sizes are told.

    constants: the shapes of those that it may have.
    """
    if node.op_type == "Conv":
        return is_plain_convolution(node, constants) and _is_padded_to_its_size(node, constants[node.input[1]][2:])
    if node.op_type == "Concat":
        return bool(attributes_of(node)["axis"] == 1)
    # A sum with a constant is as large as the other summand; of two sizes either may be the larger one.
    return node.op_type in _OF_EACH_PIXEL and len(set(sizes)) == 1


def _is_padded_to_its_size(node: onnx.NodeProto, kernel: list[int]) -> bool:
    above, left, below, right = attributes_of(node).get("pads", [0] * 4)
    return [above + below, left + right] == [side - 1 for side in kernel]
