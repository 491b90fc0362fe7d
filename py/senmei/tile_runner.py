"""One tile through a network: samples in, enlarged samples out, whatever has to happen in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .alpha import settle
from .arrangement import Arrangement
from .catalogue import ModelCard
from .errors import OutOfMemory, SessionFailed, TooLarge
from .geometry import Region, Size
from .known_tiles import KnownTiles
from .picture import Pixels
from .pixels import cut, from_float, to_float
from .pooled_means import Means, PooledMeans, average
from .resampling import BICUBIC, resample
from .sampling import plan_crops
from .sessions import Session
from .tiling import Margins, plan_parts, round_up

_Values = NDArray[np.float32]

LEAST_CORE = 16
"""A tile whose core is no longer than this is not halved any more when memory is short."""

ENSEMBLE = 8
"""How many turns and mirrorings a tile has."""

_MOST_FLAT_ANSWERS = 1024


@dataclass(frozen=True, slots=True)
class _Turn:
    """So many quarter turns, and then perhaps a mirroring, of (…, height, width, …) arrays."""

    quarters: int
    is_mirrored: bool

    def of(self, values: _Values, axes: tuple[int, int] = (0, 1)) -> _Values:
        turned = np.rot90(values, self.quarters, axes)
        return np.flip(turned, axes[1]) if self.is_mirrored else turned

    def back(self, values: _Values) -> _Values:
        return np.rot90(np.flip(values, 1) if self.is_mirrored else values, -self.quarters)


_ALL_TURNS = tuple(_Turn(quarters, is_mirrored) for quarters in range(ENSEMBLE // 2) for is_mirrored in (False, True))


class TileRunner:
    """Runs the tiles of one pass over one picture, or over the frames of one animation.

    arrangement: what of `session` the tiles run on. known: where answers are kept, if tiles are likely to come again.
    tta: every tile is run in its eight turns and mirrorings, and the answers are averaged before they are rounded
    (self-ensemble: Timofte et al., Seven ways to improve example-based single image super resolution, 2016, section
    3.1).
    """

    def __init__(
        self,
        card: ModelCard,
        session: Session,
        arrangement: Arrangement,
        *,
        tta: bool = False,
        known: KnownTiles | None = None,
    ) -> None:
        self._card = card
        self._margins = card.margins
        self._session = session
        self._arrangement = arrangement
        self._turns = _ALL_TURNS if tta else _ALL_TURNS[:1]
        self._known = known
        self._longest: int | None = None
        self._short: set[int] = set()
        self._flat_answers: dict[tuple[object, ...], _Values] = {}

    @property
    def card(self) -> ModelCard:
        return self._card

    async def enlarge(self, tile: Pixels, core: Region, means: PooledMeans | None = None) -> Pixels:
        """The enlarged `core` of a tile.

        tile: (h, w, n) uint8 or uint16 with n as in `rows.Band`; core: within it. means: what a network that pools is
        told, None where the tile is the whole picture. Returns (core.height · scale, core.width · scale, n) of the same
        dtype. When memory is short the tile is halved; when it is again before a tile of that size has fitted, so are
        all that come after it. Raises TooLarge when the smallest tile does not fit either, SessionFailed when the
        runtime fails.
        """
        if self._known is None:
            return await self.compute(tile, core, means)
        return await self._known.answer(
            tile,
            core,
            lambda: self.compute(tile, core, means),
            depends_on=b"" if means is None else means.fingerprint,
        )

    async def compute(self, tile: Pixels, core: Region, means: PooledMeans | None = None) -> Pixels:
        """As `enlarge`, whatever is known already."""
        side = self._inner_side(tile)
        longest = self._longest
        if longest is None or side <= longest:
            try:
                answer = await self._enlarge_whole(tile, core, means)
            except OutOfMemory as error:
                longest = self._halved(side, error)
            else:
                self._short.discard(side)
                return answer
        if self._card.pooled and means is None:
            means = await self._means_of_whole(tile)
        return await self._enlarge_parts(tile, core, longest, means)

    async def find_means(self, crops: Pixels, *, with_alpha: bool) -> PooledMeans:
        """What the poolings find in crops of one picture, run together; in parts of which the means are averaged where
        memory is short.

        crops: (N, h, w, n) as `enlarge` takes tiles. with_alpha: also of their transparency, where the network enlarges
        it. Raises the errors of `enlarge`.
        """
        has_alpha = crops.shape[3] in (2, 4)
        colour = crops[:, :, :, :-1] if has_alpha else crops
        rgb = np.repeat(colour, 3, axis=3) if colour.shape[3] == 1 else colour
        of_colour = await self._found(to_float(rgb))
        if not (has_alpha and with_alpha and self._card.enlarges_alpha):
            return PooledMeans(of_colour)
        return PooledMeans(of_colour, await self._found(to_float(np.repeat(crops[:, :, :, -1:], 3, axis=3))))

    async def _found(self, pictures: _Values) -> Means:
        """(N, h, w, 3) → (turns, M): what is found differs from turn to turn, by up to 13 levels of the result."""
        turned = (turn.of(pictures, axes=(1, 2)) for turn in self._turns)
        return np.array([await self._found_in(one) for one in turned])

    async def _found_in(self, pictures: _Values) -> _Values:
        """(N, h, w, 3) → (M,)"""
        is_smallest = len(pictures) == 1
        try:
            outputs = await self._session.run(
                self._feeds(pictures, None), arrangement=self._arrangement, is_smallest=is_smallest
            )
        except OutOfMemory as error:
            if is_smallest:
                raise self._no_room(max(pictures.shape[1:3])) from error
            halves = pictures[::2], pictures[1::2]
            return average([await self._found_in(half) for half in halves], [len(half) for half in halves])
        found = outputs["means_found"]
        if found.shape != (self._card.pooled,):
            raise SessionFailed(
                f"The model “{self._card.id}” found means of the shape {found.shape} instead of "
                f"{(self._card.pooled,)}: its catalogue entry does not describe it."
            )
        return np.asarray(found, np.float32)

    async def _means_of_whole(self, tile: Pixels) -> PooledMeans:
        """The means of a picture that was to be run in one tile, but does not fit."""
        regions = plan_crops(Size(tile.shape[1], tile.shape[0]), self._margins, trim=self._card.trim)
        crops = np.stack([cut(tile, region) for region in regions])
        return await self.find_means(crops, with_alpha=True)

    def _inner_side(self, tile: Pixels | _Values) -> int:
        """The longest side of a tile's source (h, w, n) without two overlaps."""
        longest: int = max(tile.shape[:2])
        return longest - 2 * self._margins.overlap

    def _halved(self, side: int, error: OutOfMemory) -> int:
        if self._is_smallest(side):
            raise self._no_room(side + 2 * self._margins.overlap) from error
        half = round_up(max(LEAST_CORE, side // 2), self._margins.multiple_of)
        if side in self._short:
            self._longest = min(self._longest or half, half)
        self._short.add(side)
        return half

    def _no_room(self, side: int) -> TooLarge:
        return TooLarge(
            f"There is not enough memory to run the model “{self._card.id}” even on a tile of {side} pixels."
        )

    def _is_smallest(self, side: int) -> bool:
        return side < LEAST_CORE + self._margins.multiple_of

    async def _enlarge_parts(self, tile: Pixels, core: Region, longest: int, means: PooledMeans | None) -> Pixels:
        scale = self._card.scale
        enlarged = np.empty((core.height * scale, core.width * scale, tile.shape[2]), tile.dtype)
        shape = self._margins.source(Size(longest, longest))
        for part in plan_parts(Size(tile.shape[1], tile.shape[0]), core, self._margins, shape=shape).tiles:
            inside = part.core.shifted(-part.source.x, -part.source.y)
            answer = await self.compute(cut(tile, part.source), inside, means)
            enlarged[part.core.shifted(-core.x, -core.y).scaled(scale).slices] = answer
        return enlarged

    async def _enlarge_whole(self, tile: Pixels, core: Region, means: PooledMeans | None) -> Pixels:
        has_alpha = tile.shape[2] in (2, 4)
        if has_alpha and not tile[:, :, -1].any():
            # Nobody will see its colours.
            return tile[core.slices].repeat(self._card.scale, axis=0).repeat(self._card.scale, axis=1)
        colour = tile[:, :, :-1] if has_alpha else tile
        is_gray = colour.shape[2] == 1
        rgb = np.repeat(colour, 3, axis=2) if is_gray else colour
        answer = await self._answer(rgb, core, None if means is None else means.colour)
        enlarged = from_float(answer.mean(axis=2, keepdims=True) if is_gray else answer, tile.dtype)
        if not has_alpha:
            return enlarged
        alpha = await self._alpha(tile[:, :, -1:], core, None if means is None else means.alpha)
        return np.concatenate((enlarged, alpha), axis=2)

    async def _alpha(self, alpha: Pixels, core: Region, means: Means | None) -> Pixels:
        """(h, w, 1) → (core.height · scale, core.width · scale, 1) of the same dtype."""
        scaled = core.scaled(self._card.scale)
        if is_flat(alpha):
            return np.full((scaled.height, scaled.width, 1), alpha[0, 0, 0])
        if not self._card.enlarges_alpha:
            whole = Size(alpha.shape[1], alpha.shape[0]).scaled(self._card.scale)
            return resample(alpha, whole, BICUBIC)[scaled.slices]
        answer = (await self._ensemble(to_float(np.repeat(alpha, 3, axis=2)), core, means)).mean(axis=2)
        around = cut(alpha, Region(core.x - 1, core.y - 1, core.width + 2, core.height + 2))
        return from_float(settle(answer, to_float(around[:, :, 0])), alpha.dtype)[:, :, np.newaxis]

    async def _answer(self, rgb: Pixels, core: Region, means: Means | None) -> _Values:
        """(h, w, 3) uint8 or uint16 → (core.height · scale, core.width · scale, 3) float32, 0 to 1."""
        if self._card.flat_tiles and is_flat(rgb):
            across = _FlatSide.of(core.x, core.width, rgb.shape[1], self._margins)
            down = _FlatSide.of(core.y, core.height, rgb.shape[0], self._margins)
            if across.is_shorter and down.is_shorter:
                return await self._flat_answer(rgb[0, 0], across, down)
        return await self._ensemble(to_float(rgb), core, means)

    async def _flat_answer(self, colour: Pixels, across: _FlatSide, down: _FlatSide) -> _Values:
        """What the network makes of one colour: a block that repeats, and other ones where the picture ends, known from
        the smallest tile that shows them."""
        key = (colour.tobytes(), colour.itemsize, across.kind, down.kind)
        small = self._flat_answers.get(key)
        if small is None:
            tile = np.broadcast_to(to_float(colour), (down.small, across.small, 3))
            inside = Region(across.before, down.before, across.small_core, down.small_core)
            small = await self._ensemble(tile, inside, None)
            if len(self._flat_answers) < _MOST_FLAT_ANSWERS:
                self._flat_answers[key] = small
        rows, columns = (side.places(self._card.scale) for side in (down, across))
        return small[rows[:, np.newaxis], columns]

    async def _ensemble(self, values: _Values, core: Region, means: Means | None) -> _Values:
        region = core.shifted(-self._card.trim, -self._card.trim).scaled(self._card.scale)
        is_smallest = self._is_smallest(self._inner_side(values))
        told = [None] * len(self._turns) if means is None else means
        if len(self._turns) == 1:
            return (await self._run(values, is_smallest, told[0]))[region.slices]
        total = np.zeros((region.height, region.width, 3), np.float32)
        for turn, its_means in zip(self._turns, told, strict=True):
            answer = await self._run(turn.of(values), is_smallest, its_means)
            total += turn.back(answer)[region.slices]
        return total / np.float32(ENSEMBLE)

    async def _run(self, values: _Values, is_smallest: bool, means: _Values | None) -> _Values:
        """(h, w, 3) → the network's whole answer, ((h - 2 · trim) · scale, (w - 2 · trim) · scale, 3)."""
        card = self._card
        feeds = self._feeds(values[np.newaxis], means)
        outputs = await self._session.run(feeds, arrangement=self._arrangement, is_smallest=is_smallest)
        answer = outputs["output"][0]
        height, width = values.shape[:2]
        expected = ((height - 2 * card.trim) * card.scale, (width - 2 * card.trim) * card.scale, 3)
        if answer.shape != expected:
            raise SessionFailed(
                f"The model “{card.id}” answered a tile with the shape {answer.shape} instead of {expected}: "
                "its catalogue entry does not describe it."
            )
        return np.asarray(answer)

    def _feeds(self, pictures: _Values, means: _Values | None) -> dict[str, NDArray[Any]]:
        """pictures: (N, h, w, 3). means: (M,), None where those of all pictures together are to be taken."""
        feeds = {"input": np.ascontiguousarray(pictures)}
        if self._card.pooled:
            feeds["means"] = np.zeros(self._card.pooled, np.float32) if means is None else means
            feeds["given"] = np.array([means is not None], np.float32)
        return feeds


@dataclass(frozen=True, slots=True)
class _FlatSide:
    """One side of a tile of one colour, and of the smallest tile that shows what the network makes of it.

    before, after: what lies around the core; where that is less than the overlap, the picture ends, and the core shows
    that for `first` and `last` pixels. Between them it is one block of `block` pixels, repeated.
    """

    core: int
    before: int
    after: int
    first: int
    last: int
    block: int

    @classmethod
    def of(cls, start: int, core: int, length: int, margins: Margins) -> _FlatSide:
        """start: of the core in the tile. length: of the tile."""
        overlap = margins.overlap
        before, after = (min(around, overlap) for around in (start, length - start - core))
        return cls(core, before, after, overlap - before, overlap - after, margins.multiple_of)

    @property
    def kind(self) -> tuple[int, int]:
        return self.before, self.after

    @property
    def small_core(self) -> int:
        return self.first + self.block + self.last

    @property
    def small(self) -> int:
        return self.before + self.small_core + self.after

    @property
    def is_shorter(self) -> bool:
        """Whether the small tile is no longer than the one that it stands for."""
        return self.small_core <= self.core

    def places(self, scale: int) -> NDArray[np.intp]:
        """Of each pixel of the enlarged core, where it stands in the small one."""
        places = np.arange(self.core * scale)
        first, last, block = self.first * scale, self.last * scale, self.block * scale
        middle = first + (places - first) % block
        at_end = places - (self.core - self.small_core) * scale
        return np.where(places < first, places, np.where(places >= self.core * scale - last, at_end, middle))


def is_flat(samples: Pixels) -> bool:
    """Whether all pixels of (h, w, n) are the same; the corners are asked first, which settles most."""
    first = samples[0, 0]
    return bool((samples[-1, -1] == first).all() and (samples == first).all())
