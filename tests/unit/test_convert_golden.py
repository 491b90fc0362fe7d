"""Golden tiles: right for the networks as they are, and far from what a network gone wrong answers."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from convert_fixtures import run_ncnn, run_onnx
from onnx import helper, numpy_helper

from convert.golden import golden_picture
from convert.packages import read_member
from model_packages import IDS, model_of, package_of
from models_folder import FOLDER, catalogue
from senmei.catalogue import ModelCard

CARDS = {card.id: card for card in catalogue()}
ONE_OF_EACH = [
    "upconv7-anime-2x",
    "upconv7-photo-2x-n3",
    "cunet-2x",
    "cunet-1x-n3",
    *(name for name in IDS if not name.startswith(("upconv7", "cunet", "realcugan-2x-n"))),
]
LIMIT = 2
"""Levels of 255 that a right answer may differ by."""

Pixels = npt.NDArray[np.uint8]


def golden(card: ModelCard) -> tuple[Pixels, Pixels]:
    with np.load(FOLDER / card.golden) as arrays:
        return arrays["input"], arrays["output"]


def answer(network: onnx.ModelProto, picture: Pixels) -> Pixels:
    return np.rint(run_onnx(network, picture.astype(np.float32) / np.float32(255)) * 255).astype(np.uint8)


def apart(one: Pixels, other: Pixels) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("model_id", IDS)
def test_native_onnxruntime_gives_the_golden_answer(model_id: str) -> None:
    card = CARDS[model_id]
    picture, expected = golden(card)
    assert picture.dtype == expected.dtype == np.uint8
    height, width = (side - 2 * card.trim for side in picture.shape[1:3])
    assert expected.shape == (1, height * card.scale, width * card.scale, 3)
    assert expected.std() > 30, "the answer is no picture"
    assert not [side for side in picture.shape[1:3] if side % card.multiple_of]
    assert max(picture.shape) <= 32 + 2 * card.trim and (FOLDER / card.golden).stat().st_size <= 23_000
    with np.load(FOLDER / card.golden) as arrays:
        others = {name: arrays[name].tolist() for name in arrays.files if name not in ("input", "output")}
    assert others == ({"means": [0] * card.pooled, "given": [0]} if card.pooled else {})
    assert apart(answer(onnx.load(FOLDER / card.file), picture), expected) == 0


@pytest.mark.parametrize("model_id", [name for name in IDS if model_of(name).format == "ncnn"])
def test_ncnn_gives_the_golden_answer(model_id: str, tmp_path: Path) -> None:
    model = model_of(model_id)
    picture, expected = golden(CARDS[model_id])
    made = run_ncnn(
        read_member(package_of(model), model.topology, sha256=model.topology_sha256),
        read_member(package_of(model), model.weights, sha256=model.weights_sha256),
        picture[0].transpose(2, 0, 1).astype(np.float32) / np.float32(255),
        folder=tmp_path,
    )
    rounded = np.rint(made.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    assert apart(rounded[np.newaxis], expected) <= 1


def test_the_picture_has_saturated_colours_edges_and_grain() -> None:
    picture = golden_picture(46, 38).astype(int)
    colours = {tuple(colour) for colour in picture.reshape(-1, 3)}
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)} <= colours
    assert (np.abs(np.diff(picture, axis=0)).max(), np.abs(np.diff(picture, axis=1)).max()) == (255, 255)
    assert np.diff(picture[:10], axis=1).std() > 10


TURNS: dict[str, Callable[[Pixels], Pixels]] = {
    "red and blue are swapped": lambda picture: picture[..., ::-1],
    "red and green are swapped": lambda picture: picture[..., [1, 0, 2]],
    "rows and columns are swapped": lambda picture: np.swapaxes(picture, 1, 2),
    "left and right are swapped": lambda picture: picture[:, :, ::-1],
    "top and bottom are swapped": lambda picture: picture[:, ::-1],
    "it is the negative": lambda picture: 255 - picture,
}


@pytest.mark.parametrize("model_id", ONE_OF_EACH)
@pytest.mark.parametrize("turn", TURNS)
def test_a_tile_turned_both_ways_shows(model_id: str, turn: str) -> None:
    """Turned on the way in and back on the way out, so that the answer looks like the golden one."""
    picture, expected = golden(CARDS[model_id])
    network = onnx.load(FOLDER / CARDS[model_id].file)
    made = TURNS[turn](answer(network, np.ascontiguousarray(TURNS[turn](picture))))
    assert apart(made, expected) > LIMIT


@pytest.mark.parametrize("model_id", ONE_OF_EACH)
@pytest.mark.parametrize("turn", list(TURNS)[:2])
def test_channels_swapped_on_one_side_only_show(model_id: str, turn: str) -> None:
    picture, expected = golden(CARDS[model_id])
    network = onnx.load(FOLDER / CARDS[model_id].file)
    assert apart(answer(network, np.ascontiguousarray(TURNS[turn](picture))), expected) > LIMIT
    assert apart(TURNS[turn](answer(network, picture)), expected) > LIMIT


@pytest.mark.parametrize("model_id", ONE_OF_EACH)
@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("by", [-1, 1])
def test_a_tile_that_is_off_by_one_shows(model_id: str, axis: int, by: int) -> None:
    picture, expected = golden(CARDS[model_id])
    network = onnx.load(FOLDER / CARDS[model_id].file)
    assert apart(answer(network, np.roll(picture, by, axis)), expected) > LIMIT
    assert apart(np.roll(answer(network, picture), by, axis), expected) > LIMIT


def set_attribute(node: onnx.NodeProto, name: str, value: object) -> None:
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


def padded(node: onnx.NodeProto) -> list[int]:
    return next((list(attribute.ints) for attribute in node.attribute if attribute.name == "pads"), [0, 0, 0, 0])


def shift_padding(network: onnx.ModelProto, *, last: bool) -> None:
    """One convolution's border moves by a pixel: less of it above, more of it below."""
    nodes = [node for node in network.graph.node if node.op_type in ("Conv", "ConvTranspose") and any(padded(node))]
    node = nodes[-1 if last else 0]
    top, left, bottom, right = padded(node)
    set_attribute(node, "pads", [top - 1, left, bottom + 1, right])


