"""Animations of which every frame can be told from one pixel."""

from __future__ import annotations

import numpy as np

from senmei.animation import Animation, Frame
from senmei.codecs import EncodeOptions, decode, encode
from senmei.picture import Picture

COLOURS = ((250, 30, 30), (30, 200, 40), (40, 60, 240), (240, 220, 30), (20, 20, 20))
DURATIONS = (120.0, 300.0, 80.0, 200.0, 150.0)


def plain(
    colours: tuple[tuple[int, int, int], ...] = COLOURS,
    durations: tuple[float, ...] = DURATIONS,
    *,
    width: int = 48,
    height: int = 36,
) -> tuple[Frame, ...]:
    """Frames that can be told from one pixel."""
    return tuple(
        Frame(Picture(np.full((height, width, 3), colour, np.uint8)), durations[index % len(durations)])
        for index, colour in enumerate(colours)
    )


def file_of(frames: tuple[Frame, ...], name: str = "gif", loop_count: int = 0) -> bytes:
    return encode(Animation(frames, loop_count), EncodeOptions(format=name))


def animation(data: bytes) -> Animation:
    made = decode(data)
    assert isinstance(made, Animation)
    return made


def nearest(colour: list[int]) -> int:
    """The index of the frame that shows this colour."""
    off = np.abs(np.array(COLOURS) - colour).sum(axis=1)
    assert off.min() < 30, f"{colour} is no frame's colour"
    return int(off.argmin())
