"""The stages that every picture passes, whether it is one or one of many."""

from __future__ import annotations

from collections.abc import Mapping

from .alpha import bleed
from .catalogue import Catalogue, ModelCard
from .geometry import Size
from .job_options import OpenSession, UpscaleOptions
from .jobs import CancelToken
from .picture import Picture, Pixels
from .pixels import joined, to_depth
from .planner import JobPlan, models_for
from .resampling import BICUBIC, LANCZOS
from .row_stages import blended_rows, resampled_rows, whole_picture
from .sessions import Session
from .tile_runner import TileRunner
from .upscaler import Rows, enlarge_rows


def chosen(source: Size, options: UpscaleOptions, catalogue: Catalogue) -> tuple[tuple[ModelCard, ...], Size]:
    """The networks to run on a picture of the size `source`, and the result's size. Raises InvalidOption,
    ModelUnavailable."""
    target = options.wanted.target(source, own_scale=catalogue.get(options.model).scale)
    cards = models_for(catalogue, options.model, source, target)
    return cards if options.strength > 0 else (), target


async def opened(cards: tuple[ModelCard, ...], open_session: OpenSession) -> dict[str, Session]:
    """The sessions of these models by their ids."""
    return {card.id: await open_session(card) for card in cards}


def parallelism_of(sessions: Mapping[str, Session]) -> int:
    """How many tiles compute at once."""
    return min((session.parallelism for session in sessions.values()), default=1)


def prepared(picture: Picture, *, depth: int) -> Pixels:
    """The samples that go on their way: (H, W, n) of `depth` bits, clean under transparent pixels."""
    if picture.alpha is None:
        return to_depth(picture.pixels, depth)
    samples = joined(picture.pixels, picture.alpha)
    bleed(samples[:, :, :-1], picture.alpha, in_place=True)
    return to_depth(samples, depth)


def result_rows(
    samples: Pixels, job: JobPlan, runners: Mapping[str, TileRunner], strength: float, cancel: CancelToken
) -> Rows:
    """What becomes of `prepared` samples: rows of the size `job.target`. runners: by the ids of their models."""
    rows = whole_picture(samples, cancel)
    for step in job.passes:
        rows = enlarge_rows(rows, step=step, runner=runners[step.card.id], cancel=cancel)
    rows = resampled_rows(rows, job.computed, job.target, LANCZOS if job.passes else BICUBIC)
    return blended_rows(rows, samples, job.target, strength) if job.passes and strength < 1 else rows
