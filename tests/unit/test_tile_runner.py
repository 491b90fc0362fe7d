from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings import drawing
from repeating import RepeatingSession, arrangement, card, repeated
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.errors import OutOfMemory, SessionFailed, TooLarge
from senmei.geometry import Region, Size
from senmei.sessions import Tensors
from senmei.tile_runner import TileRunner, is_flat
from senmei.tiling import plan_tiles

CORE = Region(3, 3, 20, 16)
TWO = arrangement(2)
TILE = drawing(26, 22)


def expected(tile: np.ndarray, core: Region = CORE, scale: int = 2) -> np.ndarray:
    return repeated(tile[core.slices], scale)


class GradientSession:
    """Answers with a function of the place as well as of the pixel: no turn of it is like another."""

    provider = "numpy"
    arrangements: Sequence[Arrangement] = (TWO,)
    notes: Sequence[str] = ()

    def __init__(self) -> None:
        self.inputs: list[np.ndarray] = []

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        tile = feeds["input"][0]
        self.inputs.append(tile)
        rows, columns = np.mgrid[0 : tile.shape[0], 0 : tile.shape[1]]
        place = (rows * 0.01 + columns * columns * 0.0003)[:, :, np.newaxis]
        return {"output": (tile * 0.5 + place).astype(np.float32)[np.newaxis]}


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("enlarges_alpha", [False, True])
async def test_every_layout_keeps_its_channels_and_depth(channels: int, dtype: type, enlarges_alpha: bool) -> None:
    model = card(trim=2, enlarges_alpha=enlarges_alpha)
    noise = np.random.default_rng(1).integers(0, np.iinfo(dtype).max + 1, (22, 26, channels)).astype(dtype)
    made = await TileRunner(model, RepeatingSession(model), TWO).enlarge(noise, CORE)
    assert made.dtype == dtype and made.shape == (32, 40, channels)
    colours = channels - (channels in (2, 4))
    assert np.array_equal(made[:, :, :colours], expected(noise)[:, :, :colours])


async def test_sixteen_bits_reach_the_network_and_come_back() -> None:
    ramp = np.linspace(0, 65535, 26).astype(np.uint16)
    tile = np.repeat(np.tile(ramp, (22, 1))[:, :, np.newaxis], 3, axis=2)
    session = RepeatingSession(card())
    made = await TileRunner(card(), session, TWO).enlarge(tile, CORE)
    assert np.array_equal(made, expected(tile)) and len(np.unique(made)) == 20


async def test_alpha_of_one_level_is_not_run_and_stays_that_level() -> None:
    for level in (1, 131, 255):
        session = RepeatingSession(card(enlarges_alpha=True))
        tile = np.dstack((TILE, np.full(TILE.shape[:2], level, np.uint8)))
        made = await TileRunner(card(enlarges_alpha=True), session, TWO).enlarge(tile, CORE)
        assert len(session.shapes) == 1 and (made[:, :, 3] == level).all()


async def test_a_tile_of_which_nothing_shows_is_not_run() -> None:
    session = RepeatingSession(card())
    for colours in (1, 3):
        tile = np.dstack((TILE[:, :, :colours], np.zeros(TILE.shape[:2], np.uint8)))
        assert np.array_equal(await TileRunner(card(), session, TWO).enlarge(tile, CORE), expected(tile))
    assert session.shapes == []


async def test_a_soft_alpha_goes_through_the_network_where_that_is_better() -> None:
    alpha = np.tile(np.linspace(0, 255, 26).astype(np.uint8), (22, 1))
    tile = np.dstack((TILE, alpha))
    for enlarges_alpha, runs in ((True, 2), (False, 1)):
        model = card(enlarges_alpha=enlarges_alpha)
        session = RepeatingSession(model)
        made = await TileRunner(model, session, TWO).enlarge(tile, CORE)
        assert len(session.shapes) == runs
        assert (np.diff(made[0, :, 3].astype(int)) >= 0).all(), "a gradient stays one"
        assert np.array_equal(made[:, :, 3], expected(tile)[:, :, 3]) == enlarges_alpha


async def test_a_flat_tile_is_not_run_when_the_model_allows_it() -> None:
    flat = np.full((22, 26, 3), (200, 30, 90), np.uint8)
    model = card(flat_tiles=True)
    session = RepeatingSession(model)
    runner = TileRunner(model, session, TWO)
    for _ in range(3):
        assert np.array_equal(await runner.enlarge(flat, CORE), expected(flat))
    assert session.shapes == [(1, 7, 7, 3)], "once, on the smallest tile that shows the colour"
    assert np.array_equal(await runner.enlarge(TILE, CORE), expected(TILE))

    session = RepeatingSession(card())
    await TileRunner(card(), session, TWO).enlarge(flat, CORE)
    assert session.shapes == [(1, 22, 26, 3)]


