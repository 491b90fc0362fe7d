"""Each pass over a graph, alone, on a graph small enough to be seen through."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from convert_fixtures import run_onnx
from onnx import TensorProto, helper, numpy_helper

from convert.errors import ConversionError
from convert.graph import (
    drop_unused_constants,
    fold_nhwc,
    let_white_be_one,
    rewrite_cubic_shrink,
    rewrite_prelu,
    round_to_float16,
    store_float16,
)


def network(
    nodes: list[onnx.NodeProto], constants: dict[str, npt.NDArray[Any]], *, channels: int = 3
) -> onnx.ModelProto:
    return helper.make_model(
        helper.make_graph(
            nodes,
            "tiny",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, channels, "height", "width"])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, "channels", "rows", "columns"])],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def copy_of(model: onnx.ModelProto) -> onnx.ModelProto:
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    return copied


def operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def shrinking(ratio: float, *, block: int = 4, **attributes: Any) -> onnx.ModelProto:
    """Channels laid out as block×block pixels, then a cubic Resize by ratio; 3·block² channels in."""
    options = {"mode": "cubic", "coordinate_transformation_mode": "half_pixel", **attributes}
    return network(
        [
            helper.make_node("DepthToSpace", ["input"], ["large"], blocksize=block, mode="CRD"),
            helper.make_node("Add", ["large", "shift"], ["shifted"]),
            helper.make_node("Resize", ["shifted", "", "scales"], ["output"], name="shrink", **options),
        ],
        {"shift": np.array(0.25, np.float32), "scales": np.array([1, 1, ratio, ratio], np.float32)},
        channels=3 * block * block,
    )


def test_nhwc_turns_the_axes_and_clips() -> None:
    # The network is x → 1.5·x − 0.1, whose values leave 0..1 at both ends.
    model = network(
        [
            helper.make_node("Mul", ["input", "gain"], ["brighter"]),
            helper.make_node("Add", ["brighter", "shift"], ["output"]),
        ],
        {"gain": np.array(1.5, np.float32), "shift": np.array([-0.1, 0, 0.1], np.float32).reshape(3, 1, 1)},
    )
    fold_nhwc(model)
    onnx.checker.check_model(model, full_check=True)
    picture = np.random.default_rng(0).random((1, 16, 24, 3), np.float32)
    expected = np.clip(picture * np.float64(1.5) + [-0.1, 0, 0.1], 0, 1)
    assert (expected == 0).any() and (expected == 1).any()
    np.testing.assert_allclose(run_onnx(model, picture), expected, rtol=0, atol=1e-6)


def test_nhwc_of_nothing_gives_every_16_bit_level_back() -> None:
    model = network([helper.make_node("Identity", ["input"], ["output"])], {})
    fold_nhwc(model)
    levels = np.arange(65536, dtype=np.float32) / np.float32(65535)
    picture = np.stack((levels, levels[::-1], np.roll(levels, 1000)), axis=1).reshape(1, 256, 256, 3)
    np.testing.assert_array_equal(run_onnx(model, picture), picture)


def test_prelu_is_written_without_prelu() -> None:
    slopes = np.array([-1.4, 0.0, 0.3, 1.0, 1.7], np.float32).reshape(5, 1, 1)
    model = network(
        [helper.make_node("PRelu", ["input", "slope"], ["output"], name="bend")], {"slope": slopes}, channels=5
    )
    rewritten = copy_of(model)
    rewrite_prelu(rewritten)
    onnx.checker.check_model(rewritten, full_check=True)
    assert operators(rewritten) == ["Mul", "Relu", "Mul", "Add"]
    x = np.random.default_rng(0).normal(0, 3, (1, 5, 9, 8)).astype(np.float32)
    np.testing.assert_allclose(run_onnx(rewritten, x), run_onnx(model, x), rtol=0, atol=2e-6)


def test_prelu_with_a_computed_slope_is_refused() -> None:
    model = network(
        [
            helper.make_node("Neg", ["slope"], ["computed"]),
            helper.make_node("PRelu", ["input", "computed"], ["output"], name="bend"),
        ],
        {"slope": np.array(0.1, np.float32)},
    )
    with pytest.raises(ConversionError, match="computed"):
        rewrite_prelu(model)


@pytest.mark.parametrize(("ratio", "block"), [(1 / 2, 4), (3 / 4, 4), (1 / 4, 4), (2 / 3, 3), (1 / 2, 2)])
@pytest.mark.parametrize("sharpness", [-0.75, -0.5])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 7)])
def test_cubic_shrink_is_the_resize_it_replaces(
    ratio: float, block: int, sharpness: float, height: int, width: int
) -> None:
    model = shrinking(ratio, block=block, cubic_coeff_a=sharpness)
    rewritten = copy_of(model)
    rewrite_cubic_shrink(rewritten)
    onnx.checker.check_model(rewritten, full_check=True)
    assert "Resize" not in operators(rewritten)
    x = np.random.default_rng(0).random((1, 3 * block * block, height, width), np.float32)
    expected = run_onnx(model, x)
    assert expected.shape[2:] == (round(height * block * ratio), round(width * block * ratio))
    np.testing.assert_allclose(run_onnx(rewritten, x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (shrinking(2 / 3), "multiples of 4"),
        (shrinking(2.0), "2.0"),
        (shrinking(0.1234), "0.1234"),
        (shrinking(0.5, coordinate_transformation_mode="align_corners"), "align_corners"),
    ],
)
def test_cubic_resize_that_is_no_such_shrink_is_refused(model: onnx.ModelProto, named: str) -> None:
    with pytest.raises(ConversionError, match=named):
        rewrite_cubic_shrink(model)


def test_other_resizes_are_left_alone() -> None:
    model = shrinking(0.5, mode="linear")
    before = model.SerializeToString()
    rewrite_cubic_shrink(model)
    assert model.SerializeToString() == before


def proportional() -> onnx.ModelProto:
    """Two branches of convolutions, one with and one without a bias, enlarged and added; their biases are seen."""
    rng = np.random.default_rng(2)
    return network(
        [
            helper.make_node("Conv", ["input", "first", "bias"], ["a"], pads=[1, 1, 1, 1], name="one"),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("Conv", ["b", "second"], ["c"], name="two"),
            helper.make_node("Concat", ["b", "c"], ["d"], axis=1),
            helper.make_node("Conv", ["d", "third", "bias"], ["e"], name="three"),
            helper.make_node("Add", ["b", "e"], ["f"], name="sum"),
            helper.make_node("Resize", ["f", "", "scales"], ["output"], mode="nearest"),
        ],
        {
            "first": rng.normal(0, 1, (5, 3, 3, 3)).astype(np.float32),
            "bias": rng.normal(0, 40, 5).astype(np.float32),
            "second": rng.normal(0, 1, (2, 5, 1, 1)).astype(np.float32),
            "third": rng.normal(0, 1, (5, 7, 1, 1)).astype(np.float32),
            "scales": np.array([1, 1, 2, 2], np.float32),
        },
    )


def test_white_becomes_one() -> None:
    changed = copy_of(proportional())
    let_white_be_one(changed, white=255)
    onnx.checker.check_model(changed, full_check=True)
    assert operators(changed) == operators(proportional())
    x = np.random.default_rng(0).random((1, 3, 6, 7), np.float32)
    expected = run_onnx(proportional(), x * 255) / 255
    np.testing.assert_allclose(run_onnx(changed, x), expected, rtol=0, atol=1e-5)
    assert np.abs(run_onnx(proportional(), x) - expected).max() > 1, "the biases are seen"


@pytest.mark.parametrize(
    ("node", "named"),
    [
        (helper.make_node("Sigmoid", ["input"], ["output"], name="odd"), "odd of type Sigmoid"),
        (helper.make_node("Add", ["input", "constant"], ["output"], name="odd"), "odd of type Add"),
    ],
)
def test_a_network_that_does_not_answer_in_proportion_is_refused(node: onnx.NodeProto, named: str) -> None:
    model = network([node], {"constant": np.array(0.5, np.float32)})
    with pytest.raises(ConversionError, match=named):
        let_white_be_one(model, white=255)


def test_rounding_spares_small_kernels_and_what_float16_holds() -> None:
    rng = np.random.default_rng(0)
    large = rng.normal(0, 1, (64, 64, 1, 1)).astype(np.float32)
    exact = large.astype(np.float16).astype(np.float32)
    small = rng.normal(0, 1, (63, 65, 1, 1)).astype(np.float32)
    model = network([], {"large": large, "exact": exact, "small": small, "sizes": np.arange(5000)})
    round_to_float16(model)
    kept = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    np.testing.assert_array_equal(kept["large"], exact)
    np.testing.assert_array_equal(kept["exact"], exact)
    np.testing.assert_array_equal(kept["small"], small)
    np.testing.assert_array_equal(kept["sizes"], np.arange(5000))


def test_float16_stores_only_what_it_holds_exactly() -> None:
    rng = np.random.default_rng(0)
    exact = rng.normal(0, 1, (8, 8, 3, 3)).astype(np.float16).astype(np.float32)
    inexact = rng.normal(0, 1, (8, 8, 3, 3)).astype(np.float32)
    too_large = np.full((8, 8, 3, 3), 70000, np.float32)
    too_small = np.full((8, 8, 1, 1), 0.5, np.float32)
    constants = {"exact": exact, "inexact": inexact, "too_large": too_large, "too_small": too_small}
    chain = ["input", "a", "b", "c", "output"]
    nodes = [
        helper.make_node("Conv", [chain[number], name], [chain[number + 1]], kernel_shape=list(value.shape[2:]))
        for number, (name, value) in enumerate(constants.items())
    ]
    model = network(nodes, constants, channels=8)
    stored = copy_of(model)
    store_float16(stored)
    onnx.checker.check_model(stored, full_check=True)
    types = {constant.name: constant.data_type for constant in stored.graph.initializer}
    assert types == {
        "exact.float16": TensorProto.FLOAT16,
        "inexact": TensorProto.FLOAT,
        "too_large": TensorProto.FLOAT,
        "too_small": TensorProto.FLOAT,
    }
    x = rng.random((1, 8, 9, 9), np.float32)
    np.testing.assert_array_equal(run_onnx(stored, x), run_onnx(model, x))
    np.testing.assert_array_equal(run_onnx(stored, x, optimised=False), run_onnx(model, x, optimised=False))


def test_unused_constants_go_and_used_ones_stay() -> None:
    model = network(
        [helper.make_node("Mul", ["input", "gain"], ["output"])],
        {"gain": np.array(2, np.float32), "left": np.array(3, np.float32)},
    )
    drop_unused_constants(model)
    assert [constant.name for constant in model.graph.initializer] == ["gain"]
