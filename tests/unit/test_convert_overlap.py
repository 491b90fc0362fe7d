"""The overlap that the catalogue states: tiles of any size join as if the picture had been run whole."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from PIL import Image

from convert.catalogue import Model
from convert.onnx_file import build_onnx
from drawings import drawing
from model_packages import model_of, wheel_of

Pixels = npt.NDArray[np.uint8]


def starts(length: int, core: int) -> Iterator[int]:
    """Where cores of one size start; the last one shifts inwards instead of leaving the picture."""
    yield from range(0, length - core, core)
    yield length - core


def tiled(session: onnxruntime.InferenceSession, model: Model, picture: Pixels, *, core: int) -> Pixels:
    """The enlarged picture, by tiles of ``core`` pixels a side (or the picture's own side) plus the model's overlap."""
    height, width = picture.shape[:2]
    rows, columns = min(core, height), min(core, width)
    border = model.overlap
    padded = np.pad(picture, ((border, border), (border, border), (0, 0)), mode="edge")
    enlarged = np.zeros((height * model.scale, width * model.scale, 3), np.uint8)
    cut = (model.overlap - model.trim) * model.scale
    for y in starts(height, rows):
        for x in starts(width, columns):
            tile = padded[None, y : y + rows + 2 * border, x : x + columns + 2 * border]
            (output,) = session.run(None, {"input": np.ascontiguousarray(tile)})
            inner = output[0, cut : cut + rows * model.scale, cut : cut + columns * model.scale]
            enlarged[y * model.scale :, x * model.scale :][: inner.shape[0], : inner.shape[1]] = inner
    return enlarged


def picture_of(kind: str) -> Pixels:
    """A picture 150×120 of the kinds that need most: grain, noise alone, hard pixels four by four."""
    if kind == "noise":
        return np.random.default_rng(0).integers(0, 256, (120, 150, 3)).astype(np.uint8)
    if kind == "hard pixels":
        small = Image.fromarray(drawing(50, 40, seed=2))
        return np.asarray(small.resize((150, 120), Image.Resampling.NEAREST))
    return drawing(150, 120, seed=1, noise=20)


@pytest.mark.parametrize("kind", ["grain", "noise", "hard pixels"])
@pytest.mark.parametrize("model_id", ["upconv7-photo-2x-n3", "realesr-animevideov3-4x"])
def test_tiles_join(model_id: str, kind: str) -> None:
    model = model_of(model_id)
    session = onnxruntime.InferenceSession(build_onnx(model, wheel=wheel_of(model)), providers=["CPUExecutionProvider"])
    picture = picture_of(kind)
    results = [tiled(session, model, picture, core=core).astype(np.int16) for core in (1000, 96, 64)]
    assert results[0].std() > 10
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(results[one] - results[other]).max() <= 1
