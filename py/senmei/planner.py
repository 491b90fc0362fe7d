"""From a size that somebody wants to the passes, tiles and sizes that make it: integers only, before any pixel is
touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from .catalogue import Catalogue, ModelCard
from .errors import InvalidOption
from .geometry import Size
from .tiling import DEFAULT_TILE, TilePlan, choose_core, plan_tiles

MAX_SCALE = 16

# A size that is wanted exactly is rarely a whole factor; so little more is better resampled than computed anew.
_OVERREACH = 1.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How large a result is wanted.

    scale: 1 to MAX_SCALE, None for the model's own; or instead width, height or both in pixels. One alone keeps the
    aspect; of both the picture fits inside, or takes exactly that size with `stretch`.
    """

    scale: float | None = None
    width: int | None = None
    height: int | None = None
    stretch: bool = False

    def check(self) -> None:
        """Raises InvalidOption for values outside and for combinations that contradict each other."""
        has_size = self.width is not None or self.height is not None
        if self.scale is not None and has_size:
            raise InvalidOption("Either a scale or a width and height can be given, not both.")
        if self.scale is not None and not 1 <= self.scale <= MAX_SCALE:
            raise InvalidOption(f"The scale {self.scale:g} is outside 1 to {MAX_SCALE}.")
        for name, side in (("width", self.width), ("height", self.height)):
            if side is not None and side < 1:
                raise InvalidOption(f"The {name} {side} is too small; 1 pixel or more is accepted.")
        if self.stretch and (self.width is None or self.height is None):
            raise InvalidOption("To stretch, both a width and a height are needed.")

    def target(self, source: Size, *, own_scale: int) -> Size:
        """The result's size. own_scale: the model's. Raises InvalidOption above MAX_SCALE times the source."""
        if self.width is None and self.height is None:
            return _scaled(source, own_scale if self.scale is None else self.scale)
        if self.stretch and self.width is not None and self.height is not None:
            target = Size(self.width, self.height)
        else:
            sides = ((self.width, source.width), (self.height, source.height))
            factors = (wanted / side for wanted, side in sides if wanted is not None)
            target = _scaled(source, min(factors))
        if target.width > MAX_SCALE * source.width or target.height > MAX_SCALE * source.height:
            raise InvalidOption(
                f"{target} pixels are more than {MAX_SCALE} times the picture's {source}; "
                f"up to {source.scaled(MAX_SCALE)} can be made of it."
            )
        return target


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
    """The passes one after the other, over a picture of the size `source`; the last one's output is resampled to
    `target` when it is of another size. Without passes the source itself is."""

    source: Size
    passes: tuple[Pass, ...]
    target: Size

    @property
    def computed(self) -> Size:
        """What the last pass makes."""
        return self.passes[-1].output if self.passes else self.source

    @property
    def tiles(self) -> int:
        return sum(len(step.tiles.tiles) for step in self.passes)

    @property
    def cost(self) -> int:
        """Source pixels of all tiles: proportional to the time the networks take."""
        return sum(step.tiles.cost for step in self.passes)


def choose_models(catalogue: Catalogue, model_id: str, scale: float | None) -> tuple[ModelCard, ...]:
    """The models to run one after the other until `scale` is reached or passed: at least one; None for the model's own
    scale.

    Raises ModelUnavailable for an unknown id, InvalidOption for a scale outside 1 to MAX_SCALE, or one that the model
    cannot reach.
    """
    cards = [catalogue.get(model_id)]
    if scale is None:
        return tuple(cards)
    if not 1 <= scale <= MAX_SCALE:
        raise InvalidOption(f"The scale {scale:g} is outside 1 to {MAX_SCALE}.")
    while prod(card.scale for card in cards) * _OVERREACH < scale:
        last = cards[-1]
        if last.scale == 1 and last.next_pass is None:
            raise InvalidOption(f"The model “{model_id}” cleans without enlarging; scale 1 is what it makes.")
        cards.append(catalogue.get(last.next_pass or last.id))
    return tuple(cards)


def models_for(catalogue: Catalogue, model_id: str, source: Size, target: Size) -> tuple[ModelCard, ...]:
    """`choose_models` for a picture of the size `source` that becomes `target`, which may be smaller."""
    factor = max(target.width / source.width, target.height / source.height)
    # Of a tiny picture, rounding to whole pixels may pass the factor that was asked for.
    return choose_models(catalogue, model_id, min(max(1.0, factor), MAX_SCALE))


def plan_job(
    source: Size, cards: Sequence[ModelCard], *, target: Size, parallelism: int, tile: int | None = None
) -> JobPlan:
    """Plans `cards` over a picture of the size `source`.

    parallelism: how many tiles compute at once. tile: longest side of a tile's core in pixels, None for DEFAULT_TILE.
    Raises InvalidOption for a tile below 16.
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
    return JobPlan(source, tuple(passes), target)


def _scaled(source: Size, factor: float) -> Size:
    return Size(max(1, round(source.width * factor)), max(1, round(source.height * factor)))
