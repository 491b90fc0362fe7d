"""A moving picture as full frames with their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from .geometry import Size
from .picture import NO_METADATA, Metadata, Picture


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
    """A file with several frames, which are decoded one at a time."""

    info: AnimationInfo

    @property
    def notes(self) -> tuple[str, ...]:
        """What is wrong with the file, in sentences; more may come while its frames are read."""

    def frames(self) -> Iterator[Frame]:
        """Every frame from the first on, on each call anew. Arrays handed out are not changed later. Raises
        CorruptImage."""


@dataclass(frozen=True, slots=True, eq=False)
class Animation:
    """Frames of one kind and size in their order.

    loop_count: how often they play; 0 = for ever. background: see AnimationInfo. notes: sentences about what was lost
    or guessed while it was read. Raises ValueError for frames that differ in size, depth, channels or in having alpha.
    """

    frames: tuple[Frame, ...]
    loop_count: int = 0
    background: tuple[int, int, int] | None = None
    metadata: Metadata = NO_METADATA
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.frames:
            raise ValueError("an animation has at least one frame")
        kinds = {(one.pixels.shape, one.pixels.dtype, one.alpha is None) for one in self._pictures}
        if len(kinds) > 1:
            raise ValueError(f"the frames of an animation are all alike, not {', '.join(map(str, kinds))}")

    @property
    def _pictures(self) -> list[Picture]:
        return [frame.picture for frame in self.frames]

    @property
    def size(self) -> Size:
        return self.frames[0].picture.size

    @property
    def info(self) -> AnimationInfo:
        first = self.frames[0].picture
        return AnimationInfo(
            size=first.size,
            durations_ms=tuple(frame.duration_ms for frame in self.frames),
            loop_count=self.loop_count,
            has_alpha=first.alpha is not None,
            depth=first.pixels.dtype.itemsize * 8,
            channels=first.pixels.shape[2],
            background=self.background,
            metadata=self.metadata,
        )
