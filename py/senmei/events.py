"""What a job tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .arrangement import Graph
from .codecs import Header
from .geometry import Region, Size
from .jobs import Progress
from .memory import MemoryPlan
from .picture import Pixels


@dataclass(frozen=True, slots=True)
class Planned:
    """What a job will do, known from the file's header.

    header: of the file. models: ids of the networks, in the order of their passes. tiles: how often a network runs, of
    all frames together. format, part: as in Finished. frames: of the result. estimate_ms: about how long the networks
    will take, where alpha is even; None where it is not known how fast they are.
    """

    header: Header
    models: tuple[str, ...]
    target: Size
    tiles: int
    memory: MemoryPlan
    format: str
    part: str = ""
    frames: int = 1
    estimate_ms: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TilePainted:
    """A part of the result, to be shown while the rest is under way.

    region: where it lies in an image of the size `image`, which the last pass makes out of a picture of the size
    `source`.
    pixels: (h, w, 3) uint8; alpha: (h, w) uint8 or None. frame: of an animation, its index.
    """

    region: Region
    pixels: Pixels
    alpha: Pixels | None
    image: Size
    source: Size
    frame: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """The next bytes of the result's file, or, with an offset, those that take the place of earlier ones."""

    data: bytes
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event: what the file is.

    provider, workers, threads, graph: what computed it, see `Arrangement`; "none", 0, 0 and "none" without a network.
    format: as in EncodeOptions, or "zip". notes: what was lost or guessed in reading and writing, and what went wrong
    in computing and was mended, in sentences.
    part: what of an animation it is, "" for all of it. frames: how many were enlarged. tiles: of all frames and passes;
    tiles_run: those that were not known already from another frame.
    """

    size: Size
    model: str
    provider: str
    workers: int
    threads: int
    graph: Graph | Literal["none"]
    format: str
    depth: int
    notes: tuple[str, ...]
    part: str = ""
    frames: int = 1
    tiles: int = 0
    tiles_run: int = 0


Event = Progress | Planned | TilePainted | Encoded | Finished