@pytest.mark.parametrize("multiple_of", [1, 2, 4])
async def test_a_flat_tiles_answer_repeats_with_the_networks_phase(multiple_of: int) -> None:
    """A network that answers one colour with a pattern: the pattern goes on over the whole core."""

    class Patterned:
        provider = "numpy"
        arrangements: Sequence[Arrangement] = (TWO,)
        notes: Sequence[str] = ()

        async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
            tile = feeds["input"]
            period = 3 * multiple_of
            answer = tile.repeat(3, axis=1).repeat(3, axis=2)
            rows, columns = np.mgrid[0 : answer.shape[1], 0 : answer.shape[2]]
            return {"output": answer * ((rows % period + columns % period) / (2 * period))[None, :, :, None]}

    flat = np.full((32, 40, 3), 250, np.uint8)
    core = Region(4, 4, 30, 21)
    model = card(scale=3, overlap=4, multiple_of=multiple_of, flat_tiles=True)
    made = await TileRunner(model, Patterned(), TWO).enlarge(flat, core)
    whole = await TileRunner(card(scale=3, overlap=4, multiple_of=multiple_of), Patterned(), TWO).enlarge(flat, core)
    assert np.array_equal(made, whole) and len(np.unique(made)) > 1


async def test_the_ensemble_averages_eight_different_turns_before_rounding() -> None:
    session = GradientSession()
    model = card(scale=1)
    made = await TileRunner(model, session, TWO, tta=True).enlarge(TILE, CORE)
    assert len({tile.tobytes() for tile in session.inputs}) == 8
    whole = TILE / np.float32(255)
    total = np.zeros(TILE.shape)
    for turns in range(4):
        for mirror in (False, True):
            turned = np.rot90(whole, turns)
            turned = np.flip(turned, axis=1) if mirror else turned
            answer = (await GradientSession().run({"input": turned[np.newaxis]}, arrangement=TWO))["output"][0]
            answer = np.flip(answer, axis=1) if mirror else answer
            total += np.rot90(answer, 4 - turns)
    mean = (total / 8).clip(0, 1)[CORE.slices] * 255
    assert np.abs(made - mean).max() <= 0.51


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 3), st.integers(8, 60), st.booleans())
@settings(max_examples=60)
def test_short_memory_halves_the_tile_and_changes_nothing(
    width: int, height: int, multiple_of: int, most: int, tta: bool
) -> None:
    import asyncio

    overlap = 3 * multiple_of
    model = card(overlap=overlap, trim=overlap // 2, multiple_of=multiple_of)
    side = 60 + 2 * overlap
    tile = drawing(side, side)
    core = Region(overlap, overlap, width, height)
    smallest = 16 + multiple_of + 2 * overlap
    session = RepeatingSession(model, most_pixels=(most + smallest) ** 2)
    made = asyncio.run(TileRunner(model, session, TWO, tta=tta).enlarge(tile, core))
    assert np.array_equal(made, expected(tile, core))


async def test_after_two_shortages_further_tiles_are_small_at_once() -> None:
    model = card()
    session = RepeatingSession(model, most_pixels=900)
    runner = TileRunner(model, session, TWO)
    tile = drawing(70, 70)
    core = Region(3, 3, 64, 64)
    for _ in range(2):
        assert np.array_equal(await runner.enlarge(tile, core), expected(tile, core))
    least = [(1, 22, 22, 3)] * 4
    assert session.shapes == [(1, 70, 70, 3), (1, 38, 38, 3), *least, (1, 38, 38, 3), *least * 7]


async def test_one_shortage_halves_that_tile_alone() -> None:
    class ShortOnce(RepeatingSession):
        async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
            self._most_pixels = 10 if len(self.shapes) in (1, 7) else None
            return await super().run(feeds, arrangement=arrangement, is_smallest=is_smallest)

    model = card()
    session = ShortOnce(model)
    runner = TileRunner(model, session, TWO)
    tile = drawing(70, 70)
    core = Region(3, 3, 64, 64)
    for _ in range(4):
        assert np.array_equal(await runner.enlarge(tile, core), expected(tile, core))
    whole, halved = (1, 70, 70, 3), [(1, 70, 70, 3), *[(1, 38, 38, 3)] * 4]
    assert session.shapes == [whole, *halved, whole, *halved]


async def test_the_session_hears_which_tiles_cannot_be_cut_any_more() -> None:
    heard: dict[tuple[int, ...], set[bool]] = {}

    class Listening(RepeatingSession):
        async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
            heard.setdefault(feeds["input"].shape, set()).add(is_smallest)
            return await super().run(feeds, arrangement=arrangement, is_smallest=is_smallest)

    for tta in (False, True):
        runner = TileRunner(card(), Listening(card(), most_pixels=900), TWO, tta=tta)
        await runner.enlarge(drawing(70, 70), Region(3, 3, 64, 64))
    assert heard == {(1, 70, 70, 3): {False}, (1, 38, 38, 3): {False}, (1, 22, 22, 3): {True}}


async def test_no_memory_even_for_the_smallest_tile_is_told() -> None:
    session = RepeatingSession(card(), most_pixels=10)
    with pytest.raises(TooLarge, match="“doubling” even on a tile of 22 pixels") as raised:
        await TileRunner(card(), session, TWO).enlarge(TILE, CORE)
    assert isinstance(raised.value.__cause__, OutOfMemory)


async def test_other_failures_are_passed_on() -> None:
    with pytest.raises(SessionFailed, match="cannot be run"):
        await TileRunner(card(), RepeatingSession(card(), fail_at=1), TWO).enlarge(TILE, CORE)


async def test_a_model_that_is_not_what_the_catalogue_says_is_named() -> None:
    wrong: ModelCard = card(scale=3)
    with pytest.raises(SessionFailed, match=r"“doubling” answered .*\(66, 78, 3\) instead of \(44, 52, 3\)"):
        await TileRunner(card(), RepeatingSession(wrong), TWO).enlarge(TILE, CORE)


class BorderedSession(RepeatingSession):
    """A network that sees where a tile ends, as far as its overlap reaches, and answers in a pattern."""

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        answer = (await super().run(feeds, arrangement=arrangement, is_smallest=is_smallest))["output"].copy()
        _, height, width, _ = answer.shape
        reach, block = self._model.overlap * self._model.scale, self._model.multiple_of * self._model.scale
        down, across = (
            np.minimum(np.minimum(places, length - 1 - places), reach) / 1000 + places % block / 300
            for places, length in ((np.arange(height), height), (np.arange(width), width))
        )
        answer = answer / 2 + down[:, np.newaxis, np.newaxis] + 2 * across[:, np.newaxis]
        return {"output": answer.astype(np.float32)}


@given(st.integers(20, 90), st.integers(20, 90), st.integers(1, 3), st.integers(0, 40))
@settings(max_examples=40)
def test_short_memory_at_the_pictures_border_changes_nothing(
    width: int, height: int, multiple_of: int, most: int
) -> None:
    """Halved tiles end where the tile does, or an overlap away from what they answer for."""
    import asyncio

    model = card(overlap=3 * multiple_of, multiple_of=multiple_of)
    whole = model.margins.whole(Size(width, height))
    tile, core = drawing(whole.width, whole.height), Region(0, 0, width, height)
    at_once = asyncio.run(TileRunner(model, BorderedSession(model), TWO).enlarge(tile, core))
    session = BorderedSession(model, most_pixels=(16 + 9 * multiple_of + most) ** 2)
    assert np.array_equal(asyncio.run(TileRunner(model, session, TWO).enlarge(tile, core)), at_once)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 4), st.integers(0, 9), st.integers(16, 60))
