import asyncio
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from drawings import drawing
from models_folder import FOLDER, catalogue
from senmei.catalogue import ModelCard
from senmei.errors import InvalidOption, ModelUnavailable, SessionFailed
from senmei.geometry import Region
from senmei.pixels import cut
from senmei.sessions.ort_native import OrtNativeSession

FAMILIES = [
    "upconv7-anime-2x-n1",
    "upconv7-photo-2x-n3",
    "realesr-animevideov3-2x",
    "realesr-animevideov3-3x",
    "cunet-2x-n1",
    "cunet-1x-n1",
    "realcugan-2x",
    "realesrgan-x4plus-anime",
    "esrgan-slim-2x",
]


@pytest.mark.parametrize("model_id", FAMILIES)
async def test_the_result_resembles_the_picture(model_id: str) -> None:
    """Swapped channels, a shifted grid or wrong levels would be far off the picture itself."""
    rgb = drawing(64, 48)
    card = catalogue().get(model_id)
    tile = cut(rgb, Region(-card.trim, -card.trim, 64 + 2 * card.trim, 48 + 2 * card.trim))
    session = OrtNativeSession(card, FOLDER)
    feeds = {"input": tile[np.newaxis].astype(np.float32) / 255}
    if card.pooled:
        feeds |= {"means": np.zeros(card.pooled, np.float32), "given": np.zeros(1, np.float32)}
    answer = await session.run(feeds, arrangement=session.arrangements[0])
    made = answer["output"][0] * 255
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


def with_second_graph() -> ModelCard:
    return next(card for card in catalogue() if card.winograd is not None)


async def test_either_graph_can_be_run() -> None:
    card = with_second_graph()
    feeds = {"input": np.random.default_rng(4).random((1, 48, 60, 3), np.float32)}
    made = {}
    for graph in ("auto", "direct", "winograd"):
        session = OrtNativeSession(card, FOLDER, graph=graph)
        (on,) = session.arrangements
        assert on.graph == ("winograd" if graph == "winograd" else "direct")
        made[graph] = (await session.run(feeds, arrangement=on))["output"]
    assert np.array_equal(made["auto"], made["direct"])
    assert 0 < np.abs(made["winograd"] - made["direct"]).max() < 1 / 255


def test_a_second_graph_that_is_not_there_is_named(tmp_path: Path) -> None:
    card = with_second_graph()
    assert card.winograd is not None
    with pytest.raises(InvalidOption, match=f"“{card.id}” has no graph “winograd”; accepted: auto, direct"):
        OrtNativeSession(replace(card, winograd=None), FOLDER, graph="winograd")
    (tmp_path / card.file).write_bytes((FOLDER / card.file).read_bytes())
    with pytest.raises(ModelUnavailable, match=f"“{card.id}” cannot be read"):
        OrtNativeSession(card, tmp_path, graph="winograd")
    (tmp_path / card.winograd.file).write_bytes((FOLDER / card.winograd.file).read_bytes() + b"x")
    with pytest.raises(ModelUnavailable, match="not the one that the catalogue describes"):
        OrtNativeSession(card, tmp_path, graph="winograd")


@pytest.mark.parametrize("feed", [np.zeros((1, 20, 20, 4), np.float32), np.zeros((1, 20, 20, 3), np.uint8)])
def test_feeds_that_do_not_fit_fail_in_a_sentence(feed: np.ndarray) -> None:
    session = OrtNativeSession(catalogue().get(FAMILIES[0]), FOLDER)
    with pytest.raises(SessionFailed, match="cannot run") as failed:
        asyncio.run(session.run({"input": feed}, arrangement=session.arrangements[0]))
    assert type(failed.value) is SessionFailed, "no smaller tile would help"


async def test_each_worker_computes_on_its_own_and_a_failure_takes_none_away() -> None:
    """More runs than workers, one of which fails: all others are answered as one worker answers them."""
    card = catalogue().get(FAMILIES[0])
    tiles = [np.random.default_rng(seed).random((1, 24, 24, 3), np.float32) for seed in range(6)]
    one, three = (OrtNativeSession(card, FOLDER, workers=workers, threads=1) for workers in (1, 3))
    on = three.arrangements[0]
    assert (on.workers, on.threads) == (3, 1)
    for _ in range(3):
        with pytest.raises(SessionFailed):
            await three.run({"input": np.zeros((1, 24, 24, 4), np.float32)}, arrangement=on)
    runs = [three.run({"input": tile}, arrangement=on) for tile in tiles]
    for tile, made in zip(tiles, await asyncio.wait_for(asyncio.gather(*runs), timeout=60), strict=True):
        expected = await one.run({"input": tile}, arrangement=one.arrangements[0])
        assert np.array_equal(made["output"], expected["output"])


SHORT_OF_MEMORY = """
import asyncio, resource, sys
from pathlib import Path
import numpy as np, onnxruntime
from senmei.cli import load_catalogue
from senmei.errors import OutOfMemory
from senmei.sessions.ort_native import OrtNativeSession

onnxruntime.set_default_logger_severity(4)
folder = Path(sys.argv[1])
session = OrtNativeSession(load_catalogue(folder).get(sys.argv[2]), folder, threads=1)
tile = np.full((1, 800, 800, 3), 0.5, np.float32)
small = np.ascontiguousarray(tile[:, :48, :48])

on = session.arrangements[0]

async def main():
    before = await session.run({"input": small}, arrangement=on)
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + 100_000_000,) * 2)
    try:
        await session.run({"input": tile}, arrangement=on)
    except OutOfMemory as error:
        print(error)
    after = await session.run({"input": small}, arrangement=on)
    assert np.array_equal(before["output"], after["output"])

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and limits the address space")
@pytest.mark.parametrize("model_id", ["upconv7-photo-2x-n3", "realesr-animevideov3-3x"])
def test_a_tile_without_memory_is_out_of_memory_and_a_smaller_one_runs(model_id: str) -> None:
    command = [sys.executable, "-c", SHORT_OF_MEMORY, str(FOLDER), model_id]
    finished = subprocess.run(
        command, cwd=Path(__file__).parents[2] / "py", capture_output=True, text=True, check=False, timeout=120
    )
    assert finished.returncode == 0, finished.stderr
    assert f"not enough memory to run the model “{model_id}” on 1 × 800 × 800 × 3 numbers" in finished.stdout
