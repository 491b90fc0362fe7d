"""A moving picture as full frames with their times."""

from __future__ import annotations

from dataclasses import dataclass

from .geometry import Size
from .picture import Picture


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
