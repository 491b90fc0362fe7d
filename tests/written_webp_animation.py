"""Animated WebP files put together by hand (RFC 9649, 2.7), with the canvases, times and plays to come out."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from composed import CLEAR, KEEP, Drawn, Pixel, composed
from drawings import saved
from written_apng import rgba

WIDTH, HEIGHT = 12, 10
Samples = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """One frame. still: a WebP file of its pixels. x, y: even numbers."""

    still: bytes
    x: int = 0
    y: int = 0
    over: bool = False
    disposal: str = KEEP
    duration_ms: int = 100

    @property
    def samples(self) -> Samples:
        """(h, w, 4) as Pillow decodes the still."""
        return np.asarray(Image.open(BytesIO(self.still)).convert("RGBA"))


@dataclass(frozen=True, slots=True, eq=False)
class WebpCase:
    """frames: (H, W, 4) each; colours under transparency mean nothing. is_lossy: whether another decoder may give
    slightly other levels."""

    name: str
    data: bytes
    frames: list[Samples]
    durations_ms: list[float]
    plays: int = 0
    background: tuple[int, int, int] = (0, 0, 0)
    is_lossy: bool = False


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(content)) + content + bytes(len(content) % 2)


def animation(
    frames: Sequence[Coded],
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    plays: int = 0,
    background: tuple[int, int, int, int] = (0, 0, 0, 0),
    flags: int = 0x12,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """background: red, green, blue, alpha. before, after: chunks around ANIM and the frames."""
    red, green, blue, alpha = background
    head = chunk(b"VP8X", struct.pack("<I", flags) + _sides(*size))
    settings = chunk(b"ANIM", bytes((blue, green, red, alpha)) + struct.pack("<H", plays))
    body = b"WEBP" + head + before + settings + b"".join(map(anmf, frames)) + after
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def anmf(frame: Coded) -> bytes:
    height, width = frame.samples.shape[:2]
    flags = (0 if frame.over else 2) | (frame.disposal == CLEAR)
    place = b"".join(value.to_bytes(3, "little") for value in (frame.x // 2, frame.y // 2))
    times = frame.duration_ms.to_bytes(3, "little") + bytes((flags,))
    return chunk(b"ANMF", place + _sides(width, height) + times + b"".join(_picture_chunks(frame.still)))


def _sides(width: int, height: int) -> bytes:
    return (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def _picture_chunks(still: bytes) -> Iterator[bytes]:
    place = 12
    while place < len(still):
        length = 8 + int.from_bytes(still[place + 4 : place + 8], "little")
        if still[place : place + 4] in (b"ALPH", b"VP8 ", b"VP8L"):
            yield still[place : place + length + length % 2]
        place += length + length % 2


def libwebp_over(above: Pixel, below: Pixel, full: int) -> Pixel:
    """BlendPixelNonPremult of libwebp's src/demux/anim_decode.c, line by line."""
    assert full == 255
    if above[3] == 0:
        return below
    factor = (below[3] * (256 - above[3])) >> 8
    alpha = above[3] + factor
    scale = (1 << 24) // alpha
    colours = (((a * above[3] + b * factor) * scale) >> 24 for a, b in zip(above[:3], below[:3], strict=True))
    return (*colours, alpha)


def lossless(samples: Samples) -> bytes:
    return saved(samples, "WEBP", lossless=True, exact=True)


def lossy(samples: Samples) -> bytes:
    return saved(samples, "WEBP", quality=70)


def _case(name: str, frames: Sequence[Coded], *, is_lossy: bool = False, **options: Any) -> WebpCase:
    drawn = [Drawn(frame.samples, frame.x, frame.y, frame.over, frame.disposal) for frame in frames]
    return WebpCase(
        name,
        animation(frames, **options),
        composed(WIDTH, HEIGHT, drawn, libwebp_over),
        [float(frame.duration_ms) for frame in frames],
        options.get("plays", 0),
        options.get("background", (0, 0, 0))[:3],
        is_lossy,
    )


def cases() -> list[WebpCase]:
    """The same at every call."""
    return [*_disposals(), *_codings(), *_structures()]