def repeat_borders(network: onnx.ModelProto) -> None:
    """The first convolution with a border repeats the outermost pixels where it should see zeros."""
    (number, node), *_ = [
        (number, node) for number, node in enumerate(network.graph.node) if node.op_type == "Conv" and any(padded(node))
    ]
    border = np.array([0, 0, *padded(node)[:2], 0, 0, *padded(node)[2:]], np.int64)
    network.graph.initializer.append(numpy_helper.from_array(border, "border"))
    pad = helper.make_node("Pad", [node.input[0], "border"], ["bordered"], mode="edge")
    node.input[0] = "bordered"
    set_attribute(node, "pads", [0, 0, 0, 0])
    network.graph.node.insert(number, pad)


def shuffle_otherwise(network: onnx.ModelProto) -> None:
    """The channels that become pixels are counted in the other order."""
    for node in network.graph.node:
        for attribute in node.attribute:
            if attribute.name == "mode" and attribute.s in (b"CRD", b"DCR"):
                attribute.s = b"DCR" if attribute.s == b"CRD" else b"CRD"


def forget_the_biases(network: onnx.ModelProto) -> None:
    """No convolution adds its bias."""
    for node in network.graph.node:
        if node.op_type in ("Conv", "ConvTranspose") and len(node.input) == 3:
            del node.input[2]


