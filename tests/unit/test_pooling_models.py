"""The catalogue's networks that pool, in whole jobs: tiles are told the same means, so that no seam shows."""

import asyncio
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

import senmei
from drawings import drawing, saved
from models_folder import FOLDER, catalogue
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.codecs import EncodeOptions
from senmei.engine import UpscaleOptions, upscale
from senmei.events import Encoded
from senmei.geometry import Region, Size
from senmei.jobs import CancelToken
from senmei.picture import Picture
from senmei.pixels import cut, to_float
from senmei.sessions import Tensors
from senmei.sessions.ort_native import OrtNativeSession

CARDS = {card.id: card for card in catalogue()}
POOLING = list({(card.family.split("-")[0], card.scale): card.id for card in CARDS.values() if card.pooled}.values())
SEAMLESS = 1 / 255 / 16 + 1 / 65535
"""What overlaps are chosen for, and the rounding to 16 bits."""

Floats = NDArray[np.float32]


class Listening:
    """Native onnxruntime; remembers what means each run was told, None where it took its own."""

    def __init__(self, card: ModelCard) -> None:
        self._session = OrtNativeSession(card, FOLDER)
        self.provider = self._session.provider
        self.arrangements: Sequence[Arrangement] = self._session.arrangements
        self.notes: Sequence[str] = ()
        self.told: list[bytes | None] = []

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        if "given" in feeds:
            self.told.append(feeds["means"].tobytes() if feeds["given"][0] else None)
        return await self._session.run(feeds, arrangement=arrangement, is_smallest=is_smallest)

    def whole(self, card: ModelCard, picture: NDArray[np.uint8], means: Floats | None = None) -> tuple[Floats, Floats]:
        """What the network makes of a picture that it sees at once, and the means that it finds in it."""
        padding, size = card.margins.padding, Size(picture.shape[1], picture.shape[0])
        padded = card.margins.whole(size)
        feeds = {
            "input": to_float(cut(picture, Region(-padding, -padding, padded.width, padded.height)))[np.newaxis],
            "means": np.zeros(card.pooled, np.float32) if means is None else means,
            "given": np.array([means is not None], np.float32),
        }
        answer = asyncio.run(self._session.run(feeds, arrangement=self.arrangements[0]))
        core = Region(padding - card.trim, padding - card.trim, size.width, size.height).scaled(card.scale)
        return answer["output"][0][core.slices].clip(0, 1), answer["means_found"]


@cache
def session(model_id: str) -> Listening:
    return Listening(CARDS[model_id])


def made(model_id: str, picture: NDArray[np.uint8], **options: object) -> Floats:
    """What a whole job makes of a picture, with 16 bits a sample, 0 to 1."""

    async def open_session(card: ModelCard) -> Listening:
        session(card.id).told.clear()
        return session(card.id)

    async def run() -> bytes:
        events = upscale(
            saved(picture),
            UpscaleOptions(model=model_id, output=EncodeOptions(depth=16), **options),  # type: ignore[arg-type] # the tests' own words
            catalogue=catalogue(),
            open_session=open_session,
            cancel=CancelToken(),
            budget_bytes=2_000_000_000,
        )
        return b"".join([event.data async for event in events if isinstance(event, Encoded)])

    decoded = senmei.decode(asyncio.run(run()))
    assert isinstance(decoded, Picture) and decoded.pixels.dtype == np.uint16
    return to_float(decoded.pixels)


@pytest.mark.parametrize("model_id", POOLING)
def test_a_picture_in_one_tile_is_what_the_network_makes_of_the_whole(model_id: str) -> None:
    picture = drawing(80, 60, seed=2)
    truth, _ = session(model_id).whole(CARDS[model_id], picture)
    assert np.abs(made(model_id, picture) - truth).max() <= 1 / 65535
    assert session(model_id).told == [None]


@pytest.mark.parametrize("model_id", POOLING)
def test_tiles_join_without_seams_whatever_their_means(model_id: str) -> None:
    """They are what the network makes of the whole picture when that is told the sample's means."""
    picture = drawing(110, 80, seed=3, noise=10)
    picture[:, :44] = (250, 240, 230)
    tiled = made(model_id, picture, tile=48)
    told = {means for means in session(model_id).told if means is not None}
    assert len(told) == 1
    expected, _ = session(model_id).whole(CARDS[model_id], picture, np.frombuffer(next(iter(told)), np.float32))
    assert np.abs(tiled - expected).max() <= SEAMLESS


@pytest.mark.parametrize("model_id", POOLING)
def test_a_samples_means_are_nearly_the_whole_pictures(model_id: str) -> None:
    """The worst pixels of drawings may be dozens of levels off, see tests/bench pooling; on average it is little."""
    card, picture = CARDS[model_id], drawing(224, 168, seed=1, noise=4)
    truth, _ = session(model_id).whole(card, picture)
    off = np.abs(made(model_id, picture, tile=128) - truth) * 255
    assert off.mean() < 1.5 and np.quantile(off, 0.99) < 8


@pytest.mark.parametrize("model_id", [name for name in POOLING if CARDS[name].scale == 2][:1])
def test_two_passes_join_without_seams(model_id: str) -> None:
    """Neighbouring rows and columns are no further from each other at the tiles' borders than elsewhere."""
    columns, rows = np.meshgrid(np.linspace(40, 200, 80), np.linspace(60, 220, 60))
    smooth = np.dstack((columns, rows, columns / 2 + rows / 3)).astype(np.uint8)
    tiled, other = made(model_id, smooth, tile=32, scale=4), made(model_id, smooth, tile=57, scale=4)
    assert np.abs(tiled - other).max() <= 2 * SEAMLESS + 1 / 255
    steps = np.abs(np.diff(tiled, axis=1)).max(axis=(0, 2))
    assert steps[4 * 32 - 1 :: 4 * 32].max() <= 1.5 * np.quantile(steps, 0.9) + SEAMLESS
