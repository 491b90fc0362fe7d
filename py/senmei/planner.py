"""From a size that somebody wants to the passes, tiles and sizes that make it, and what they run on, before any pixel
is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, prod

import numpy as np
from numpy.typing import NDArray

from .arrangement import Arrangement
from .catalogue import Catalogue, ModelCard
from .errors import InvalidOption
from .geometry import Size
from .grids import LEAST_CORE, Grid, choose_grid, one_tile, split
from .motion import Motion
from .pace import frames_ms, run_ms, tile_pace
from .sampling import CropStage, SamplePlan, crops_a_run, is_too_small, needed_sample
from .tiling import TilePlan, computed_pixels, plan_tiles

MAX_SCALE = 16

ArrangementsOf = Callable[[ModelCard], Sequence[Arrangement]]
"""What a network may run on: as in `Session.arrangements`."""

# A size that is wanted exactly is rarely a whole factor; so little more is better resampled than computed anew.
_OVERREACH = 1.02

# Longest sides of a core that are tried where only what moves is computed, beside those of a still picture.
_MOVING_SIDES = (256, 192, 128, 96, 64, 48, 32)


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

    def crops_a_run(self, stage: CropStage, count: int) -> int:
        """How many of `count` crops of a sample are run together."""
        return crops_a_run(self.card, self.arrangement, tile=self.tiles.shape, crop=stage.source.size, count=count)

    @property
    def open_rows(self) -> int:
        """How many rows of tiles are begun before the first of them is finished: enough that all tiles that may be
        under way are found in them, and one more than they fill, but no further, so that memory stays bounded."""
        return max(2, -(-self.arrangement.in_flight // self.tiles.columns) + 1)


@dataclass(frozen=True, slots=True)
class JobPlan:
    """The passes one after the other, over a picture of the size `source`; the last one's output is resampled to
    `target` when it is of another size. Without passes the source itself is.

    sample: what of the source is looked at first, for passes that pool over the whole picture and do not see it in one
    tile; of an animation, in whose frames nothing may change but what moves, for all that pool. duration_ms: about how
    long the networks take, for all frames; None where their pace is unknown.
    """

    source: Size
    passes: tuple[Pass, ...]
    target: Size
    sample: SamplePlan | None = None
    duration_ms: float | None = None

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
    def sample_cost(self) -> int:
        """The same of the sample."""
        return round(self.sample.cost([step.card for step in self.passes])) if self.sample else 0

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
    runs: int = 1,
    motion: Motion | None = None,
    frames: int = 1,
) -> JobPlan:
    """Plans `cards` over a picture of the size `source`, or over `frames` frames of an animation with this motion, so
    that they are done soonest. Where it is not known what moves, all of each frame does.

    arrangements: what each network may run on; all passes run on the same workers where their networks can. tile:
    longest side in pixels of a core inside the picture, None for the planner's choice. runs: of a network for each
    tile.
    Raises InvalidOption for a tile below 16.
    """
    if tile is not None and tile < LEAST_CORE:
        raise InvalidOption(f"The tile size {tile} is too small; {LEAST_CORE} or more is accepted.")
    steps = [_Step(size, card, moving) for size, card, moving in _sizes(source, cards, motion)]
    best: list[tuple[_Step, Arrangement, Grid]] = []
    best_ms = inf
    for choice in _choices({card.id: arrangements(card) for card in cards}):
        grids = [(step, choice[step.card.id], step.grid(choice[step.card.id], tile, runs)) for step in steps]
        start_ms = max((arrangement.start_ms for arrangement in choice.values()), default=0.0)
        times = frames if motion is None else 1
        duration_ms = start_ms + times * sum(grid.duration_ms for *_, grid in grids)
        if duration_ms < best_ms:
            best, best_ms = grids, duration_ms
    passes = tuple(Pass(step.card, step.tiles(grid.shape), arrangement) for step, arrangement, grid in best)
    in_one_tile = [number for number, step in enumerate(passes) if frames == 1 and len(step.tiles.tiles) == 1]
    sample = needed_sample(source, [step.card for step in passes], frames=frames, in_one_tile=in_one_tile)
    is_told = passes and all(step.arrangement.is_measured for step in passes)
    duration_ms = best_ms + (_sample_ms(sample, passes, runs) if sample else 0.0)
    return JobPlan(source, passes, target, sample, duration_ms if is_told else None)


def _sample_ms(sample: SamplePlan, passes: Sequence[Pass], runs: int) -> float:
    """How long the sample's runs take. runs: of a network for each tile."""
    total_ms, count = 0.0, len(sample.crops)
    for number, (step, stage) in enumerate(zip(passes, sample.stages, strict=False)):
        workers = step.arrangement.workers
        computed = computed_pixels(stage.source.size, trim=step.card.trim)
        if step.card.pooled:
            together = step.crops_a_run(stage, count)
            total_ms += -(-count // (together * workers)) * runs * run_ms(step.arrangement, together * computed)
        if number < len(sample.stages) - 1:
            total_ms += -(-count // workers) * runs * run_ms(step.arrangement, computed)
    return total_ms


def _sizes(
    source: Size, cards: Sequence[ModelCard], motion: Motion | None
) -> Iterator[tuple[Size, ModelCard, Motion | None]]:
    """What each pass runs over."""
    for card in cards:
        yield source, card, motion
        source = source.scaled(card.scale)
        motion = motion and motion.enlarged(card.scale, card.overlap)


def _choices(offered: Mapping[str, Sequence[Arrangement]]) -> list[dict[str, Arrangement]]:
    """What the networks, by their ids, may run on together.

    Two that compute at the same time on workers of different kinds would take the cores from each other.
    """
    together = [
        {name: next((one for one in others if one.is_like(arrangement)), None) for name, others in offered.items()}
        for arrangement in next(iter(offered.values()), ())
    ]
    whole = [{name: one for name, one in choice.items() if one is not None} for choice in together]
    shared = [choice for choice in whole if len(choice) == len(offered)]
    return shared or [{name: others[0] for name, others in offered.items()}]


class _Step:
    """One pass over a picture or over frames, before it is known what it runs on."""

    def __init__(self, size: Size, card: ModelCard, motion: Motion | None) -> None:
        self.card = card
        self._size = size
        self._motion = motion
        self._tiles: dict[Size, TilePlan] = {}
        self._runs: dict[Size, NDArray[np.int64]] = {}

    def tiles(self, shape: Size) -> TilePlan:
        if shape not in self._tiles:
            self._tiles[shape] = plan_tiles(self._size, self.card.margins, shape=shape)
        return self._tiles[shape]

    def grid(self, arrangement: Arrangement, tile: int | None, runs: int) -> Grid:
        """The tiles with which this pass is done soonest."""
        motion = self._motion
        if motion is None and tile is None and is_too_small(self._size, self.card):
            at_once = one_tile(self._size, self.card, arrangement, runs=runs)
            if at_once is not None:
                return at_once
        still = choose_grid(self._size, self.card, arrangement, longest=tile, runs=runs)
        if motion is None:
            return still
        shapes = [still.shape]
        if tile is None:
            splits = (split(self._size, self.card, arrangement, longest=side) for side in _MOVING_SIDES)
            shapes += [shape for shape in splits if shape.pixels < still.shape.pixels]
        grids = (Grid(shape, self._frames_ms(shape, motion, arrangement, runs)) for shape in shapes)
        return min(grids, key=lambda grid: grid.duration_ms)

    def _frames_ms(self, shape: Size, motion: Motion, arrangement: Arrangement, runs: int) -> float:
        plan = self.tiles(shape)
        if shape not in self._runs:
            self._runs[shape] = motion.tiles_to_run(plan)
        computed = computed_pixels(plan.shape, trim=self.card.trim)
        pace = tile_pace(arrangement, float(plan.shape.pixels), computed, scale=self.card.scale, runs=runs)
        return frames_ms(arrangement, pace, self._runs[shape], len(plan.tiles))


def _scaled(source: Size, factor: float) -> Size:
    return Size(max(1, round(source.width * factor)), max(1, round(source.height * factor)))