def _disposals() -> Iterator[WebpCase]:
    """Every pair of disposals before every pair of ways of blending, with soft and with hard alpha."""
    ways = product((KEEP, CLEAR), (KEEP, CLEAR), (False, True), (False, True), ("soft", "hard"))
    for first, second, over, over_next, alpha in ways:
        names = ["over" if one else "source" for one in (over, over_next)]
        frames = [
            Coded(lossless(rgba(WIDTH, HEIGHT, seed=1, alpha=alpha)), disposal=first),
            Coded(lossless(rgba(5, 4, seed=2, alpha=alpha)), 4, 2, over, second),
            Coded(lossless(rgba(5, 6, seed=3, alpha=alpha)), 6, 0, over_next, first),
            Coded(lossless(rgba(2, 3, seed=4, alpha=alpha)), 0, 6, over, second),
            Coded(lossless(rgba(WIDTH, HEIGHT, seed=5, alpha=alpha)), 0, 0, over_next),
        ]
        yield _case(f"{first}, {second}, {', '.join(names)}, {alpha} alpha", frames)


def _codings() -> Iterator[WebpCase]:
    soft = [rgba(*size, seed=seed) for seed, size in enumerate(((WIDTH, HEIGHT), (7, 5), (4, 9)))]
    opaque = [one[:, :, :3] for one in soft]
    for name, coded, samples in (
        ("lossless", lossless, opaque),
        ("lossless with alpha", lossless, soft),
        ("lossy", lossy, opaque),
        ("lossy with alpha", lossy, soft),
    ):
        for over in (False, True):
            places = ((0, 0), (2, 4), (8, 0))
            stills = [coded(one) for one in samples]
            frames = [Coded(one, *place, over) for one, place in zip(stills, places, strict=True)]
            blending = "over" if over else "source"
            yield _case(f"{name}, {blending}", frames, is_lossy=coded is lossy)
    mixed = [Coded(lossless(soft[0])), Coded(lossy(opaque[1]), 2, 4, True), Coded(lossy(soft[2]), 8, 0, True)]
    yield _case("lossless and lossy mixed", mixed, is_lossy=True)


def _structures() -> Iterator[WebpCase]:
    soft = [rgba(*size, seed=seed) for seed, size in enumerate(((WIDTH, HEIGHT), (7, 5), (4, 9)))]
    opaque = [one[:, :, :3] for one in soft]
    frames = [Coded(lossless(soft[0])), Coded(lossless(soft[1]), 4, 4, True), Coded(lossless(soft[2]), 8, 0)]
    yield _case("first frame a part", frames[1:])
    yield _case("opaque part first", [Coded(lossless(opaque[1]), 2, 2), Coded(lossless(opaque[2]), 8, 0)])
    holes = [Coded(lossless(opaque[0]), disposal=CLEAR), Coded(lossless(opaque[1]), 2, 2)]
    yield _case("holes in opaque frames", holes, flags=0x02)
    masked = np.dstack((opaque[1], np.where(soft[1][:, :, 3] > 100, 255, 0).astype(np.uint8)))
    yield _case("kept pixels in opaque frames", [Coded(lossless(opaque[0])), Coded(lossless(masked), 4, 2, True)])
    yield _case("one frame", frames[:1])
    yield _case("a background that is not drawn", frames[1:], background=(200, 100, 50, 255))
    others = chunk(b"JUNK", b"odd") + chunk(b"ICCP", b"no profile")
    yield _case("other chunks around the frames", frames, before=others, after=chunk(b"abcd", b"12345"))
    for plays in (0, 1, 3, 65535):
        times = (0, 1, 10, 100, 16_777_215)
        timed = [replace(frames[index % 3], duration_ms=time) for index, time in enumerate(times)]
        yield _case(f"times, {plays} plays", timed, plays=plays)
    many = [Coded(lossless(rgba(3, 3, seed=index)), 2 * (index % 4), index % 4 * 2, True) for index in range(30)]
    yield _case("thirty-one frames", [frames[0], *many])
