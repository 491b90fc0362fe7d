"""A moving picture as full frames with their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from .geometry import Size
from .picture import Metadata, Picture


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One full-canvas picture, shown for `duration_ms` milliseconds as the file says."""

    picture: Picture
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimationInfo:
    """What a file tells about its frames before any is decoded.

    durations_ms: of every frame that will come. loop_count: how often they play; 0 = for ever. has_alpha: whether
    pixels can be transparent; then every frame has alpha, else none. depth: 8 or 16 bits a sample. channels: 1 or 3,
    without alpha. background: what the file names as such; browsers never draw it.
    """

    size: Size
    durations_ms: tuple[float, ...]
    loop_count: int
    has_alpha: bool
    depth: int
    channels: int
    background: tuple[int, int, int] | None
    metadata: Metadata


class AnimationFile(Protocol):
    """A file with several frames, which are decoded one at a time. notes: what is wrong with it, in sentences."""

    info: AnimationInfo
    notes: tuple[str, ...]

    def frames(self) -> Iterator[Frame]:
        """Every frame from the first on, on each call anew. Raises CorruptImage."""


@dataclass(frozen=True, slots=True, eq=False)
class Animation:
    """Frames of one size in their order. `loop_count` is how often they play; 0 = for ever."""

    frames: tuple[Frame, ...]
    loop_count: int

    def __post_init__(self) -> None:
        if not self.frames:
            raise ValueError("an animation has at least one frame")
        sizes = {frame.picture.size for frame in self.frames}
        if len(sizes) > 1:
            raise ValueError(f"the frames of an animation have one size, not {', '.join(map(str, sizes))}")

    @property
    def size(self) -> Size:
        return self.frames[0].picture.size
