"""Whole jobs on animations, with sessions that repeat every pixel, so that every frame is known exactly."""

import asyncio
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import senmei
from drawings import drawing, opened, saved
from job_events import file_of
from repeating import RepeatingSession, arrangements, card, catalogue_of, repeated
from senmei.animation import Animation, Frame
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.codecs import EncodeOptions, encode
from senmei.engine import UpscaleOptions, plan, upscale
from senmei.errors import Cancelled, InvalidOption, TooLarge
from senmei.events import Event, Finished, Planned, TilePainted
from senmei.geometry import Size
from senmei.jobs import CancelToken, Progress
from senmei.picture import Metadata, Picture
from senmei.resampling import LANCZOS, resample
from senmei.sessions import Tensors

CATALOGUE = catalogue_of(card("clean", next_pass="plain", overlap=3), card("plain", overlap=1))
BUDGET = 2_000_000_000
DURATIONS = (50.0, 120.0, 10.0, 30.0, 70.0, 40.0)


class Jobs:
    """Runs jobs and remembers the sessions."""

    def __init__(self) -> None:
        self.sessions: dict[str, RepeatingSession] = {}
        self.cancel = CancelToken()

    async def open_session(self, model: ModelCard) -> RepeatingSession:
        return self.sessions.setdefault(model.id, RepeatingSession(model))

    async def run(self, data: bytes, **options: object) -> list[Event]:
        chosen = UpscaleOptions(**{"model": "clean", **options})  # type: ignore[arg-type] # the tests' own words
        events = upscale(
            data,
            chosen,
            catalogue=CATALOGUE,
            open_session=self.open_session,
            cancel=self.cancel,
            budget_bytes=BUDGET,
        )
        return [event async for event in events]


async def run(data: bytes, **options: object) -> list[Event]:
    return await Jobs().run(data, **options)


def finished(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def animation_of(events: list[Event]) -> Animation:
    made = senmei.decode(file_of(events))
    assert isinstance(made, Animation)
    return made


def moving(count: int = 6, *, width: int = 96, height: int = 64) -> list[np.ndarray]:
    """A square of few colours wanders over a still background."""
    background = np.array(drawing(width, height) // 64 * 64, np.uint8)
    frames = []
    for index in range(count):
        frame = background.copy()
        frame[10 : 10 + 12, 8 * index : 8 * index + 12] = (255, 10, 20)
        frames.append(frame)
    return frames


def source(name: str, frames: list[np.ndarray] | None = None, **facts: object) -> bytes:
    """An animated file made of frames, (H, W, 3) or with alpha (H, W, 4)."""
    pictures = [
        Picture(frame[:, :, :3].copy(), frame[:, :, 3].copy() if frame.shape[2] == 4 else None)
        for frame in frames or moving()
    ]
    timed = tuple(Frame(one, DURATIONS[index % 6]) for index, one in enumerate(pictures))
    options = EncodeOptions(format=name, lossless=name == "webp")
    return encode(Animation(timed, **{"loop_count": 3, **facts}), options)  # type: ignore[arg-type] # the tests' own words


def exact(name: str) -> EncodeOptions:
    """Without any loss, as long as a frame has no more than 255 colours."""
    return EncodeOptions(format=name, palette="local" if name == "gif" else None)


def samples_of(picture: Picture) -> np.ndarray:
    return picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])


@pytest.mark.parametrize("name", ["gif", "png", "webp"])
async def test_every_frame_is_enlarged_and_time_and_loops_are_kept(name: str) -> None:
    events = await run(source(name), output=exact(name))
    made = animation_of(events)
    assert [samples_of(frame.picture)[:, :, :3].tolist() for frame in made.frames] == [
        repeated(frame, 2).tolist() for frame in moving()
    ]
    assert tuple(frame.duration_ms for frame in made.frames) == DURATIONS and made.loop_count == 3
    end = finished(events)
    assert (end.format, end.frames, end.size, end.part) == (name, 6, Size(192, 128), "")


@pytest.mark.parametrize("name", ["gif", "png", "webp"])
@pytest.mark.parametrize("other", ["gif", "png", "webp"])
async def test_any_kind_becomes_any_other(name: str, other: str) -> None:
    made = animation_of(await run(source(name), output=exact(other)))
    assert np.array_equal(samples_of(made.frames[5].picture)[:, :, :3], repeated(moving()[5], 2))
    assert tuple(frame.duration_ms for frame in made.frames) == DURATIONS


