"""3 × 3 layers written out as Winograd's compute what they did, for every size, in any surroundings."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from convert_fixtures import run_onnx
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from convert.layer_costs import winograd_pays
from convert.winograd import rewrite_convolutions
from convert.working_memory import execution_order

Floats = npt.NDArray[np.float32]
Layers = list[onnx.NodeProto]

TOLERANCE = 1e-4
"""Answers of these layers are a few units at most; 24 bits of mantissa and sums of some hundred values leave this."""


def network(layers: Layers, weights: dict[str, Floats], *, channels: int, last: int) -> onnx.ModelProto:
    """From `input` [·, channels, ·, ·] to `output` [·, last, ·, ·]."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        layers,
        "layers",
        [value("input", TensorProto.FLOAT, ["pictures", channels, "height", "width"])],
        [value("output", TensorProto.FLOAT, ["pictures", last, "output_height", "output_width"])],
        [numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def conv(source: str, weight: str, *more: str, to: str, padding: int = 1, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(
        "Conv", [source, weight, *more], [to], name=to, kernel_shape=[3, 3], pads=[padding] * 4, **attributes
    )


def kernel(filters: int, inputs: int, *, seed: int = 1) -> Floats:
    spread = np.sqrt(1 / (9 * inputs))
    values: Floats = np.random.default_rng(seed).normal(0, spread, (filters, inputs, 3, 3)).astype(np.float32)
    return values


def numbers(*shape: int, seed: int = 2) -> Floats:
    values: Floats = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    return values


def always(inputs: int, filters: int) -> bool:
    return True


def rewritten(model: onnx.ModelProto, *, count: int, **options: Any) -> onnx.ModelProto:
    other = onnx.ModelProto()
    other.CopyFrom(model)
    assert rewrite_convolutions(other, **{"pays": always, **options}) == count
    onnx.checker.check_model(other, full_check=True)
    return other


def kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def check_same(model: onnx.ModelProto, other: onnx.ModelProto, picture: Floats) -> None:
    for optimised in (True, False):
        made = run_onnx(other, picture, optimised=optimised)
        np.testing.assert_allclose(made, run_onnx(model, picture), rtol=0, atol=TOLERANCE)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_layer_computes_what_it_did(data: st.DataObject) -> None:
    inputs, filters = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    padding = data.draw(st.integers(0, 3))
    least = max(1, 3 - 2 * padding)
    height, width = data.draw(st.tuples(st.integers(least, 30), st.integers(least, 30)))
    activation = data.draw(st.sampled_from([None, ("Relu", {}), ("LeakyRelu", {"alpha": 0.2}), ("LeakyRelu", {})]))
    pictures = data.draw(st.sampled_from([0, 1, 3]))
    weights = {"kernel": kernel(filters, inputs)}
    if data.draw(st.booleans()):
        weights["bias"] = numbers(filters)
    layers = [conv("input", *weights, to="linear" if activation else "output", padding=padding)]
    if activation:
        layers.append(helper.make_node(activation[0], ["linear"], ["output"], name="bent", **activation[1]))
    model = network(layers, weights, channels=inputs, last=filters)
    other = rewritten(model, count=1, pictures=pictures > 0)
    assert activation is None or not {activation[0]} & kinds(other).keys(), "the activation is part of the layer"
    check_same(model, other, numbers(max(1, pictures), inputs, height, width))


@pytest.mark.parametrize("pictures", [False, True])
def test_what_stands_around_the_layers_is_kept(pictures: bool) -> None:
    """PReLU, a residual, a layer of another kind and a tensor that the activation does not have alone."""
    weights = {
        "first": kernel(12, 3),
        "slope": np.linspace(-0.5, 1.5, 12, dtype=np.float32).reshape(12, 1, 1),
        "second": kernel(12, 12, seed=3),
        "second_bias": numbers(12),
        "third": kernel(12, 12, seed=4),
        "strided": kernel(8, 12, seed=5),
    }
    layers = [
        conv("input", "first", to="a"),
        helper.make_node("PRelu", ["a", "slope"], ["b"], name="b"),
        conv("b", "second", "second_bias", to="c"),
        helper.make_node("Relu", ["c"], ["d"], name="d"),
        helper.make_node("Add", ["d", "c"], ["e"], name="e"),
        conv("e", "third", to="f"),
        helper.make_node("Add", ["f", "b"], ["g"], name="g"),
        conv("g", "strided", to="h", strides=[2, 2]),
        helper.make_node("LeakyRelu", ["h"], ["output"], name="output", alpha=0.1),
    ]
    model = network(layers, weights, channels=3, last=8)
    other = rewritten(model, count=2, pays=lambda inputs, _: inputs > 3, pictures=pictures)
    found = kinds(other)
    assert (found["PRelu"], found["Add"], found["Relu"], found["FusedConv"]) == (1, 2, 1, 1)
    check_same(model, other, numbers(2 if pictures else 1, 3, 19, 26))


@pytest.mark.parametrize("pictures", [False, True])
def test_nothing_is_made_early_or_kept_long(pictures: bool) -> None:
    """In the order in which onnxruntime runs the graph."""
    weights = {f"kernel{number}": kernel(8, 8, seed=number) for number in range(3)}
    layers = [
        conv("input", "kernel0", to="a"),
        conv("a", "kernel1", to="b", padding=0),
        conv("b", "kernel2", to="output"),
    ]
    model = network(layers, weights, channels=8, last=8)
    other = rewritten(model, count=3, pictures=pictures)
    order = execution_order(other.graph)
    place = {node.output[0]: number for number, node in enumerate(order)}
    last_read = {name: number for number, node in enumerate(order) for name in node.input}
    for number, (name, source, planes) in enumerate(
        [("a", "input.turned", "input.1"), ("b", "a.cut", "a.0"), ("output", "b.cut", "b.1")]
    ):
        product = place[f"{name}.products"]
        assert last_read[source] < product, "a map is not kept for its size"
        assert place[f"{planes}.planes"] < place[f"kernel{number}.planes"] < product, "a kernel is not made before"


def test_what_layers_of_one_size_need_to_know_is_computed_once() -> None:
    weights = {f"kernel{number}": kernel(8, 8, seed=number) for number in range(5)}
    biases = {f"bias{number}": numbers(8, seed=number) for number in range(5)}
    layers = [
        conv(f"map{number}" if number else "input", f"kernel{number}", f"bias{number}", to=f"map{number + 1}")
        for number in range(5)
    ]
    layers.append(helper.make_node("Add", ["map5", "input"], ["output"], name="output"))
    model = network(layers, weights | biases, channels=8, last=8)
    for pictures, shapes in ((False, 2), (True, 3)):
        other = rewritten(model, count=5, pictures=pictures)
        found = kinds(other)
        assert (found["Shape"], found["Pad"], found["Gemm"], found["Conv"]) == (shapes, 1, 5, 25)
        check_same(model, other, numbers(2 if pictures else 1, 8, 17, 22))


@pytest.mark.parametrize("pictures", [False, True])
def test_maps_side_by_side_are_transformed_once(pictures: bool) -> None:
    """A dense block: every layer reads all maps before it."""
    weights = {f"kernel{number}": kernel(8, 16 + 8 * number, seed=number) for number in range(3)}
    layers = [
        conv("input", "kernel0", to="a"),
        helper.make_node("Concat", ["input", "a"], ["input_a"], name="input_a", axis=1),
        conv("input_a", "kernel1", to="b"),
        helper.make_node("Concat", ["input", "a", "b"], ["input_a_b"], name="input_a_b", axis=1),
        conv("input_a_b", "kernel2", to="output"),
    ]
    model = network(layers, weights, channels=16, last=8)
    other = rewritten(model, count=3, pictures=pictures)
    strided = [node for node in other.graph.node if any(a.name == "strides" for a in node.attribute)]
    assert len(strided) == 2 * 3, "input, a and b, along the rows and along the columns"
    assert not {"input_a", "input_a_b"} & {name for node in other.graph.node for name in node.output}
    check_same(model, other, numbers(3 if pictures else 1, 16, 20, 13))


def test_layers_that_follow_each_other_are_not_turned_between() -> None:
    weights = {"first": kernel(8, 8), "second": kernel(8, 8, seed=3)}
    layers = [conv("input", "first", to="a"), conv("a", "second", to="output")]
    model = network(layers, weights, channels=8, last=8)
    other = rewritten(model, count=2, pictures=True)
    made = {name for node in other.graph.node for name in node.output}
    assert {"input.turned", "output"} <= made and "a" not in made, "nobody reads it pictures first"
    check_same(model, other, numbers(2, 8, 15, 15))


@pytest.mark.parametrize(
    "attributes",
    [{"strides": [2, 2]}, {"dilations": [2, 2]}, {"group": 2}, {"pads": [0, 1, 1, 1]}, {"kernel_shape": [3, 1]}],
)
def test_other_convolutions_are_left_alone(attributes: dict[str, Any]) -> None:
    groups = attributes.get("group", 1)
    height, width = attributes.get("kernel_shape", [3, 3])
    weights = {"kernel": np.ascontiguousarray(kernel(8, 8 // groups)[:, :, :height, :width])}
    node = conv("input", "kernel", to="output")
    kept = [attribute for attribute in node.attribute if attribute.name not in attributes]
    del node.attribute[:]
    node.attribute.extend([*kept, *(helper.make_attribute(name, value) for name, value in attributes.items())])
    model = network([node], weights, channels=8, last=8)
    assert rewritten(model, count=0) == model


def test_a_computed_kernel_is_left_alone() -> None:
    weights = {"kernel": kernel(4, 4)}
    layers = [helper.make_node("Relu", ["kernel"], ["bent"], name="bent"), conv("input", "bent", to="output")]
    model = network(layers, weights, channels=4, last=4)
    assert rewritten(model, count=0) == model


def test_no_constant_is_left_that_nobody_reads() -> None:
    model = network([conv("input", "kernel", to="output")], {"kernel": kernel(8, 8)}, channels=8, last=8)
    other = rewritten(model, count=1)
    read = {name for node in other.graph.node for name in node.input}
    assert {constant.name for constant in other.graph.initializer} <= read
    (same,) = (constant for constant in other.graph.initializer if constant.name == "kernel")
    assert same.raw_data == model.graph.initializer[0].raw_data


def test_wide_layers_pay_and_narrow_ones_do_not() -> None:
    assert winograd_pays(64, 64) and winograd_pays(32, 32) and winograd_pays(160, 32)
    assert not winograd_pays(3, 64) and not winograd_pays(64, 3)
    for filters in range(1, 130):
        paid = [winograd_pays(inputs, filters) for inputs in range(1, 130)]
        assert paid == sorted(paid), "what pays goes on paying when it gets wider"
