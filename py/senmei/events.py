"""What a job tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from .codecs import Header
from .geometry import Region, Size
from .jobs import Progress
from .memory import MemoryPlan
from .picture import Pixels


@dataclass(frozen=True, slots=True)
class Planned:
    """What a job will do, known from the file's header.

    header: of the file. models: ids of the networks, in the order of their passes.
    """

    header: Header
    models: tuple[str, ...]
    target: Size
    tiles: int
    memory: MemoryPlan


@dataclass(frozen=True, slots=True, eq=False)
class TilePainted:
    """A part of the result, to be shown while the rest is under way.

    region: where it lies in an image of the size `image`, which the last pass makes out of a picture of the size
    `source`.
    pixels: (h, w, 3) uint8; alpha: (h, w) uint8 or None.
    """

    region: Region
    pixels: Pixels
    alpha: Pixels | None
    image: Size
    source: Size


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """The next bytes of the result's file."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event: what the file is. notes: what was lost or guessed in reading and writing, in sentences."""

    size: Size
    model: str
    provider: str
    format: str
    depth: int
    notes: tuple[str, ...]


Event = Progress | Planned | TilePainted | Encoded | Finished