async def test_tiles_that_stay_are_not_run_again() -> None:
    jobs = Jobs()
    frames = moving(width=300, height=200)
    events = await jobs.run(source("png", frames))
    end, ran = finished(events), len(jobs.sessions["clean"].shapes)
    assert end.tiles_run == ran
    assert end.tiles == 6 * (end.tiles // 6) and ran * 3 < end.tiles
    assert np.array_equal(animation_of(events).frames[4].picture.pixels, repeated(frames[4], 2))
    foreseen = [event for event in events if isinstance(event, Planned)][-1]
    assert ran <= foreseen.tiles < end.tiles


async def test_what_comes_again_is_known_also_after_a_pause() -> None:
    jobs = Jobs()
    one, other = moving(2)
    events = await jobs.run(source("png", [one, other] * 5), tile=32)
    again = Jobs()
    await again.run(source("png", [one, other]), tile=32)
    assert len(jobs.sessions["clean"].shapes) == len(again.sessions["clean"].shapes)
    assert finished(events).frames == 10


async def test_passes_and_a_resample_for_every_frame() -> None:
    made = animation_of(await run(source("png"), scale=3))
    for frame, drawn in zip(made.frames, moving(), strict=True):
        expected = resample(repeated(drawn, 4), Size(288, 192), LANCZOS)
        assert np.abs(frame.picture.pixels.astype(int) - expected).max() <= 1


async def test_without_a_network_frames_are_enlarged_plainly() -> None:
    jobs = Jobs()
    events = await jobs.run(source("png"), strength=0)
    assert not jobs.sessions and finished(events).provider == "none"
    assert len(animation_of(events).frames) == 6


async def test_soft_alpha_lives_on_in_apng_and_webp_and_is_cut_in_gif() -> None:
    frames = [np.dstack([frame, np.full(frame.shape[:2], 200, np.uint8)]) for frame in moving()]
    for frame in frames:
        frame[:20, :20, 3] = 0
    for name in ("png", "webp"):
        made = animation_of(await run(source(name, frames)))
        alpha = made.frames[2].picture.alpha
        assert alpha is not None and (alpha[:38, :38] == 0).all() and (alpha[60:, 60:] == 200).all()
    events = await run(source("png", frames), output=EncodeOptions(format="gif"))
    alpha = animation_of(events).frames[2].picture.alpha
    assert alpha is not None and set(np.unique(alpha)) == {0, 255}
    assert any("transparen" in note for note in finished(events).notes)


async def test_equal_neighbours_become_one_frame_when_that_is_wanted() -> None:
    one, other = moving(2)
    data = source("png", [one, one, other, one, one, one])
    assert finished(await run(data)).frames == 6
    events = await run(data, merge=True)
    made = animation_of(events)
    assert finished(events).frames == 3
    assert [frame.duration_ms for frame in made.frames] == [170.0, 10.0, 140.0]


async def test_metadata_goes_along() -> None:
    data = source("png", metadata=Metadata(xmp=b"<x:xmpmeta/>", texts=(("Comment", "made by a test"),)))
    made = animation_of(await run(data))
    assert made.metadata.texts == (("Comment", "made by a test"),) and made.metadata.xmp == b"<x:xmpmeta/>"
    stripped = animation_of(await run(data, output=EncodeOptions(metadata="strip")))
    assert stripped.metadata == Metadata()


async def test_one_frame_alone() -> None:
    data = source("gif")
    for index in (0, 3, 5):
        events = await run(data, frames=index + 1)
        assert np.array_equal(opened(file_of(events)), repeated(moving()[index], 2))
        assert (finished(events).format, finished(events).part) == ("png", f"frame{index + 1}")
    with pytest.raises(InvalidOption, match=r"no frame 7; this GIF has the frames 1 to 6"):
        await run(data, frames=7)


async def test_a_zip_of_frames() -> None:
    events = await run(source("webp"), frames="zip", output=EncodeOptions(format="jpeg", quality=95))
    with zipfile.ZipFile(io.BytesIO(file_of(events))) as archive:
        assert archive.testzip() is None
        names = [f"{number:04}.jpg" for number in range(1, 7)]
        assert archive.namelist() == [*names, "animation.json"]
        times = json.loads(archive.read("animation.json"))
        frame = opened(archive.read("0003.jpg"))
    assert times["loop_count"] == 3
    assert [(one["file"], one["duration_ms"]) for one in times["frames"]] == list(zip(names, DURATIONS, strict=True))
    assert np.abs(frame.astype(int) - repeated(moving()[2], 2)).mean() < 6
    assert finished(events).format == "zip"


async def test_a_sheet_of_frames() -> None:
    events = await run(source("gif", moving(5)), frames="sheet")
    sheet, end = opened(file_of(events)), finished(events)
    columns, rows = sheet.shape[1] // 192, sheet.shape[0] // 128
    assert columns * rows in (5, 6) and end.size == Size(columns * 192, rows * 128)
    for index, frame in enumerate(moving(5)):
        x, y = index % columns * 192, index // columns * 128
        assert np.array_equal(sheet[y : y + 128, x : x + 192, :3], repeated(frame, 2))
    assert any(f"{columns} × {rows}" in note for note in end.notes)


@pytest.mark.parametrize("name", ["gif", "png", "webp"])
async def test_ended_early_it_plays_the_frames_that_are_done(name: str) -> None:
    jobs = Jobs()
    data = source(name, moving(12))
    events = upscale(
        data,
        UpscaleOptions(model="clean", output=exact(name)),
        catalogue=CATALOGUE,
        open_session=jobs.open_session,
        cancel=jobs.cancel,
        budget_bytes=BUDGET,
    )
    heard: list[Event] = []
    async for event in events:
        heard.append(event)
        if isinstance(event, Progress) and event.frame == 4:
            jobs.cancel.end_early()
    end = finished(heard)
    made = animation_of(heard)
    assert 4 <= end.frames == len(made.frames) < 12
    for frame, drawn in zip(made.frames, moving(12), strict=False):
        assert np.array_equal(samples_of(frame.picture)[:, :, :3], repeated(drawn, 2))
    assert any(f"{end.frames} of 12 frames" in note for note in end.notes)


async def test_cancelled_it_stops_at_once() -> None:
    jobs = Jobs()
    jobs.cancel.cancel()
    with pytest.raises(Cancelled):
        await jobs.run(source("gif"))


async def test_cancelled_in_the_middle_no_tile_is_computed_any_more() -> None:
    jobs = Jobs()

    class Endless(RepeatingSession):
        async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
            asyncio.get_running_loop().call_soon(jobs.cancel.cancel)
            self.running += 1
            try:
                await asyncio.sleep(1000)
            finally:
                self.running -= 1
            raise AssertionError

    session = jobs.sessions["clean"] = Endless(card("clean"))
    with pytest.raises(Cancelled):
        await jobs.run(source("gif"))
    await asyncio.sleep(0)
    assert session.running == 0


async def test_progress_counts_frames_and_tiles_and_never_falls() -> None:
    events = await run(source("gif"), tile=32)
    told = [event for event in events if isinstance(event, Progress) and event.stage == "infer"]
    assert [one.fraction for one in told] == sorted(one.fraction for one in told)
    assert told[-1].done == told[-1].total == finished(events).tiles
    assert (told[-1].frame, told[-1].frames) == (6, 6)
    assert [one.frame for one in told] == sorted(one.frame for one in told)
    painted = {event.frame for event in events if isinstance(event, TilePainted)}
    assert painted == set(range(6))


async def test_memory_does_not_grow_with_the_frames() -> None:
    few = plan(
        source("gif"),
        UpscaleOptions(model="clean"),
        catalogue=CATALOGUE,
        arrangements=arrangements,
        budget_bytes=BUDGET,
    )
    data = source("gif", moving(6) * 20)
    many = plan(
        data, UpscaleOptions(model="clean"), catalogue=CATALOGUE, arrangements=arrangements, budget_bytes=BUDGET
    )
    assert (few.frames, many.frames) == (6, 120)
    assert many.memory.peak_bytes - few.memory.peak_bytes <= 2 * len(data)


async def test_what_cannot_be_is_refused_before_any_work() -> None:
    data = source("gif")
    for output, sentence in (("jpeg", "JPEG holds one picture"), ("tiff", "TIFF holds one picture")):
        with pytest.raises(InvalidOption, match=sentence):
            await run(data, output=EncodeOptions(format=output))
    with pytest.raises(InvalidOption, match="“film” is unknown"):
        await run(data, frames="film")
    wide = [np.zeros((1, 5000, 3), np.uint8), np.ones((1, 5000, 3), np.uint8)]
    with pytest.raises(TooLarge, match=r"65,535 pixels a side.*APNG"):
        await run(source("gif", wide), scale=16)
    with pytest.raises(TooLarge, match="memory"):
        plan(data, UpscaleOptions(model="clean"), catalogue=CATALOGUE, arrangements=arrangements, budget_bytes=100_000)


async def test_a_still_ignores_what_is_meant_for_animations() -> None:
    rgb = drawing(20, 14)
    for frames in ("animation", "zip", "sheet", 0):
        events = await run(saved(rgb), frames=frames, merge=True)
        assert np.array_equal(opened(file_of(events)), repeated(rgb, 2))
        assert finished(events).part == "" and finished(events).format == "png"
    few = np.array(rgb // 128 * 128, np.uint8)
    events = await run(saved(few), output=EncodeOptions(format="gif"))
    made = senmei.decode(file_of(events))
    assert isinstance(made, Picture) and np.array_equal(made.pixels, repeated(few, 2))


async def test_a_cut_file_gives_the_frames_before_the_cut_and_says_so() -> None:
    data = source("png")
    events = await run(data[: int(len(data) * 0.9)])
    end = finished(events)
    assert 1 <= end.frames < 6 and end.notes
    assert np.array_equal(animation_of(events).frames[0].picture.pixels, repeated(moving()[0], 2))


def test_options_are_checked() -> None:
    options = UpscaleOptions(model="clean", frames="film")  # type: ignore[arg-type] # that is the point
    with pytest.raises(InvalidOption, match="animation, zip, sheet"):
        options.check(CATALOGUE)
    assert replace(options, frames=7).part == "frame7"
