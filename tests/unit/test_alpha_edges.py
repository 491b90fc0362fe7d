"""Transparent edges through the whole engine with real networks, against the truth on every background."""

import asyncio
from functools import cache

import numpy as np
import pytest

from drawings import opened, saved
from models_folder import FOLDER, catalogue
from senmei import Picture, decode, encode
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.engine import UpscaleOptions, upscale
from senmei.events import Encoded
from senmei.jobs import CancelToken
from senmei.sessions import Tensors
from senmei.sessions.ort_native import OrtNativeSession
from transparent import BACKGROUNDS, cutout, edge_band, errors_on, flat_within, psnr, with_hidden_colour

UPCONV, REALESR = "upconv7-anime-2x", "realesr-animevideov3-2x"
TRUTH = 192


class CountingSession:
    """A native session that knows how many tiles it ran."""

    def __init__(self, card: ModelCard) -> None:
        self._session = OrtNativeSession(card, FOLDER)
        self.provider, self.notes = self._session.provider, self._session.notes
        self.arrangements = self._session.arrangements
        self.runs = 0

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        self.runs += 1
        return await self._session.run(feeds, arrangement=arrangement, is_smallest=is_smallest)


@cache
def session(card: ModelCard) -> CountingSession:
    return CountingSession(card)


async def opened_session(card: ModelCard) -> CountingSession:
    return session(card)


def job(data: bytes, model: str, **options: object) -> bytes:
    async def run() -> bytes:
        events = upscale(
            data,
            UpscaleOptions(**{"model": model, "tile": 64, **options}),  # type: ignore[arg-type] # the tests' own words
            catalogue=catalogue(),
            open_session=opened_session,
            cancel=CancelToken(),
            budget_bytes=2_000_000_000,
        )
        return b"".join([event.data async for event in events if isinstance(event, Encoded)])

    return asyncio.run(run())


def enlarged(picture: np.ndarray, model: str, **options: object) -> np.ndarray:
    """(H, W, 3 or 4) uint8 → the file's pixels, as Pillow reads them."""
    return opened(job(saved(picture), model, **options))


@cache
def made_and_truth(name: str, model: str, scale: int) -> tuple[np.ndarray, np.ndarray]:
    truth, small = cutout(name, truth=TRUTH, scale=scale)
    return enlarged(small, model, scale=scale), truth


# Decibels along the edges on the worst background, and how much too dark or too light the worst thousandth of the edges
# may be, in levels. Bounds are a little below and above what was measured; thin lines, which a picture of half the size
# can barely hold, are the farthest from the truth.
CASES = [
    (UPCONV, 2, "icon", 36.5, 26),
    (UPCONV, 2, "lettering", 19.5, 125),
    (UPCONV, 2, "strokes", 23, 105),
    (UPCONV, 2, "glow", 39.5, 23),
    (UPCONV, 2, "blur", 40.5, 17),
    (UPCONV, 2, "hair", 24.3, 83),
    (UPCONV, 2, "gradient", 40.8, 17),
    (UPCONV, 2, "holes", 30.2, 66),
    (UPCONV, 2, "window", 39.9, 19),
    (UPCONV, 4, "icon", 29.2, 62),
    (UPCONV, 4, "blur", 31.8, 50),
    (UPCONV, 3, "icon", 30.2, 48),
    (UPCONV, 3, "glow", 34.2, 47),
    (REALESR, 2, "icon", 21.2, 85),
    (REALESR, 2, "glow", 30, 55),
    (REALESR, 2, "blur", 32.2, 43),
    (REALESR, 2, "gradient", 32.6, 35),
]


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize(("model", "scale", "name", "decibels", "fringe"), CASES)
def test_edges_are_near_the_truth_on_every_background(
    model: str, scale: int, name: str, decibels: float, fringe: float, background: str
) -> None:
    made, truth = made_and_truth(name, model, scale)
    errors = errors_on(background, made, truth)[edge_band(truth[:, :, 3])]
    assert psnr(errors) >= decibels
    levels = errors.mean(axis=1)
    darkest, lightest = np.percentile(levels, [0.1, 99.9])
    assert -fringe <= darkest and lightest <= fringe
    # Too dark here and too light there may happen at an edge; all along it is a fringe.
    assert abs(levels.mean()) <= 2


