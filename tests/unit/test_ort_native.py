import asyncio
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from drawings import drawing
from models_folder import FOLDER, catalogue
from senmei.errors import ModelUnavailable, SessionFailed
from senmei.geometry import Size
from senmei.jobs import CancelToken
from senmei.sessions.ort_native import OrtNativeSession
from senmei.tiling import plan_tiles
from senmei.upscaler import upscale_tiles

FAMILIES = ["upconv7-anime-2x-n1", "upconv7-photo-2x-n3", "realesr-animevideov3-2x", "realesr-animevideov3-3x"]


async def enlarged(rgb: np.ndarray, session: OrtNativeSession, model_id: str, tile: int) -> np.ndarray:
    card = catalogue().get(model_id)
    size = Size(rgb.shape[1], rgb.shape[0])
    plan = plan_tiles(size, core=Size(tile, tile), overlap=card.overlap, multiple_of=card.multiple_of)
    canvas = np.zeros((size.height * card.scale, size.width * card.scale, 3), np.uint8)
    async for done in upscale_tiles(rgb, plan=plan, card=card, session=session, cancel=CancelToken()):
        canvas[done.region.slices] = done.pixels
    return canvas


@pytest.mark.parametrize("model_id", FAMILIES)
async def test_tiled_equals_whole_within_one_level(model_id: str) -> None:
    rgb = drawing(131, 97, noise=12)
    session = OrtNativeSession(catalogue().get(model_id), FOLDER)
    whole, tiled, other = [await enlarged(rgb, session, model_id, tile) for tile in (200, 48, 61)]
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    assert np.abs(tiled.astype(int) - other).max() <= 1


@pytest.mark.parametrize("model_id", FAMILIES)
async def test_the_result_resembles_the_picture(model_id: str) -> None:
    """Swapped channels, a shifted grid or wrong levels would be far off the picture itself."""
    rgb = drawing(64, 48)
    card = catalogue().get(model_id)
    made = await enlarged(rgb, OrtNativeSession(card, FOLDER), model_id, 64)
    shrunk = made.reshape(48, card.scale, 64, card.scale, 3).mean(axis=(1, 3))
    # The animation model lifts dark flats by some levels; a swap of red and blue would be five times as far off.
    assert np.abs(shrunk - rgb).mean() < 10
    assert np.abs(shrunk[:, :, ::-1] - rgb).mean() > 30


def test_a_missing_or_changed_file_is_named(tmp_path: Path) -> None:
    card = catalogue().get(FAMILIES[0])
    with pytest.raises(ModelUnavailable, match=f"“{card.id}” cannot be read"):
        OrtNativeSession(card, tmp_path)
    (tmp_path / card.file).write_bytes((FOLDER / card.file).read_bytes() + b"x")
    with pytest.raises(ModelUnavailable, match=r"not the one that the catalogue describes.*serve\.py --build"):
        OrtNativeSession(card, tmp_path)


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    card = replace(catalogue().get(FAMILIES[0]), file="broken.onnx", sha256=sha256(b"no network").hexdigest())
    with pytest.raises(SessionFailed, match="cannot load"):
        OrtNativeSession(card, tmp_path)


def test_feeds_that_do_not_fit_fail_in_a_sentence() -> None:
    session = OrtNativeSession(catalogue().get(FAMILIES[0]), FOLDER)
    with pytest.raises(SessionFailed, match="cannot run"):
        asyncio.run(session.run({"input": np.zeros((1, 20, 20, 4), np.uint8)}))
