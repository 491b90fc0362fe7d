"""The shape of every tensor of a network for an input of a given size, told from its graph without running it."""

from collections.abc import Iterable

import onnx
from onnx import helper

from convert.errors import ConversionError

NOMINAL_SIDE = 960
"""Pixels a side of the input for which costs are counted: a multiple of every small number, and so large that the
borders that a network trims hardly count."""

Shapes = dict[str, tuple[int, ...]]


def tensor_shapes(model: onnx.ModelProto, *, side: int) -> Shapes:
    """Shapes of all tensors, constants too, by name, for an `input` float32 NHWC [1, side, side, 3]; what other inputs
    there are have the shapes that the file states.

    Raises ConversionError where the graph leaves a tensor's shape open.
    """
    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    (picture,) = (value for value in sized.graph.input if value.name == "input")
    picture.CopyFrom(helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, side, side, 3]))
    # What the file says of its outputs are names, which inference would keep.
    for answer in sized.graph.output:
        answer.type.tensor_type.ClearField("shape")
    graph = onnx.shape_inference.infer_shapes(sized, strict_mode=True, data_prop=True).graph
    shapes: Shapes = {initializer.name: tuple(initializer.dims) for initializer in graph.initializer}
    for value in _values(graph):
        dimensions = value.type.tensor_type.shape.dim
        if not all(dimension.HasField("dim_value") for dimension in dimensions):
            raise ConversionError(f"the shape of {value.name} cannot be told from the graph")
        shapes[value.name] = tuple(dimension.dim_value for dimension in dimensions)
    return shapes


def _values(graph: onnx.GraphProto) -> Iterable[onnx.ValueInfoProto]:
    return [*graph.input, *graph.value_info, *graph.output]
