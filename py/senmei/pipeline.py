"""The stages that every picture passes, whether it is one or one of many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .alpha import bleed
from .arrangement import Graph
from .catalogue import Catalogue, ModelCard
from .geometry import Size
from .job_options import OpenSession, UpscaleOptions
from .jobs import CancelToken
from .known_tiles import KnownTiles
from .motion import Motion
from .picture import Picture, Pixels
from .pixels import joined, to_depth
from .planner import ArrangementsOf, JobPlan, models_for, plan_job
from .resampling import BICUBIC, LANCZOS
from .row_stages import blended_rows, resampled_rows, whole_picture
from .sample_job import MeansOfPasses
from .sessions import Session
from .tile_runner import TileRunner
from .upscaler import Rows, enlarge_rows

_MOST_TROUBLES = 3


def chosen(source: Size, options: UpscaleOptions, catalogue: Catalogue) -> tuple[tuple[ModelCard, ...], Size]:
    """The networks to run on a picture of the size `source`, and the result's size. Raises InvalidOption,
    ModelUnavailable."""
    target = options.wanted.target(source, own_scale=catalogue.get(options.model).scale)
    cards = models_for(catalogue, options.model, source, target)
    return cards if options.strength > 0 else (), target


def planned_job(
    source: Size,
    options: UpscaleOptions,
    catalogue: Catalogue,
    arrangements: ArrangementsOf,
    *,
    motion: Motion | None = None,
    frames: int = 1,
) -> JobPlan:
    """The job on a picture of the size `source`, or on so many frames with this motion. Raises the errors of `chosen`,
    InvalidOption."""
    cards, target = chosen(source, options, catalogue)
    return plan_job(
        source,
        cards,
        target=target,
        arrangements=arrangements,
        tile=options.tile,
        runs=options.runs,
        motion=motion,
        frames=frames,
    )


async def opened(
    cards: tuple[ModelCard, ...], open_session: OpenSession, already: Mapping[str, Session] | None = None
) -> dict[str, Session]:
    """The sessions of these models by their ids, each opened once. already: those that this job has opened before."""
    sessions = dict(already or {})
    for card in cards:
        if card.id not in sessions:
            sessions[card.id] = await open_session(card)
    return sessions


def offered(sessions: Mapping[str, Session]) -> ArrangementsOf:
    """What these sessions can run on now."""
    return lambda card: sessions[card.id].arrangements


def runners_of(
    job: JobPlan, sessions: Mapping[str, Session], *, tta: bool, known: Mapping[str, KnownTiles] | None = None
) -> dict[str, TileRunner]:
    """What runs the tiles of each model, by their ids. tta, known: see `TileRunner`."""
    return {
        step.card.id: TileRunner(
            step.card,
            sessions[step.card.id],
            step.arrangement,
            tta=tta,
            known=known[step.card.id] if known is not None else None,
        )
        for step in job.passes
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What computed a job's networks: "none" with 0 workers where none ran. See `Arrangement`."""

    provider: str
    workers: int
    threads: int
    graph: Graph | Literal["none"]


def means_of(job: JobPlan, sessions: Mapping[str, Session]) -> Means:
    """What the first pass runs on now: as planned, or what its session took instead when that failed."""
    if not job.passes:
        return Means(provider="none", workers=0, threads=0, graph="none")
    step = job.passes[0]
    offered = sessions[step.card.id].arrangements
    now = next((one for one in offered if one.is_like(step.arrangement)), offered[0])
    return Means(provider=now.provider, workers=now.workers, threads=now.threads, graph=now.graph)


def troubles_of(sessions: Mapping[str, Session]) -> tuple[str, ...]:
    """What went wrong in the sessions and was mended, each sentence once, and no more than a few."""
    told = list(dict.fromkeys(note for session in sessions.values() for note in session.notes))
    more = len(told) - _MOST_TROUBLES
    return (*told[:_MOST_TROUBLES], *([f"There were {more} more troubles, mended too."] if more > 0 else []))


def prepared(picture: Picture, *, depth: int) -> Pixels:
    """The samples that go on their way: (H, W, n) of `depth` bits, clean under transparent pixels."""
    if picture.alpha is None:
        return to_depth(picture.pixels, depth)
    samples = joined(picture.pixels, picture.alpha)
    bleed(samples[:, :, :-1], picture.alpha, in_place=True)
    return to_depth(samples, depth)


def result_rows(
    samples: Pixels,
    job: JobPlan,
    runners: Mapping[str, TileRunner],
    means: MeansOfPasses,
    strength: float,
    cancel: CancelToken,
) -> Rows:
    """What becomes of `prepared` samples: rows of the size `job.target`. runners: by the ids of their models.
    means: for each pass."""
    rows = whole_picture(samples, cancel)
    for step, told in zip(job.passes, means, strict=True):
        rows = enlarge_rows(rows, step=step, runner=runners[step.card.id], cancel=cancel, means=told)
    rows = resampled_rows(rows, job.computed, job.target, LANCZOS if job.passes else BICUBIC)
    return blended_rows(rows, samples, job.target, strength) if job.passes and strength < 1 else rows
