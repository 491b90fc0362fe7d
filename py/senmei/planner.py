"""From a size that somebody wants to the passes, tiles and sizes that make it: integers only, before any pixel is
touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from .arrangement import Arrangement
from .catalogue import Catalogue, ModelCard
from .errors import InvalidOption
from .geometry import Size
from .motion import Motion
from .tiling import DEFAULT_TILE, TilePlan, choose_core, plan_tiles

MAX_SCALE = 16

ArrangementsOf = Callable[[ModelCard], Sequence[Arrangement]]
"""What a network may run on: as in `Session.arrangements`."""

# A size that is wanted exactly is rarely a whole factor; so little more is better resampled than computed anew.
_OVERREACH = 1.02

# Longest sides of a core that are tried where only what moves is computed.
_MOVING_TILES = (DEFAULT_TILE, 192, 128, 96, 64, 48, 32)

# What a run costs beyond its pixels, and a tile that is only looked at, in pixels of a run.
_RUN_PIXELS, _TILE_PIXELS = 100, 10


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
    """One run of one network over the whole picture, and what it runs on."""

    card: ModelCard
    tiles: TilePlan
    arrangement: Arrangement

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

    @property
    def workers(self) -> int:
        """How many tiles compute at once."""
        return max((step.arrangement.workers for step in self.passes), default=1)


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
    source: Size,
    cards: Sequence[ModelCard],
    *,
    target: Size,
    arrangements: ArrangementsOf,
    tile: int | None = None,
    motion: Motion | None = None,
) -> JobPlan:
    """Plans `cards` over a picture of the size `source`, or over the frames of an animation with this motion.

    arrangements: what each network may run on. tile: longest side of a tile's core in pixels, None for DEFAULT_TILE,
    or for the side with which the least has to be computed of what moves.
    Raises InvalidOption for a tile below 16.
    """
    if tile is not None and tile < 16:
        raise InvalidOption(f"The tile size {tile} is too small; 16 or more is accepted.")
    passes: list[Pass] = []
    size = source
    for card in cards:
        sides = _MOVING_TILES if motion is not None and tile is None else (tile or DEFAULT_TILE,)
        arrangement = arrangements(card)[0]
        plans = [_plan_pass(size, card, arrangement.workers, longest) for longest in sides]
        if motion is not None:
            moving = motion
            passes.append(Pass(card, min(plans, key=lambda plan: _moving_cost(plan, moving)), arrangement))
            motion = motion.enlarged(card.scale, card.overlap)
        else:
            passes.append(Pass(card, plans[0], arrangement))
        size = passes[-1].output
    return JobPlan(source, tuple(passes), target)


def _plan_pass(size: Size, card: ModelCard, parallelism: int, longest: int) -> TilePlan:
    core = choose_core(
        size, overlap=card.overlap, multiple_of=card.multiple_of, parallelism=parallelism, longest=longest
    )
    return plan_tiles(size, core=core, overlap=card.overlap, multiple_of=card.multiple_of)


def _moving_cost(plan: TilePlan, motion: Motion) -> int:
    """Source pixels to compute over all frames, and what handling the tiles costs besides."""
    runs, tiles = int(motion.tiles_to_run(plan).sum()), len(plan.tiles) * len(motion.changed)
    return runs * (plan.shape.pixels + _RUN_PIXELS) + tiles * _TILE_PIXELS


def _scaled(source: Size, factor: float) -> Size:
    return Size(max(1, round(source.width * factor)), max(1, round(source.height * factor)))
