"""How much one run of a network computes: counted from its graph, before any tile is run."""

import math

import onnx

from convert.shapes import NOMINAL_SIDE, Shapes, tensor_shapes


def multiply_adds_per_pixel(model: onnx.ModelProto) -> int:
    """Multiply-adds that one run takes for each pixel of its input, float32 NHWC [1, height, width, 3], rounded up.

    For a network that trims its borders, a small tile takes a little less.
    Raises ConversionError where the graph leaves a tensor's shape open.
    """
    return math.ceil(multiply_adds(model, side=NOMINAL_SIDE) / NOMINAL_SIDE**2)


def multiply_adds(model: onnx.ModelProto, *, side: int) -> int:
    """Multiply-adds of one run on an input of side × side pixels.

    Counted are convolutions and matrix products; what goes once over the pixels is small beside them.
    Raises ConversionError as `multiply_adds_per_pixel` does.
    """
    shapes = tensor_shapes(model, side=side)
    return sum(_of_node(node, shapes) for node in model.graph.node)


def _of_node(node: onnx.NodeProto, shapes: Shapes) -> int:
    if node.op_type == "Conv":
        _, *kernel = shapes[node.input[1]]
        return math.prod(shapes[node.output[0]]) * math.prod(kernel)
    if node.op_type == "ConvTranspose":
        # Every sample of the input goes through all kernels of its group.
        _, *kernel = shapes[node.input[1]]
        return math.prod(shapes[node.input[0]]) * math.prod(kernel)
    if node.op_type == "Gemm":
        turned = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
        return math.prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if turned else 1]
    return 0
