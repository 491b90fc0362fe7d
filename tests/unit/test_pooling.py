"""Networks that pool over the whole picture: all tiles of one are told the same means. With a network that weighs every
pixel by the mean of all that it sees, so that what is right is known."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import senmei
from drawings import drawing, opened, saved
from job_events import file_of
from pooling import PoolingSession, pooling_card, weighted
from repeating import RepeatingSession, arrangement, card, catalogue_of, repeated
from senmei.animation import Animation, Frame
from senmei.arrangement import Arrangement
from senmei.catalogue import Catalogue, ModelCard
from senmei.codecs import EncodeOptions, encode
from senmei.engine import UpscaleOptions, upscale
from senmei.errors import Cancelled, SessionFailed, TooLarge
from senmei.events import Event, Finished
from senmei.geometry import Region, Size
from senmei.jobs import CancelToken, Progress
from senmei.picture import Picture
from senmei.pixels import cut
from senmei.pooled_means import PooledMeans
from senmei.sessions import Tensors
from senmei.tile_runner import TileRunner
from senmei.tiling import plan_tiles

ON = arrangement(2)
BUDGET = 2_000_000_000
PICTURE = drawing(600, 440, seed=4, noise=8)


class Jobs:
    """Runs jobs on pictures and remembers the sessions."""

    def __init__(self, catalogue: Catalogue, **session: Any) -> None:
        self.catalogue = catalogue
        self.sessions: dict[str, RepeatingSession] = {}
        self.cancel = CancelToken()
        self._session = session

    async def open_session(self, model: ModelCard) -> RepeatingSession:
        if model.id not in self.sessions:
            kind = PoolingSession if model.pooled else RepeatingSession
            self.sessions[model.id] = kind(model, **self._session)
        return self.sessions[model.id]

    async def run(self, data: bytes, **options: Any) -> list[Event]:
        events = upscale(
            data,
            UpscaleOptions(**{"model": "pooling", **options}),
            catalogue=self.catalogue,
            open_session=self.open_session,
            cancel=self.cancel,
            budget_bytes=BUDGET,
        )
        return [event async for event in events]

    def told(self, model_id: str = "pooling") -> list[tuple[int, tuple[float, ...] | None]]:
        session = self.sessions[model_id]
        assert isinstance(session, PoolingSession)
        return session.told


def pooling(workers: int = 2, **facts: Any) -> Jobs:
    return Jobs(catalogue_of(pooling_card(**facts)), workers=workers)


def levels(events: Sequence[Event]) -> np.ndarray:
    return opened(file_of(events)).astype(float)


def padded(model: ModelCard, picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    whole = model.margins.whole(Size(width, height))
    return cut(picture, Region(-model.margins.padding, -model.margins.padding, whole.width, whole.height))


def found_in(picture: np.ndarray) -> np.ndarray:
    return (picture / np.float32(255)).mean(axis=(0, 1), dtype=np.float64).astype(np.float32)


def whole(picture: np.ndarray, *, scale: int = 2, means: np.ndarray | None = None) -> np.ndarray:
    """What the network makes of a picture that it sees at once, in levels, not rounded."""
    used = found_in(picture) if means is None else means
    return weighted(repeated(picture / np.float32(255), scale), used) * 255


async def test_a_picture_in_one_tile_is_run_as_it_is_and_nothing_before_it() -> None:
    jobs = pooling(workers=1, padding=2)
    made = levels(await jobs.run(saved(PICTURE)))
    assert jobs.told() == [(1, None)]
    expected = whole(PICTURE, means=found_in(padded(pooling_card(padding=2), PICTURE)))
    assert np.abs(made - expected).max() <= 0.501


async def test_all_tiles_are_told_the_same_and_it_is_nearly_what_the_whole_has() -> None:
    jobs = pooling()
    made = levels(await jobs.run(saved(PICTURE), tile=48))
    sample = [pictures for pictures, means in jobs.told() if means is None]
    tiles = [means for _, means in jobs.told() if means is not None]
    assert sum(sample) >= 20 and len(tiles) > 20 and len(set(tiles)) == 1
    assert all(means is None for _, means in jobs.told()[: len(sample)]), "the sample comes first"
    assert tiles[0] == pytest.approx(found_in(PICTURE), abs=0.03)
    assert np.abs(made - whole(PICTURE, means=np.array(tiles[0], np.float32))).max() <= 0.501
    assert np.abs(made - whole(PICTURE)).max() <= 4


@given(st.integers(1, 90), st.integers(1, 90), st.integers(16, 50), st.integers(0, 9), st.integers(1, 4))
@settings(max_examples=40)
def test_tiles_that_are_told_the_wholes_means_are_the_whole(
    width: int, height: int, tile: int, overlap: int, multiple_of: int
) -> None:
    model = pooling_card(overlap=overlap, trim=overlap // 2, multiple_of=multiple_of)
    picture = drawing(width, height, seed=width)
    runner = TileRunner(model, PoolingSession(model), ON)
    planned = plan_tiles(Size(width, height), model.margins, shape=model.margins.source(Size(tile, tile)))
    means = PooledMeans(found_in(picture)[np.newaxis])
    made = np.zeros((2 * height, 2 * width, 3), np.uint8)
    for one in planned.tiles:
        inside = one.core.shifted(-one.source.x, -one.source.y)
        made[one.core.scaled(2).slices] = asyncio.run(runner.enlarge(cut(picture, one.source), inside, means))
    assert np.abs(made - whole(picture)).max() <= 0.501


async def test_a_second_pass_is_told_what_the_first_one_made() -> None:
    jobs = Jobs(catalogue_of(pooling_card(next_pass="second"), pooling_card("second", overlap=5)))
    made = levels(await jobs.run(saved(PICTURE), tile=64, scale=4))
    first = whole(PICTURE)
    second = whole(np.rint(first))
    told = {means for _, means in jobs.told("second") if means is not None}
    assert len(told) == 1
    assert next(iter(told)) == pytest.approx(found_in(np.rint(first)), abs=0.03)
    assert np.abs(made - second).max() <= 6


@pytest.mark.parametrize("tile", [None, 64])
async def test_the_first_pass_may_be_one_that_does_not_pool_or_see_all(tile: int | None) -> None:
    plain = Jobs(catalogue_of(card("pooling", next_pass="second"), pooling_card("second")))
    made = levels(await plain.run(saved(PICTURE), tile=tile, scale=4))
    assert np.abs(made - whole(repeated(PICTURE, 2))).max() <= 4
    pooled_first = Jobs(catalogue_of(pooling_card(next_pass="second"), card("second")))
    made = levels(await pooled_first.run(saved(PICTURE), tile=tile, scale=4))
    assert np.abs(made - repeated(whole(PICTURE), 2)).max() <= 4.5


async def test_a_first_pass_in_one_tile_keeps_its_own_means_before_a_second_of_many() -> None:
    small = PICTURE[:60, :60]
    jobs = Jobs(catalogue_of(pooling_card(next_pass="second"), pooling_card("second")), workers=1)
    made = levels(await jobs.run(saved(small), tile=60, scale=4))
    assert jobs.told()[-1] == (1, None)
    assert len({means for _, means in jobs.told("second") if means is not None}) == 1
    assert np.abs(made - whole(np.rint(whole(small)))).max() <= 12


@pytest.mark.parametrize("tile", [None, 48])
async def test_gray_and_sixteen_bits_are_pooled_as_they_are(tile: int | None) -> None:
    gray = PICTURE[:, :, :1]
    made = levels(await pooling().run(saved(gray[:, :, 0]), tile=tile))
    assert made.ndim == 2 and np.abs(made - whole(gray)[:, :, 0]).max() <= 4
    deep = encode(Picture(PICTURE.astype(np.uint16) * 257), EncodeOptions())
    result = senmei.decode(file_of(await pooling().run(deep, tile=tile)))
    assert isinstance(result, Picture) and result.pixels.dtype == np.uint16
    assert np.abs(result.pixels / 257 - whole(PICTURE)).max() <= 4


async def test_alpha_has_means_of_its_own_and_costs_nothing_where_it_is_even() -> None:
    ramp = np.tile(np.linspace(0, 255, 600).astype(np.uint8), (440, 1))
    for alpha, doubles in ((ramp, True), (np.full_like(ramp, 255), False), (np.full_like(ramp, 90), False)):
        data = saved(np.dstack((PICTURE, alpha)))
        jobs = pooling(enlarges_alpha=True)
        made = levels(await jobs.run(data, tile=48))
        told = {means for _, means in jobs.told() if means is not None}
        assert len(told) == 1 + doubles
        ofs = [pictures for pictures, means in jobs.told() if means is None]
        plain = pooling()
        await plain.run(saved(PICTURE), tile=48)
        assert sum(ofs) == (1 + doubles) * sum(pictures for pictures, means in plain.told() if means is None)
        if doubles:
            expected = whole(np.repeat(alpha[:, :, np.newaxis], 3, axis=2)).mean(axis=2)
            settled = np.abs(made[:, :, 3] - expected) > 4
            assert settled.mean() < 0.2, "but where alpha is even around, which stays what it was"
        else:
            assert np.array_equal(made[:, :, 3], repeated(alpha, 2))


async def test_alpha_that_the_network_does_not_enlarge_is_not_looked_at() -> None:
    ramp = np.tile(np.linspace(0, 255, 600).astype(np.uint8), (440, 1))
    jobs = pooling()
    await jobs.run(saved(np.dstack((PICTURE, ramp))), tile=48)
    assert len({means for _, means in jobs.told() if means is not None}) == 1


@pytest.mark.parametrize("tile", [None, 48])
async def test_each_turn_of_all_tiles_is_told_what_its_own_turn_of_the_sample_has(tile: int | None) -> None:
    """With a network that pools over the upper half of what it sees."""

    class UpperHalf(PoolingSession):
        async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
            answer = await super().run(feeds, arrangement=arrangement, is_smallest=is_smallest)
            if feeds["given"][0]:
                return answer
            upper = feeds["input"][:, : feeds["input"].shape[1] // 2]
            found = upper.mean(axis=(0, 1, 2), dtype=np.float64).astype(np.float32)
            output = repeated(feeds["input"][0], 2)[np.newaxis]
            return {"output": weighted(output, found), "means_found": found}

    shaded = np.array(PICTURE * np.linspace(0.1, 1, 600)[:, np.newaxis], np.uint8)
    jobs = pooling(workers=1)
    jobs.sessions["pooling"] = UpperHalf(pooling_card(), workers=1)
    made = levels(await jobs.run(saved(shaded), tile=tile, tta=True))
    if tile is None:
        assert jobs.told() == [(1, None)] * 8
        halves = [found_in(np.rot90(shaded, turns)[: np.rot90(shaded, turns).shape[0] // 2]) for turns in range(4)]
        assert np.abs(made - whole(shaded, means=np.mean(halves, axis=0))).max() <= 0.501
    else:
        told = Counter(means for _, means in jobs.told() if means is not None)
        assert 4 <= len(told) <= 8, "as many as there are turns, of which mirrorings may find the same"
        tiles = sum(told.values()) // 8
        assert tiles > 20 and all(count % tiles == 0 for count in told.values())
        assert np.ptp(np.array(list(told)), axis=0).max() > 0.005
        looked = sum(pictures for pictures, means in jobs.told() if means is None)
        assert looked % 8 == 0 and looked * 26**2 <= sum(told.values()) * 54**2 / 8


def animated(frames: Sequence[np.ndarray]) -> bytes:
    made = tuple(
        Frame(Picture(frame[:, :, :3], frame[:, :, 3] if frame.shape[2] == 4 else None), 50) for frame in frames
    )
    return encode(Animation(made), EncodeOptions(format="png"))


def moving(count: int = 8, *, width: int = 160, height: int = 90) -> list[np.ndarray]:
    """A bright square wanders over a dark ground, and grows: the means of the frames are far from each other."""
    frames = []
    for index in range(count):
        frame = np.array(drawing(width, height, seed=9) // 3, np.uint8)
        frame[20 : 24 + 8 * index, 10 * index : 14 + 14 * index] = (255, 240, 220)
        frames.append(frame)
    return frames


@pytest.mark.parametrize("tile", [None, 32])
async def test_what_stands_still_in_an_animation_stays_the_same(tile: int | None) -> None:
    jobs = pooling()
    frames = moving()
    events = await jobs.run(animated(frames), tile=tile)
    made = senmei.decode(file_of(events))
    assert isinstance(made, Animation) and len(made.frames) == 8
    still = (np.ptp(np.array(frames), axis=0) == 0).all(axis=2).repeat(2, axis=0).repeat(2, axis=1)
    assert still.mean() > 0.3
    for frame in made.frames:
        assert np.array_equal(frame.picture.pixels[still], made.frames[0].picture.pixels[still])
    told = {means for _, means in jobs.told() if means is not None}
    assert len(told) == 1
    over_all = np.mean([found_in(frame) for frame in frames], axis=0)
    assert next(iter(told)) == pytest.approx(over_all, abs=0.06), "of frames from the first to the last"
    end = events[-1]
    assert isinstance(end, Finished) and end.tiles_run == sum(means is not None for _, means in jobs.told())


async def test_an_animation_with_alpha_and_two_passes_and_one_that_ends_early() -> None:
    frames = [np.dstack((frame, np.full(frame.shape[:2], 255, np.uint8))) for frame in moving()]
    for index, frame in enumerate(frames):
        frame[60:, :, 3] = np.linspace(0, 255, 160) if index > 3 else 255
    model = pooling_card(enlarges_alpha=True, next_pass="second")
    jobs = Jobs(catalogue_of(model, pooling_card("second", enlarges_alpha=True)))
    made = senmei.decode(file_of(await jobs.run(animated(frames), tile=32, scale=4)))
    assert isinstance(made, Animation) and made.size == Size(640, 360)
    for name in ("pooling", "second"):
        assert len({means for _, means in jobs.told(name) if means is not None}) == 2, "of colour and of alpha"
    opaque = [np.dstack((frame, np.full(frame.shape[:2], 255, np.uint8))) for frame in moving()]
    jobs = pooling(enlarges_alpha=True)
    made = senmei.decode(file_of(await jobs.run(animated(opaque), tile=32)))
    assert isinstance(made, Animation)
    assert len({means for _, means in jobs.told() if means is not None}) == 1


async def test_one_frame_of_an_animation_is_a_still() -> None:
    jobs = pooling(workers=1)
    frames = moving()
    made = levels(await jobs.run(animated(frames), frames=3))
    assert jobs.told() == [(1, None)] and np.abs(made - whole(frames[2])).max() <= 0.501


@pytest.mark.parametrize("most_pixels", [50**2, 26**2])
async def test_when_memory_is_short_crops_and_tiles_are_fewer_and_smaller_and_still_alike(most_pixels: int) -> None:
    for tile in (None, 64):
        jobs = Jobs(catalogue_of(pooling_card()), most_pixels=most_pixels)
        made = levels(await jobs.run(saved(PICTURE), tile=tile))
        told = {means for _, means in jobs.told() if means is not None}
        assert len(told) == 1
        assert np.abs(made - whole(PICTURE, means=np.array(next(iter(told)), np.float32))).max() <= 0.501
        assert np.abs(made - whole(PICTURE)).max() <= 5


async def test_no_memory_for_a_single_crop_is_told() -> None:
    jobs = Jobs(catalogue_of(pooling_card()), most_pixels=10)
    with pytest.raises(TooLarge, match="“pooling” even on a tile of 26 pixels"):
        await jobs.run(saved(PICTURE), tile=64)


async def test_a_sample_that_fails_fails_the_job() -> None:
    jobs = Jobs(catalogue_of(pooling_card()), fail_at=2)
    with pytest.raises(SessionFailed, match="cannot be run"):
        await jobs.run(saved(PICTURE), tile=48)
    await asyncio.sleep(0.01)
    assert jobs.sessions["pooling"].running == 0


async def test_a_network_that_finds_other_means_than_its_card_says_is_named() -> None:
    model = pooling_card()

    class Another(PoolingSession):
        async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
            answer = await super().run(feeds, arrangement=arrangement, is_smallest=is_smallest)
            return {**answer, "means_found": np.zeros(4, np.float32)}

    jobs = Jobs(catalogue_of(model))
    jobs.sessions["pooling"] = Another(model)
    with pytest.raises(SessionFailed, match=r"“pooling” found means of the shape \(4,\) instead of \(3,\)"):
        await jobs.run(saved(PICTURE), tile=48)


@pytest.mark.parametrize("data", [saved(PICTURE), animated(moving())])
async def test_cancelled_while_the_sample_is_taken_no_tile_is_begun(data: bytes) -> None:
    jobs = pooling()

    class Endless(PoolingSession):
        async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
            self.told.append((len(feeds["input"]), None))
            asyncio.get_running_loop().call_soon(jobs.cancel.cancel)
            self.running += 1
            try:
                await asyncio.sleep(1000)
            finally:
                self.running -= 1
            raise AssertionError("unreachable")

    jobs.sessions["pooling"] = Endless(pooling_card())
    with pytest.raises(Cancelled):
        await jobs.run(data, tile=48)
    await asyncio.sleep(0)
    assert jobs.sessions["pooling"].running == 0 and 0 < len(jobs.told()) <= ON.in_flight


@pytest.mark.parametrize("data", [saved(PICTURE), animated(moving())])
async def test_the_bar_counts_the_sample_and_never_falls(data: bytes) -> None:
    events = await pooling().run(data, tile=32)
    told = [event for event in events if isinstance(event, Progress) and event.stage == "infer"]
    fractions = [event.fraction for event in told]
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(0.95)
    assert fractions[0] < fractions[1] < 0.4 and told[0].done == told[1].done == 0
