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


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimationInfo:
    """What is known of an animation without decoding its frames.

    durations_ms: of every frame, exactly as the file says. loop_count: times played in all; 0 = for ever. has_alpha:
    whether any frame can have a transparent pixel: then all frames have alpha, else none. depth: bits a sample, 8 or
    16; channels: 1 or 3; both the same for all frames. background: the colour that the file names as such; browsers
    never draw it.
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
    """An animation that is read frame by frame. notes: sentences for its user; more may come while frames are read."""

    info: AnimationInfo

    @property
    def notes(self) -> tuple[str, ...]: ...

    def frames(self) -> Iterator[Frame]:
        """All frames, decoded one at a time, from the first at every call. Arrays handed out are not changed later."""
