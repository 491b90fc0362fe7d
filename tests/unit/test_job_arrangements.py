"""What a job tells of the workers that it runs on, of the time it will take, and of what went wrong meanwhile."""

import numpy as np
import pytest

from drawings import drawing, saved
from repeating import RepeatingSession, arrangement, card, catalogue_of
from senmei.animation import Animation, Frame
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.codecs import EncodeOptions, encode
from senmei.engine import UpscaleOptions, plan, upscale
from senmei.events import Event, Finished, Planned
from senmei.jobs import CancelToken
from senmei.picture import Picture
from senmei.sessions import Tensors

CATALOGUE = catalogue_of(card("clean", next_pass="plain"), card("plain", overlap=1))
BUDGET = 2_000_000_000
GPU = arrangement(1, provider="webgpu", fixed_shapes=True, pixel_ns=400)
WORKERS = arrangement(4, provider="wasm")
THREADS = arrangement(1, provider="wasm", threads=4, pixel_ns=8_000)


class WatchedSession(RepeatingSession):
    """Remembers what its runs were to be on. fails_at: the run at which its first arrangement is lost."""

    def __init__(
        self, model: ModelCard, *offered: Arrangement, fails_at: int | None = None, notes: tuple[str, ...] = ()
    ):
        super().__init__(model)
        self.arrangements, self.notes = offered, notes
        self.asked: list[Arrangement] = []
        self._fails_at = fails_at

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        self.asked.append(arrangement)
        if len(self.asked) == self._fails_at:
            self.arrangements = self.arrangements[1:]
            self.notes = (*self.notes, "The GPU was lost; the processor went on.")
        return await super().run(feeds, arrangement=arrangement, is_smallest=is_smallest)


class Sessions:
    """Opens sessions that all offer the same, and counts them."""

    def __init__(self, *offered: Arrangement, fails_at: int | None = None, notes: tuple[str, ...] = ()) -> None:
        self.offered = offered
        self.opened: dict[str, WatchedSession] = {}
        self._fails_at, self._notes = fails_at, notes

    async def open(self, model: ModelCard) -> WatchedSession:
        assert model.id not in self.opened, "opened twice in one job"
        self.opened[model.id] = WatchedSession(model, *self.offered, fails_at=self._fails_at, notes=self._notes)
        return self.opened[model.id]

    async def run(self, data: bytes, **options: object) -> list[Event]:
        chosen = UpscaleOptions(**{"model": "clean", **options})  # type: ignore[arg-type] # the tests' own words
        events = upscale(
            data,
            chosen,
            catalogue=CATALOGUE,
            open_session=self.open,
            cancel=CancelToken(),
            budget_bytes=BUDGET,
            decode_elsewhere=turned,
        )
        return [event async for event in events]

    def plan(self, data: bytes, **options: object) -> Planned:
        chosen = UpscaleOptions(**{"model": "clean", **options})  # type: ignore[arg-type] # the tests' own words
        return plan(data, chosen, catalogue=CATALOGUE, arrangements=lambda _: self.offered, budget_bytes=BUDGET)


async def turned(data: bytes, mime: str) -> tuple[int, int, bytes]:
    """A decoder that turns what it is given on its side."""
    return 40, 60, np.dstack((drawing(40, 60), np.full((60, 40), 255, np.uint8))).tobytes()


def end(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def plans(events: list[Event]) -> list[Planned]:
    return [event for event in events if isinstance(event, Planned)]


STILL = saved(drawing(64, 48))
MOVING = encode(
    Animation(tuple(Frame(Picture(drawing(64, 48, seed=seed)), 50.0) for seed in range(3)), loop_count=0),
    EncodeOptions(format="png"),
)
both = pytest.mark.parametrize("data", [STILL, MOVING], ids=["still", "animation"])


@both
async def test_every_run_is_asked_for_on_the_arrangement_that_was_chosen_and_told(data: bytes) -> None:
    for offered, chosen in (((WORKERS, THREADS), THREADS), ((THREADS, WORKERS), THREADS), ((WORKERS, GPU), GPU)):
        sessions = Sessions(*offered)
        told = end(await sessions.run(data, scale=4))
        assert (told.provider, told.workers, told.threads) == (chosen.provider, chosen.workers, chosen.threads)
        assert {one for session in sessions.opened.values() for one in session.asked} == {chosen}


@both
async def test_what_took_over_is_told_with_its_reason_once(data: bytes) -> None:
    sessions = Sessions(GPU, WORKERS, fails_at=1)
    told = end(await sessions.run(data, scale=4, tile=16))
    assert (told.provider, told.workers, told.threads) == ("wasm", 4, 1)
    assert told.notes.count("The GPU was lost; the processor went on.") == 1


async def test_of_many_troubles_a_few_are_told() -> None:
    sessions = Sessions(WORKERS, notes=tuple(f"Trouble {number}." for number in range(7)))
    assert end(await sessions.run(STILL, scale=4)).notes == (
        "Trouble 0.",
        "Trouble 1.",
        "Trouble 2.",
        "There were 4 more troubles, mended too.",
    )


@both
async def test_without_a_network_nothing_computed(data: bytes) -> None:
    events = await Sessions(WORKERS).run(data, strength=0)
    assert (end(events).provider, end(events).workers, end(events).threads) == ("none", 0, 0)
    assert plans(events)[0].estimate_ms is None


async def test_a_model_is_opened_once_for_all_its_passes_and_when_the_picture_turns_out_to_be_turned() -> None:
    sessions = Sessions(WORKERS)
    await sessions.run(STILL, scale=16)
    assert set(sessions.opened) == {"clean", "plain"}
    size = (60).to_bytes(4, "big") + (40).to_bytes(4, "big")

    def box(kind: bytes, *parts: bytes) -> bytes:
        return (8 + len(b"".join(parts))).to_bytes(4, "big") + kind + b"".join(parts)

    shown = box(b"iprp", box(b"ipco", box(b"ispe", bytes(4), size)), box(b"ipma", bytes(7), b"\1\0\1\1\1"))
    heic = box(b"ftyp", b"heic", bytes(4), b"mif1") + box(b"meta", bytes(4), box(b"pitm", bytes(5), b"\1"), shown)
    sessions = Sessions(WORKERS)
    events = await sessions.run(heic)
    assert [(one.header.size.width, one.header.size.height) for one in plans(events)] == [(60, 40), (40, 60)]


def test_the_time_is_estimated_before_anything_runs() -> None:
    data = saved(drawing(400, 300))
    on = Sessions(WORKERS)
    once = on.plan(data).estimate_ms
    assert once is not None and once == pytest.approx(400 * 300 * 0.035 / 4, rel=0.2)
    assert on.plan(data, tta=True).estimate_ms == pytest.approx(8 * once, rel=0.05)
    assert on.plan(data, scale=4).estimate_ms == pytest.approx(5 * once, rel=0.2)
    assert Sessions(arrangement(4, is_measured=False)).plan(data).estimate_ms is None


async def test_what_stays_in_an_animation_takes_no_time() -> None:
    still = tuple(Frame(Picture(drawing(64, 48)), 50.0) for _ in range(5))
    for frames, share in ((still, 0.4), (None, 1.2)):
        data = MOVING if frames is None else encode(Animation(frames, loop_count=0), EncodeOptions(format="png"))
        most, foreseen = (one.estimate_ms for one in plans(await Sessions(WORKERS).run(data)))
        assert most is not None and foreseen is not None and 0 < foreseen <= most * share
