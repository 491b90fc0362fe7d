"""Convolutions of few output channels, written as transposed ones, compute what they did."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from convert_fixtures import run_onnx
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from convert.narrow_layers import transpose_narrow_convolutions

Floats = npt.NDArray[np.float32]

TOLERANCE = 1e-5


def network(weights: dict[str, Floats], **attributes: Any) -> onnx.ModelProto:
    filters, inputs, *kernel = weights["kernel"].shape
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", *weights], ["output"], name="layer", kernel_shape=kernel, **attributes)],
        "layer",
        [value("input", TensorProto.FLOAT, ["pictures", inputs * attributes.get("group", 1), "height", "width"])],
        [value("output", TensorProto.FLOAT, ["pictures", filters, "output_height", "output_width"])],
        [numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def numbers(*shape: int, seed: int = 1) -> Floats:
    values: Floats = np.random.default_rng(seed).normal(0, 0.1, shape).astype(np.float32)
    return values


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_narrow_layer_computes_what_it_did(data: st.DataObject) -> None:
    inputs, filters = data.draw(st.tuples(st.integers(24, 70), st.integers(1, 6)))
    kernel = data.draw(st.tuples(st.integers(2, 5), st.integers(2, 5)))
    pads = data.draw(st.lists(st.integers(0, min(kernel) - 1), min_size=4, max_size=4))
    height, width = data.draw(st.tuples(st.integers(5, 25), st.integers(5, 25)))
    weights = {"kernel": numbers(filters, inputs, *kernel)}
    if data.draw(st.booleans()):
        weights["bias"] = numbers(filters, seed=2)
    model = network(weights, pads=pads)
    other = onnx.ModelProto()
    other.CopyFrom(model)
    assert transpose_narrow_convolutions(other) == 1
    onnx.checker.check_model(other, full_check=True)
    assert [node.op_type for node in other.graph.node] == ["Transpose", "Slice", "ConvTranspose"]
    kept = {constant.name: constant for constant in other.graph.initializer}
    assert kept["kernel"] == model.graph.initializer[0], "by which a file that holds it already is found"
    picture = numbers(data.draw(st.integers(1, 3)), inputs, height, width, seed=3)
    made, expected = run_onnx(other, picture, optimised=False), run_onnx(model, picture)
    np.testing.assert_allclose(made, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("inputs", "filters", "side", "attributes"),
    [
        (23, 3, 3, {}),
        (64, 7, 3, {}),
        (64, 3, 1, {}),
        (64, 3, 3, {"strides": [2, 2]}),
        (64, 3, 3, {"dilations": [2, 2]}),
        (64, 6, 3, {"group": 2}),
        (64, 3, 3, {"pads": [3, 0, 0, 0]}),
    ],
)
def test_other_layers_are_left_alone(inputs: int, filters: int, side: int, attributes: dict[str, Any]) -> None:
    model = network({"kernel": numbers(filters, inputs, side, side)}, **attributes)
    other = onnx.ModelProto()
    other.CopyFrom(model)
    assert transpose_narrow_convolutions(other) == 0 and other == model