@settings(max_examples=80)
def test_flat_tiles_are_what_the_network_makes_of_them_at_the_border_too(
    width: int, height: int, multiple_of: int, padding: int, core: int
) -> None:
    import asyncio

    picture = Size(width, height)
    known, run = (
        card(overlap=9, padding=padding, multiple_of=multiple_of, flat_tiles=flat_tiles) for flat_tiles in (True, False)
    )
    session = BorderedSession(known)
    runner, plain = TileRunner(known, session, TWO), TileRunner(run, BorderedSession(run), TWO)
    plan = plan_tiles(picture, known.margins, shape=known.margins.source(Size(core, core)))
    flat = np.full((plan.shape.height, plan.shape.width, 3), (200, 30, 90), np.uint8)
    for tile in plan.tiles:
        inside = tile.core.shifted(-tile.source.x, -tile.source.y)
        made, truth = (asyncio.run(one.enlarge(flat, inside)) for one in (runner, plain))
        assert np.array_equal(made, truth)
    assert all(shape[1] * shape[2] <= plan.shape.pixels for shape in session.shapes)


def test_flat_means_every_pixel() -> None:
    flat = np.full((5, 4, 3), 9, np.uint8)
    assert is_flat(flat)
    for y in range(5):
        for x in range(4):
            other = flat.copy()
            other[y, x, 1] = 10
            assert not is_flat(other)
