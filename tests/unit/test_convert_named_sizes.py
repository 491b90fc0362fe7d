"""Sizes that are named alike are alike, whatever the picture's size."""

from collections import defaultdict

import numpy as np
import onnx
import pytest
from convert_fixtures import run_onnx
from onnx import TensorProto, helper, numpy_helper

from convert.named_sizes import name_common_sizes
from convert.shapes import tensor_shapes
from convert.winograd import rewrite_convolutions
from models_folder import FOLDER


def deep_network(*, padding: int, layers: int = 34) -> onnx.ModelProto:
    """So many layers, written out, that trim the picture where there is no padding, and take and give NHWC."""
    rng = np.random.default_rng(1)
    nodes = [helper.make_node("Transpose", ["input"], ["map0"], perm=[0, 3, 1, 2])]
    weights = []
    for number in range(layers):
        values = rng.normal(0, 0.19, (3, 3, 3, 3)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"kernel{number}"))
        nodes.append(
            helper.make_node(
                "Conv", [f"map{number}", f"kernel{number}"], [f"map{number + 1}"], name=f"{number}", pads=[padding] * 4
            )
        )
    nodes.append(helper.make_node("Transpose", [f"map{layers}"], ["output"], perm=[0, 2, 3, 1]))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "deep",
        [value("input", TensorProto.FLOAT, [1, "height", "width", 3])],
        [value("output", TensorProto.FLOAT, [1, "output_height", "output_width", 3])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert rewrite_convolutions(model, pays=lambda inputs, filters: True) == layers
    return model


def named(model: onnx.ModelProto) -> dict[str, list[int | str]]:
    return {
        value.name: [dimension.dim_param or dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in model.graph.value_info
    }


def check_names(model: onnx.ModelProto) -> None:
    for height, width in ((75, 211), (76, 93), (120, 84), (121, 90), (95, 95)):
        shapes = tensor_shapes(model, side=height, width=width)
        sizes = defaultdict(set)
        for name, dimensions in named(model).items():
            for dimension, side in zip(dimensions, shapes[name], strict=True):
                sizes[dimension].add(side)
                assert isinstance(dimension, str) or dimension == side
        assert all(len(found) == 1 for found in sizes.values()), (height, width)


@pytest.mark.parametrize("padding", [0, 1])
def test_names_tell_the_truth_at_every_size(padding: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convert.named_sizes._DEEP", 500)
    model = deep_network(padding=padding)
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    name_common_sizes(model)
    assert bool(named(model)) == bool(padding), "trimmed layers have sizes of their own"
    check_names(model)
    for height, width in ((80, 73), (71, 90)):
        picture = np.random.default_rng(2).random((1, height, width, 3), np.float32)
        made = run_onnx(model, picture, optimised=False)
        assert made.std() > 0
        np.testing.assert_array_equal(made, run_onnx(plain, picture, optimised=False))


def test_a_network_that_is_not_deep_gets_no_names() -> None:
    model = deep_network(padding=1)
    name_common_sizes(model)
    assert not named(model)


def test_the_deepest_network_of_the_catalogue() -> None:
    model = onnx.load(FOLDER / "realesrgan-x4plus-anime.winograd.onnx", load_external_data=False)
    assert len(named(model)) > 500
    check_names(model)
