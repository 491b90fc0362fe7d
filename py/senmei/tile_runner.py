"""One tile through a network: samples in, enlarged samples out, whatever has to happen in between."""

from __future__ import annotations

from dataclasses import dataclass

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
from .resampling import BICUBIC, resample
from .sessions import Session
from .tiling import Margins, plan_parts, round_up

_Values = NDArray[np.float32]

LEAST_CORE = 16
"""A tile whose core is no longer than this is not halved any more when memory is short."""

ENSEMBLE = 8
"""How many turns and mirrorings a tile has."""

_MOST_FLAT_ANSWERS = 1024


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
        self._tta = tta
        self._known = known
        self._longest: int | None = None
        self._short: set[int] = set()
        self._flat_answers: dict[tuple[object, ...], _Values] = {}

    @property
    def card(self) -> ModelCard:
        return self._card

    async def enlarge(self, tile: Pixels, core: Region) -> Pixels:
        """The enlarged `core` of a tile.

        tile: (h, w, n) uint8 or uint16 with n as in `rows.Band`; core: within it. Returns (core.height · scale,
        core.width · scale, n) of the same dtype. When memory is short the tile is halved; when it is again before a
        tile of that size has fitted, so are all that come after it. Raises TooLarge when the smallest tile does not fit
        either, SessionFailed when the runtime fails.
        """
        if self._known is None:
            return await self._computed(tile, core)
        return await self._known.answer(tile, core, lambda: self._computed(tile, core))

    async def _computed(self, tile: Pixels, core: Region) -> Pixels:
        side = self._inner_side(tile)
        longest = self._longest
        if longest is None or side <= longest:
            try:
                answer = await self._enlarge_whole(tile, core)
            except OutOfMemory as error:
                longest = self._halved(side, error)
            else:
                self._short.discard(side)
                return answer
        return await self._enlarge_parts(tile, core, longest)

    def _inner_side(self, tile: Pixels | _Values) -> int:
        """The longest side of a tile's source (h, w, n) without two overlaps."""
        longest: int = max(tile.shape[:2])
        return longest - 2 * self._margins.overlap

    def _halved(self, side: int, error: OutOfMemory) -> int:
        if self._is_smallest(side):
            raise TooLarge(
                f"There is not enough memory to run the model “{self._card.id}” even on a tile of "
                f"{side + 2 * self._margins.overlap} pixels."
            ) from error
        half = round_up(max(LEAST_CORE, side // 2), self._margins.multiple_of)
        if side in self._short:
            self._longest = min(self._longest or half, half)
        self._short.add(side)
        return half

    def _is_smallest(self, side: int) -> bool:
        return side < LEAST_CORE + self._margins.multiple_of

    async def _enlarge_parts(self, tile: Pixels, core: Region, longest: int) -> Pixels:
        scale = self._card.scale
        enlarged = np.empty((core.height * scale, core.width * scale, tile.shape[2]), tile.dtype)
        shape = self._margins.source(Size(longest, longest))
        for part in plan_parts(Size(tile.shape[1], tile.shape[0]), core, self._margins, shape=shape).tiles:
            inside = part.core.shifted(-part.source.x, -part.source.y)
            answer = await self._computed(cut(tile, part.source), inside)
            enlarged[part.core.shifted(-core.x, -core.y).scaled(scale).slices] = answer
        return enlarged

    async def _enlarge_whole(self, tile: Pixels, core: Region) -> Pixels:
        has_alpha = tile.shape[2] in (2, 4)
        if has_alpha and not tile[:, :, -1].any():
            # Nobody will see its colours.
            return tile[core.slices].repeat(self._card.scale, axis=0).repeat(self._card.scale, axis=1)
        colour = tile[:, :, :-1] if has_alpha else tile
        is_gray = colour.shape[2] == 1
        answer = await self._answer(np.repeat(colour, 3, axis=2) if is_gray else colour, core)
        enlarged = from_float(answer.mean(axis=2, keepdims=True) if is_gray else answer, tile.dtype)
        if not has_alpha:
            return enlarged
        return np.concatenate((enlarged, await self._alpha(tile[:, :, -1:], core)), axis=2)

    async def _alpha(self, alpha: Pixels, core: Region) -> Pixels:
        """(h, w, 1) → (core.height · scale, core.width · scale, 1) of the same dtype."""
        scaled = core.scaled(self._card.scale)
        if is_flat(alpha):
            return np.full((scaled.height, scaled.width, 1), alpha[0, 0, 0])
        if not self._card.enlarges_alpha:
            whole = Size(alpha.shape[1], alpha.shape[0]).scaled(self._card.scale)
            return resample(alpha, whole, BICUBIC)[scaled.slices]
        answer = (await self._ensemble(to_float(np.repeat(alpha, 3, axis=2)), core)).mean(axis=2)
        around = cut(alpha, Region(core.x - 1, core.y - 1, core.width + 2, core.height + 2))
        return from_float(settle(answer, to_float(around[:, :, 0])), alpha.dtype)[:, :, np.newaxis]

    async def _answer(self, rgb: Pixels, core: Region) -> _Values:
        """(h, w, 3) uint8 or uint16 → (core.height · scale, core.width · scale, 3) float32, 0 to 1."""
        if self._card.flat_tiles and is_flat(rgb):
            across = _FlatSide.of(core.x, core.width, rgb.shape[1], self._margins)
            down = _FlatSide.of(core.y, core.height, rgb.shape[0], self._margins)
            if across.is_shorter and down.is_shorter:
                return await self._flat_answer(rgb[0, 0], across, down)
        return await self._ensemble(to_float(rgb), core)

    async def _flat_answer(self, colour: Pixels, across: _FlatSide, down: _FlatSide) -> _Values:
        """What the network makes of one colour: a block that repeats, and other ones where the picture ends, known from
        the smallest tile that shows them."""
        key = (colour.tobytes(), colour.itemsize, across.kind, down.kind)
        small = self._flat_answers.get(key)
        if small is None:
            tile = np.broadcast_to(to_float(colour), (down.small, across.small, 3))
            small = await self._ensemble(tile, Region(across.before, down.before, across.small_core, down.small_core))
            if len(self._flat_answers) < _MOST_FLAT_ANSWERS:
                self._flat_answers[key] = small
        rows, columns = (side.places(self._card.scale) for side in (down, across))
        return small[rows[:, np.newaxis], columns]

    async def _ensemble(self, values: _Values, core: Region) -> _Values:
        region = core.shifted(-self._card.trim, -self._card.trim).scaled(self._card.scale)
        is_smallest = self._is_smallest(self._inner_side(values))
        if not self._tta:
            return (await self._run(values, is_smallest))[region.slices]
        total = np.zeros((region.height, region.width, 3), np.float32)
        for turns in range(ENSEMBLE // 2):
            turned = np.rot90(values, turns)
            total += np.rot90(await self._run(turned, is_smallest), -turns)[region.slices]
            total += np.rot90((await self._run(turned[:, ::-1], is_smallest))[:, ::-1], -turns)[region.slices]
        return total / np.float32(ENSEMBLE)

    async def _run(self, values: _Values, is_smallest: bool) -> _Values:
        """(h, w, 3) → the network's whole answer, ((h - 2 · trim) · scale, (w - 2 · trim) · scale, 3)."""
        card = self._card
        feeds = {"input": np.ascontiguousarray(values)[np.newaxis]}
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
