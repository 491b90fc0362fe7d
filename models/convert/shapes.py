"""The shape of every tensor of a network for an input of a given size, told from its graph without running it."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TypeProto, helper, numpy_helper
from onnx.defs import OpSchema

from convert.errors import ConversionError

NOMINAL_SIDE = 960
"""Pixels a side of the input for which costs are counted: a multiple of every small number, and so large that the
borders that a network trims hardly count."""

Shapes = dict[str, tuple[int, ...]]

# onnxruntime's own operators answer in the shape of the standard one.
_STANDARD = {"FusedConv": ("Conv", ("activation", "activation_params"))}

# What small integers, sizes for the most part, are computed with.
_OF_INTEGERS: dict[str, Callable[[list[npt.NDArray[Any]]], Any]] = {
    "Add": sum,
    "Concat": np.concatenate,
    "Mul": math.prod,
}


def tensor_shapes(model: onnx.ModelProto, *, side: int, width: int | None = None) -> Shapes:
    """Shapes of all tensors, constants too, by name, for an `input` float32 NHWC [1, side, width, 3], square where no
    width is told; what other inputs there are have the shapes that the file states.

    Sizes that the graph computes of its tensors' shapes are known too.
    Raises ConversionError where the graph leaves a tensor's shape open.
    """
    types: dict[str, TypeProto] = {}
    values = {initializer.name: initializer for initializer in model.graph.initializer}
    for given in model.graph.input:
        types[given.name] = given.type
    types["input"] = helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, [1, side, width or side, 3])
    for name, value in values.items():
        types[name] = helper.make_tensor_type_proto(value.data_type, list(value.dims))
    for node in model.graph.node:
        types |= _output_types(node, types, values, model)
        values |= _output_values(node, types, values)
    return {name: _dimensions(name, found) for name, found in types.items()}


def _output_types(
    node: onnx.NodeProto, types: dict[str, TypeProto], values: dict[str, onnx.TensorProto], model: onnx.ModelProto
) -> dict[str, TypeProto]:
    standard = _standard(node)
    named = [name for name in node.input if name]
    try:
        found: dict[str, TypeProto] = onnx.shape_inference.infer_node_outputs(
            _schema(standard, model),
            standard,
            {name: types[name] for name in named},
            {name: values[name] for name in named if name in values},
            opset_imports=list(model.opset_import),
            ir_version=model.ir_version,
        )
    except onnx.shape_inference.InferenceError as error:
        raise ConversionError(f"the shape of {node.output[0]} cannot be told from the graph: {error}") from error
    return found


def _standard(node: onnx.NodeProto) -> onnx.NodeProto:
    if node.op_type not in _STANDARD:
        return node
    standard = onnx.NodeProto()
    standard.CopyFrom(node)
    standard.op_type, additional = _STANDARD[node.op_type]
    standard.domain = ""
    del standard.attribute[:]
    standard.attribute.extend(attribute for attribute in node.attribute if attribute.name not in additional)
    return standard


def _schema(node: onnx.NodeProto, model: onnx.ModelProto) -> OpSchema:
    version = next(opset.version for opset in model.opset_import if not opset.domain)
    return onnx.defs.get_schema(node.op_type, version, node.domain)


def _output_values(
    node: onnx.NodeProto, types: dict[str, TypeProto], values: dict[str, onnx.TensorProto]
) -> dict[str, onnx.TensorProto]:
    """What a node makes, where that is the shape of a tensor or made of such."""
    (*_, output) = node.output
    if node.op_type == "Shape":
        attributes = {attribute.name: attribute.i for attribute in node.attribute}
        dimensions = _dimensions(node.input[0], types[node.input[0]])
        sides = dimensions[attributes.get("start", 0) : attributes.get("end", len(dimensions))]
        return {output: numpy_helper.from_array(np.array(sides, np.int64), output)}
    if types[output].tensor_type.elem_type != onnx.TensorProto.INT64 or node.op_type not in _OF_INTEGERS:
        return {}
    if not all(name in values for name in node.input):
        return {}
    parts = [numpy_helper.to_array(values[name]) for name in node.input]
    made = _OF_INTEGERS[node.op_type](parts)
    return {output: numpy_helper.from_array(np.asarray(made), output)}


def _dimensions(name: str, found: TypeProto) -> tuple[int, ...]:
    def known() -> Iterator[int]:
        for dimension in found.tensor_type.shape.dim:
            if not dimension.HasField("dim_value"):
                raise ConversionError(f"the shape of {name} cannot be told from the graph")
            yield dimension.dim_value

    if not found.tensor_type.HasField("shape"):
        raise ConversionError(f"the shape of {name} cannot be told from the graph")
    return tuple(known())
