"""From a scale that somebody wants to the passes, tiles and sizes that make it: integers only, before any pixel is
touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from .catalogue import Catalogue, ModelCard
from .errors import InvalidOption, TooLarge
from .geometry import Size
from .tiling import DEFAULT_TILE, TilePlan, choose_core, plan_tiles

MAX_SCALE = 16

MAX_OUTPUT_PIXELS = 200_000_000
"""Refused above: the canvas and Pillow's copy of it take 1.4 GB of the browser's 4 GB."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One run of one network over the whole picture."""

    card: ModelCard
    tiles: TilePlan

    @property
    def output(self) -> Size:
        return self.tiles.picture.scaled(self.card.scale)


@dataclass(frozen=True, slots=True)
class JobPlan:
    """The passes one after the other; the last one's output is resampled to `target` when it is of another size."""

    passes: tuple[Pass, ...]
    target: Size


def choose_models(catalogue: Catalogue, model_id: str, scale: float | None) -> tuple[ModelCard, ...]:
    """The models to run one after the other until `scale` is reached or passed: at least one; None for the model's own
    scale.

    Raises ModelUnavailable for an unknown id, InvalidOption for a scale outside 1 to MAX_SCALE.
    """
    cards = [catalogue.get(model_id)]
    if scale is None:
        return tuple(cards)
    if not 1 <= scale <= MAX_SCALE:
        raise InvalidOption(f"The scale {scale:g} is outside 1 to {MAX_SCALE}.")
    while prod(card.scale for card in cards) < scale:
        cards.append(catalogue.get(cards[-1].next_pass or cards[-1].id))
    return tuple(cards)


def plan_job(
    source: Size, cards: Sequence[ModelCard], *, scale: float | None, parallelism: int, tile: int | None = None
) -> JobPlan:
    """Plans `cards` over a picture of the size `source`.

    parallelism: how many tiles compute at once. tile: longest side of a tile's core in pixels, None for DEFAULT_TILE.
    Raises InvalidOption for a tile below 16, TooLarge when a result would have more than MAX_OUTPUT_PIXELS.
    """
    if tile is not None and tile < 16:
        raise InvalidOption(f"The tile size {tile} is too small; 16 or more is accepted.")
    passes: list[Pass] = []
    size = source
    for card in cards:
        core = choose_core(
            size,
            overlap=card.overlap,
            multiple_of=card.multiple_of,
            parallelism=parallelism,
            longest=tile or DEFAULT_TILE,
        )
        passes.append(Pass(card, plan_tiles(size, core=core, overlap=card.overlap, multiple_of=card.multiple_of)))
        size = passes[-1].output
        if size.pixels > MAX_OUTPUT_PIXELS:
            raise TooLarge(
                f"The result would have {size} pixels, {size.pixels / 1e6:.0f} million; "
                f"up to {MAX_OUTPUT_PIXELS / 1e6:.0f} million are made. Choose a smaller scale or picture."
            )
    if scale is None:
        return JobPlan(tuple(passes), size)
    return JobPlan(tuple(passes), Size(max(1, round(source.width * scale)), max(1, round(source.height * scale))))
