"""The second graph of every network of the catalogue, as shipped: right, small, and without weights of its own."""

from functools import cache

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import TensorProto

from convert.errors import ConversionError
from convert.shared_weights import refer_to_weights
from drawings import drawing
from models_folder import FOLDER, catalogue

CARDS = {card.id: card for card in catalogue()}
ONE_OF_EACH = list({(card.family, card.content, card.scale): card.id for card in CARDS.values()}.values())

Floats = npt.NDArray[np.float32]


def path(model_id: str, ending: str) -> str:
    return str(FOLDER / f"{model_id}.{ending}")


@cache
def session(model_id: str, ending: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    if ending != "onnx":
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path(model_id, ending), options, providers=["CPUExecutionProvider"])


def feeds(model_id: str, picture: npt.NDArray[np.uint8], pictures: int) -> dict[str, Floats]:
    """As the golden tile has them, but of another picture."""
    with np.load(FOLDER / CARDS[model_id].golden) as arrays:
        more = {name: arrays[name] for name in arrays.files if name not in ("input", "output")}
    tile = picture.astype(np.float32) / np.float32(255)
    return {"input": np.ascontiguousarray(np.stack([tile[::turn] for turn in (1, -1)[:pictures]])), **more}


@pytest.mark.parametrize("model_id", CARDS)
def test_weights_are_those_of_the_first_file(model_id: str) -> None:
    first = (FOLDER / f"{model_id}.onnx").read_bytes()
    second = onnx.load(path(model_id, "winograd.onnx"), load_external_data=False)
    own = sum(len(constant.raw_data) for constant in second.graph.initializer)
    shared = 0
    for constant in second.graph.initializer:
        if constant.data_location != TensorProto.EXTERNAL:
            continue
        place = {entry.key: entry.value for entry in constant.external_data}
        assert place["location"] == f"{model_id}.onnx"
        assert int(place["offset"]) + int(place["length"]) <= len(first)
        shared += int(place["length"])
    assert own < 12_000 and shared > 0.9 * (len(first) - 200_000)
    assert (FOLDER / f"{model_id}.winograd.onnx").stat().st_size < 0.16 * len(first) or len(first) < 1_000_000


@pytest.mark.parametrize("model_id", ONE_OF_EACH)
@pytest.mark.parametrize(("width", "height"), [(61, 50), (38, 47)])
def test_both_graphs_give_the_same_picture(model_id: str, width: int, height: int) -> None:
    """Within a twentieth of a level; tiles of any size, as the network takes them."""
    card = CARDS[model_id]
    sides = (-(-(side + 2 * card.trim) // card.multiple_of) * card.multiple_of for side in (width, height))
    picture = drawing(*sides, seed=3, noise=6)
    direct, written_out = (
        session(model_id, ending).run(None, feeds(model_id, picture, 1)) for ending in ("onnx", "winograd.onnx")
    )
    assert direct[0].std() > 0.1, "the answer is a picture"
    for one, other in zip(direct, written_out, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=0.05 / 255)


@pytest.mark.parametrize(
    "model_id", [model_id for model_id in ONE_OF_EACH if len(session(model_id, "onnx").get_inputs()) > 1]
)
def test_several_pictures_are_pooled_together(model_id: str) -> None:
    side = 60 + 2 * CARDS[model_id].trim
    tiles = feeds(model_id, drawing(side, side, seed=4), 2)
    direct, written_out = (session(model_id, ending).run(None, tiles) for ending in ("onnx", "winograd.onnx"))
    for one, other in zip(direct, written_out, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=0.05 / 255)


def test_weights_that_the_first_file_lacks_are_refused() -> None:
    network = onnx.load(path("upconv7-anime-2x", "onnx"))
    with pytest.raises(ConversionError, match=r"other\.onnx does not hold the weights .*float16"):
        refer_to_weights(network, file="other.onnx", content=b"nothing")