@pytest.mark.parametrize("name", ["icon", "hair", "icon binary"])
@pytest.mark.parametrize("model", [UPCONV, REALESR])
def test_colour_under_transparent_pixels_changes_nothing(model: str, name: str) -> None:
    _, small = cutout(name, truth=TRUTH, scale=2)
    garbage = np.random.default_rng(1).integers(0, 256, (TRUTH // 2, TRUTH // 2, 3))
    results = [enlarged(with_hidden_colour(small, hidden), model) for hidden in (0, 255, (255, 0, 255), garbage)]
    for other in results[1:]:
        assert np.array_equal(other, results[0])


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (250, 180, 20)])
@pytest.mark.parametrize(("model", "scale"), [(UPCONV, 1.5), (UPCONV, 4), (REALESR, 2)])
def test_a_shape_vanishes_on_its_own_colour(model: str, scale: float, colour: tuple[int, int, int]) -> None:
    """Whatever becomes of alpha: where anything else shines through along the edges, it is a fringe."""
    _, small = cutout("icon", truth=TRUTH, scale=2)
    small[:, :, :3] = colour
    opposite = np.where(np.array(colour) > 127, 0, 255)
    made = enlarged(with_hidden_colour(small, opposite), model, scale=scale)
    plain = enlarged(np.full((40, 40, 3), colour, np.uint8), model, scale=scale)
    flat = plain[16:-16, 16:-16].reshape(-1, 3).astype(int)
    visible = made[made[:, :, 3] > 0][:, :3].astype(int)
    assert (visible >= flat.min(axis=0) - 1).all() and (visible <= flat.max(axis=0) + 1).all()
    assert np.abs(flat - colour).max() <= 6


@pytest.mark.parametrize(("model", "scale"), [(UPCONV, 2), (UPCONV, 4), (REALESR, 2), (REALESR, 4)])
@pytest.mark.parametrize("name", ["icon", "lettering", "window"])
def test_flat_alpha_stays_exactly_flat(name: str, model: str, scale: int) -> None:
    _, small = cutout(name, truth=TRUTH, scale=2)
    made = enlarged(small, model, scale=scale)[:, :, 3]
    alpha = np.ascontiguousarray(small[:, :, 3])
    # Each pass looks one of its own pixels further.
    flat = flat_within(alpha, 2).repeat(scale, axis=0).repeat(scale, axis=1)
    assert np.array_equal(made[flat], alpha.repeat(scale, axis=0).repeat(scale, axis=1)[flat])


@pytest.mark.parametrize("model", [UPCONV, REALESR])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_soft_edge_stays_soft(model: str, dtype: type) -> None:
    """A ramp over 24 pixels becomes one over 48, as even and nowhere steeper."""
    top = np.iinfo(dtype).max
    ramp = np.rint(np.interp(np.arange(64), [20, 44], [0, top])).astype(dtype)
    picture = Picture(np.full((40, 64, 3), top // 3, dtype), np.tile(ramp, (40, 1)))
    made = decode(job(encode(picture), model))
    assert isinstance(made, Picture) and made.alpha is not None and made.alpha.dtype == dtype
    middle = made.alpha[20:-20].astype(int)
    wanted = np.interp((np.arange(128) - 0.5) / 2, [20, 44], [0, top])
    assert (np.diff(middle, axis=1) >= -top // 255).all()
    assert np.abs(middle - wanted).max() <= 0.012 * top
    assert len(np.unique(middle)) >= 40


def test_opaque_alpha_costs_nothing_and_stays_opaque() -> None:
    _, small = cutout("icon", truth=TRUTH, scale=2)
    card = catalogue().get(UPCONV)
    before = session(card).runs
    plain = enlarged(np.ascontiguousarray(small[:, :, :3]), UPCONV)
    for_plain = session(card).runs - before
    small[:, :, 3] = 255
    made = enlarged(small, UPCONV)
    assert session(card).runs - before == 2 * for_plain
    assert np.array_equal(made[:, :, :3], plain)
    assert made.shape[2] == 3 or (made[:, :, 3] == 255).all()