def store_in_eight_bits(network: onnx.ModelProto) -> None:
    """Every kernel is rounded to 127 levels each way."""
    for constant in network.graph.initializer:
        value = numpy_helper.to_array(constant)
        if value.ndim == 4:
            step = np.abs(value).max() / 127
            constant.CopyFrom(
                numpy_helper.from_array((np.rint(value / step) * step).astype(value.dtype), constant.name)
            )


def forget_an_activation(network: onnx.ModelProto) -> None:
    """One of the bends between the convolutions is left out."""
    node = [node for node in network.graph.node if node.op_type in ("LeakyRelu", "Relu")][1]
    node.op_type = "Identity"
    del node.attribute[:]


def round_places_up(network: onnx.ModelProto) -> None:
    """What is repeated is taken from the pixel after, not from the pixel before."""
    for node in network.graph.node:
        if node.op_type == "Resize":
            set_attribute(node, "nearest_mode", "ceil")


def crop_elsewhere(network: onnx.ModelProto) -> None:
    """What is cut off at the borders is a pixel less above and on the left, and one more at the other ends."""
    slices = [node for node in network.graph.node if node.op_type == "Slice"]
    places = {name for node in slices for name in node.input[1:3]}
    for constant in network.graph.initializer:
        if constant.name in places:
            constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant) - 1, constant.name))


def pool_the_largest(network: onnx.ModelProto) -> None:
    """Not the mean but the largest of all is what a pooling finds."""
    for node in network.graph.node:
        if node.op_type == "GlobalAveragePool":
            node.op_type = "GlobalMaxPool"


def use_the_given_means(network: onnx.ModelProto) -> None:
    """The means that come in, zeros, are used where those that are found should be."""
    one = next(constant for constant in network.graph.initializer if constant.name == "means.one")
    one.CopyFrom(numpy_helper.from_array(np.zeros(1, np.float32), one.name))


def forget_a_factor(network: onnx.ModelProto) -> None:
    """One of the parts that a fifth is added of is added whole."""
    factor = [constant for constant in network.graph.initializer if constant.name.endswith(".factor0")][-1]
    factor.CopyFrom(numpy_helper.from_array(np.ones((), np.float32), factor.name))


FAULTS: dict[str, Callable[[onnx.ModelProto], None]] = {
    "last border": partial(shift_padding, last=True),
    "eight bits": store_in_eight_bits,
    "no bend": forget_an_activation,
    "no bias": forget_the_biases,
    "first border": partial(shift_padding, last=False),
    "border repeated": repeat_borders,
    "shuffle": shuffle_otherwise,
    "nearest": round_places_up,
    "crop": crop_elsewhere,
    "largest": pool_the_largest,
    "given means": use_the_given_means,
    "factor": forget_a_factor,
}
EVERYWHERE = ["last border", "eight bits", "no bend"]
POOLING = ["eight bits", "no bend", "no bias", "crop", "largest", "given means"]
FAULTS_OF = {
    "upconv7": [*EVERYWHERE, "no bias"],
    "realesr-animevideov3": [*EVERYWHERE, "no bias", "first border", "border repeated", "shuffle", "nearest"],
    "cunet": POOLING,
    "realcugan": POOLING,
    "realcugan-conservative": POOLING,
    "realesrgan-x4plus-anime": [*EVERYWHERE, "no bias", "first border", "border repeated", "nearest", "factor"],
    "esrgan-slim": [*EVERYWHERE, "first border", "border repeated", "nearest"],
}
"""The convolutions of upconv_7 and of networks that pool see no border; the biases of esrgan-slim are too small to be
seen."""


@pytest.mark.parametrize(
    ("model_id", "fault"),
    [(model_id, fault) for model_id in ONE_OF_EACH for fault in FAULTS_OF[model_of(model_id).family]],
)
def test_a_network_gone_wrong_shows(model_id: str, fault: str) -> None:
    network = onnx.load(FOLDER / CARDS[model_id].file)
    picture, expected = golden(CARDS[model_id])
    FAULTS[fault](network)
    assert apart(answer(network, picture), expected) > LIMIT
