"""What is wanted of a job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import get_args

from .catalogue import Catalogue, ModelCard
from .codecs import EncodeOptions, FramesAs
from .errors import InvalidOption
from .planner import Wanted
from .sessions import Session
from .tile_runner import ENSEMBLE

OpenSession = Callable[[ModelCard], Awaitable[Session]]
"""Hands out the loaded session of a model, starting it when needed."""

DecodeElsewhere = Callable[[bytes, str], Awaitable[tuple[int, int, bytes] | None]]
"""A decoder of the surroundings: (file, MIME type) → width, height and RGBA with 8 bits a sample, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleOptions:
    """model: id in the catalogue. scale, width, height, stretch: see `planner.Wanted`. output: how it is written.

    strength: 1 gives the network's result, 0 plain bicubic enlarging (then no network runs), between them a blend.
    tta: see `TileRunner`. frames: what becomes of an animation, or the number, from 1 on, of the one frame that is
    enlarged of it. merge: neighbouring frames that show the same become one. partial: of a damaged file take what can
    be read. tile: longest side of a tile in pixels, None for the planner's choice.
    """

    model: str
    scale: float | None = None
    width: int | None = None
    height: int | None = None
    stretch: bool = False
    strength: float = 1.0
    tta: bool = False
    frames: FramesAs | int = "animation"
    merge: bool = False
    partial: bool = False
    tile: int | None = None
    output: EncodeOptions = field(default_factory=EncodeOptions)

    @property
    def wanted(self) -> Wanted:
        return Wanted(scale=self.scale, width=self.width, height=self.height, stretch=self.stretch)

    @property
    def runs(self) -> int:
        """How often a network runs for each tile."""
        return ENSEMBLE if self.tta else 1

    @property
    def part(self) -> str:
        """What of an animation the result is, as names have it: "" for all of it."""
        if isinstance(self.frames, int):
            return f"frame{self.frames}"
        return "" if self.frames == "animation" else "sheet" if self.frames == "sheet" else "frames"

    def check(self, catalogue: Catalogue) -> None:
        """Raises ModelUnavailable or InvalidOption for what no file can change."""
        catalogue.get(self.model)
        self.wanted.check()
        if not 0 <= self.strength <= 1:
            raise InvalidOption(f"The strength {self.strength:g} is outside 0 to 1.")
        if isinstance(self.frames, str) and self.frames not in get_args(FramesAs):
            raise InvalidOption(
                f"The choice of frames “{self.frames}” is unknown; accepted: {', '.join(get_args(FramesAs))} "
                "or the number of one frame, from 1 on."
            )
