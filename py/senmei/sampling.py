"""Which parts of a picture are looked at before its tiles are run, for networks that pool over the whole picture.

Squeeze-and-excitation weighs channels by their means over everything that the network sees. Tiles that each took their
own would not join, so all are told the same: those of a sample, crops spread evenly over the picture. Integers only, no
pixel is touched here.

Many small crops tell more than few large ones at the same cost (waifu2x cunet 2×, an eighth of pictures of 512 × 384;
levels of 255 off the whole picture's run at the worst pixel, average of eleven pictures, and the worst of them; by
`tests/bench pooling` 15 and 35, Real-CUGAN 22 and 79):

    30 crops of 56   13, 36        4 crops of 96    36, 91        1 crop of 160   54, 129
    12 crops of 72   26, 85        2 crops of 128   51, 126

Crops of 48 tell less: their inner poolings see hardly anything. Choosing them so that their colours and edges are on
average the picture's helped a page of writing, but not drawings. Crops that are run in parts of ten, whose means are
averaged, tell as much as all in one run; in parts of five Real-CUGAN was half as far off again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from math import gcd, log

from .arrangement import Arrangement
from .catalogue import ModelCard
from .geometry import Region, Size
from .tiling import Margins, computed_pixels

SAMPLE_CORE = 20
"""Pixels a side of a crop that are not overlap."""

SAMPLED_PART = 8
"""No more than one part of so many of what a job computes is computed for its sample, but for one crop."""

MOST_CROPS = 256
"""Of larger pictures no more crops are taken."""

MOST_FRAMES = 6
"""Of an animation so many frames, spread over it, have crops taken of them."""

_MOST_PIXELS_A_RUN = 256**2

# Below so many crops a run's means say little about what they are averaged with.
_LEAST_CROPS_A_RUN = 10

# With fewer, most drawings are dozens of levels off at their worst pixel.
_ENOUGH_CROPS = 12

_GOLDEN = 0.618


@dataclass(frozen=True, slots=True)
class CropStage:
    """What one pass sees of every crop.

    source: in what the pass before has made of the crop's core, or in the crop itself; it may reach beyond, where the
    picture ends and its border pixels are repeated. core: in the source, what the pass answers for.
    """

    source: Region
    core: Region


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """crops: regions of the picture, each of the size of the first stage's source; any run of neighbours in this order
    is spread over the picture. frames: of an animation, how many have crops taken of them. stages: one for each pass,
    up to the last for which means are wanted.
    """

    crops: tuple[Region, ...]
    frames: int
    stages: tuple[CropStage, ...]

    def crops_of(self, frame: int) -> tuple[Region, ...]:
        """Those that are taken of one of the `frames`."""
        count = len(self.crops)
        return self.crops[frame * count // self.frames : (frame + 1) * count // self.frames]

    def cost(self, cards: Sequence[ModelCard]) -> float:
        """Computed pixels of all runs for it."""
        return len(self.crops) * _crop_cost(self.stages, cards)


def needed_sample(
    picture: Size, cards: Sequence[ModelCard], *, frames: int = 1, in_one_tile: Collection[int] = ()
) -> SamplePlan | None:
    """The sample for passes over a picture, or over frames, of the size `picture`; None where none is needed.

    in_one_tile: the numbers of the passes that see all of a still picture at once, and so need none.
    """
    last = max((number for number, card in enumerate(cards) if card.pooled and number not in in_one_tile), default=None)
    return None if last is None else plan_sample(picture, cards[: last + 1], frames=frames)


def is_too_small(picture: Size, card: ModelCard) -> bool:
    """Whether a picture is too small for a sample that tells much, and is better run at once, even on one worker of
    many."""
    return card.pooled > 0 and len(plan_sample(picture, [card]).crops) < _ENOUGH_CROPS


def plan_sample(picture: Size, cards: Sequence[ModelCard], *, frames: int = 1) -> SamplePlan:
    """Crops of a picture of the size `picture`, or of `frames` frames of that size, for the means of the last of
    `cards`, which are its passes one after the other, and of those before it that pool."""
    across = _spans(picture.width, cards)
    down = _spans(picture.height, cards)
    stages = tuple(
        CropStage(
            Region(column.source, row.source, column.length, row.length),
            Region(column.core_start, row.core_start, column.core_length, row.core_length),
        )
        for column, row in zip(across, down, strict=True)
    )
    whole, size = 0.0, picture
    for card in cards:
        whole += computed_pixels(card.margins.whole(size), trim=card.trim)
        size = size.scaled(card.scale)
    frames = min(frames, MOST_FRAMES)
    count = int(frames * whole / SAMPLED_PART / _crop_cost(stages, cards))
    crops = _spread(picture, cards[0].margins, stages[0].source.size, max(frames, min(count, MOST_CROPS)))
    if len(crops) < frames:
        # Of a small picture a place is looked at in several frames.
        crops = tuple(islice(cycle(crops), frames))
    return SamplePlan(crops, frames, stages)


def plan_crops(tile: Size, margins: Margins, *, trim: int) -> tuple[Region, ...]:
    """Crops of a tile that was to be run whole, spread over it, for the same part of its cost. What is invented around
    the picture is in the tile."""
    margins = replace(margins, padding=0)
    core = Size(SAMPLE_CORE, SAMPLE_CORE)
    crop = margins.source(core)
    crop = Size(min(crop.width, tile.width), min(crop.height, tile.height))
    count = int(computed_pixels(tile, trim=trim) / SAMPLED_PART / computed_pixels(crop, trim=trim))
    return _spread(tile, margins, crop, max(1, min(count, MOST_CROPS)))


def crops_a_run(card: ModelCard, arrangement: Arrangement, *, tile: Size, crop: Size, count: int) -> int:
    """How many of `count` crops are run together: enough to tell something, but no more than all workers share evenly,
    and than there is memory for.

    tile: the source of the pass's tiles; crop: that of a crop.
    """
    pixels = _MOST_PIXELS_A_RUN
    if arrangement.worker_bytes is not None:
        pixels = min(pixels, arrangement.worker_bytes // max(1, card.working_bytes(arrangement.graph)))
    fitting = max(1, max(pixels, tile.pixels) // crop.pixels)
    return min(fitting, max(_LEAST_CROPS_A_RUN, -(-count // arrangement.workers)))


@dataclass(frozen=True, slots=True)
class _Span:
    """One side of a stage."""

    source: int
    length: int
    core_start: int
    core_length: int


def _spans(side: int, cards: Sequence[ModelCard]) -> list[_Span]:
    """side: of the picture, in pixels."""
    wanted: list[int] = []
    core = SAMPLE_CORE
    for card, before in zip(reversed(cards), (*reversed(cards[:-1]), None), strict=True):
        wanted.append(card.margins.source(Size(core, core)).width)
        if before is not None:
            core = max(SAMPLE_CORE, -(-wanted[-1] // before.scale))
    spans: list[_Span] = []
    is_whole = False
    for card, length in zip(cards, reversed(wanted), strict=True):
        margins = card.margins
        whole = margins.whole(Size(side, side)).width
        is_whole = is_whole or length >= whole
        if is_whole:
            spans.append(_Span(-margins.padding, whole, margins.padding, side))
        else:
            spans.append(_Span(0, length, margins.overlap, length - 2 * margins.overlap))
        side *= card.scale
    return spans


def _crop_cost(stages: Sequence[CropStage], cards: Sequence[ModelCard]) -> float:
    cost = 0.0
    for number, (stage, card) in enumerate(zip(stages, cards, strict=False)):
        is_last = number == len(stages) - 1
        # Once for the means, and once more with them for what the next pass sees.
        runs = bool(card.pooled) + (not is_last)
        cost += runs * computed_pixels(stage.source.size, trim=card.trim)
    return cost


def _spread(picture: Size, margins: Margins, crop: Size, count: int) -> tuple[Region, ...]:
    whole = margins.whole(picture)
    most_across, most_down = (
        max(1, (side - length) // margins.multiple_of)
        for side, length in ((whole.width, crop.width), (whole.height, crop.height))
    )
    columns, rows = _evenly(whole, count, most_across, most_down)
    lefts = _starts(whole.width, crop.width, columns, margins)
    tops = _starts(whole.height, crop.height, rows, margins)
    places = [(left, top) for top in tops for left in lefts]
    step = _coprime(len(places))
    order = (index * step % len(places) for index in range(len(places)))
    return tuple(Region(*places[place], crop.width, crop.height) for place in order)


def _evenly(whole: Size, count: int, most_across: int, most_down: int) -> tuple[int, int]:
    """Columns and rows, no more than `count` together, about as far from each other across as down."""
    best, least = (1, 1), float("inf")
    for rows in range(1, min(count, most_down) + 1):
        columns = min(count // rows, most_across)
        uneven = abs(log(whole.height / rows * columns / whole.width)) - 2 * rows * columns / count
        if uneven < least:
            best, least = (columns, rows), uneven
    return best


def _starts(whole: int, length: int, count: int, margins: Margins) -> list[int]:
    """Where crops begin that lie evenly along a padded side of the picture."""
    room = whole - length
    in_cells = [min(max(0, ((2 * index + 1) * whole // count - length) // 2), room) for index in range(count)]
    starts = [offset // margins.multiple_of * margins.multiple_of - margins.padding for offset in in_cells]
    if len(set(starts)) == count:
        # Each in the middle of its share of the side, so that the picture's border counts as much as the rest.
        return starts
    # So many that they would meet at the border.
    offsets = ((2 * index + 1) * room // (2 * count) for index in range(count))
    return [offset // margins.multiple_of * margins.multiple_of - margins.padding for offset in offsets]


def _coprime(count: int) -> int:
    """A step of about the golden section that visits all of `count` places."""
    step = max(1, round(count * _GOLDEN))
    while gcd(step, count) > 1:
        step += 1
    return step
