"""How much a network computes: by hand on small graphs, and for the networks that are shipped."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from convert.multiply_adds import multiply_adds, multiply_adds_per_pixel
from models_folder import FOLDER, catalogue

CARDS = {card.id: card for card in catalogue()}


def network(nodes: list[onnx.NodeProto], **constants: npt.NDArray[Any]) -> onnx.ModelProto:
    """From `planes`, the input turned to NCHW, to `answer`."""
    turned = helper.make_node("Transpose", ["input"], ["planes"], perm=[0, 3, 1, 2])
    return helper.make_model(
        helper.make_graph(
            [turned, *nodes],
            "tiny",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, "height", "width", 3])],
            [onnx.ValueInfoProto(name="answer", type=helper.make_tensor_type_proto(TensorProto.FLOAT, None))],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def floats(*shape: int) -> npt.NDArray[np.float32]:
    return np.zeros(shape, np.float32)


def test_a_convolution_counts_its_answer_times_its_kernel() -> None:
    # 5 × 8 windows of 3 × 2 over 10 × 10 pixels: steps of 2 down, no border to the sides but one pixel on the left.
    node = helper.make_node("Conv", ["planes", "kernel"], ["answer"], strides=[2, 1], pads=[1, 0, 0, 0])
    model = network([node], kernel=floats(7, 3, 3, 2))
    assert multiply_adds(model, side=10) == 5 * 9 * 7 * (3 * 3 * 2)


def test_groups_see_only_their_own_channels() -> None:
    node = helper.make_node("Conv", ["planes", "kernel"], ["answer"], group=3, pads=[1, 1, 1, 1])
    model = network([node], kernel=floats(6, 1, 3, 3))
    assert multiply_adds(model, side=10) == 100 * 6 * 9
    assert multiply_adds_per_pixel(model) == 6 * 9


def test_a_transposed_convolution_counts_its_input_times_its_kernel() -> None:
    node = helper.make_node("ConvTranspose", ["planes", "kernel"], ["answer"], strides=[2, 2], pads=[3, 3, 3, 3])
    model = network([node], kernel=floats(3, 5, 4, 4))
    assert multiply_adds(model, side=10) == 100 * 3 * 5 * 16


@pytest.mark.parametrize(("is_turned", "shape"), [(0, [6, 50]), (1, [50, 6])])
def test_a_matrix_product_counts_its_answer_times_what_is_summed(is_turned: int, shape: list[int]) -> None:
    nodes = [
        helper.make_node("Reshape", ["planes", "shape"], ["matrix"]),
        helper.make_node("Gemm", ["matrix", "weights"], ["answer"], transA=is_turned),
    ]
    model = network(nodes, shape=np.array(shape, np.int64), weights=floats(50, 11))
    assert multiply_adds(model, side=10) == (6 * 11) * 50


def test_what_only_passes_over_the_pixels_counts_nothing() -> None:
    model = network([helper.make_node("Relu", ["planes"], ["answer"])])
    assert multiply_adds(model, side=10) == 0


@pytest.mark.parametrize(
    ("model_id", "expected_giga"),
    [
        ("upconv7-anime-2x", 33.2),
        ("upconv7-photo-2x-n1", 33.2),
        ("realesr-animevideov3-2x", 40.6),
        ("cunet-2x-n1", 41.0),
        ("cunet-1x-n1", 14.0),
        ("realcugan-2x-conservative", 41.0),
        ("realesrgan-x4plus-anime", 374),
        ("esrgan-slim-2x", 14.6),
    ],
)
def test_the_networks_take_what_others_have_counted_for_them(model_id: str, expected_giga: float) -> None:
    model = onnx.load(FOLDER / CARDS[model_id].file)
    assert multiply_adds(model, side=256) / 1e9 == pytest.approx(expected_giga, rel=0.004)


def test_upconv_7_takes_what_its_layers_say() -> None:
    channels = [3, 16, 32, 64, 128, 128, 256]
    convolutions = sum(9 * before * after for before, after in pairwise(channels))
    whole = convolutions + 256 * 3 * 16
    # Of 960 pixels a side the layers trim up to 12, which saves less than 3 %.
    assert 0.97 * whole < CARDS["upconv7-anime-2x"].macs_per_pixel < whole


def test_a_network_without_borders_takes_the_same_for_every_pixel() -> None:
    model = onnx.load(FOLDER / CARDS["realesr-animevideov3-4x"].file)
    assert multiply_adds(model, side=32) == 32**2 * CARDS["realesr-animevideov3-4x"].macs_per_pixel
