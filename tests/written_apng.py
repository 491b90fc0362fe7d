"""APNG files written by hand (W3C PNG, third edition, 11.3.2), with the canvases, times and plays to come out."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from composed import CLEAR, KEEP, RESTORE, Drawn, composed
from drawings import drawing
from mutations import png_chunks
from written_png import SIGNATURE, chunk, png

WIDTH, HEIGHT = 11, 9
Samples = NDArray[Any]

DISPOSALS = (KEEP, CLEAR, RESTORE)


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """samples: (h, w, samples a pixel) as the file stores them. delay: numerator and denominator."""

    samples: Samples
    x: int = 0
    y: int = 0
    over: bool = False
    disposal: str = KEEP
    delay: tuple[int, int] = (1, 10)

    @property
    def duration_ms(self) -> float:
        return self.delay[0] * 1000 / (self.delay[1] or 100)


@dataclass(frozen=True, slots=True, eq=False)
class ApngCase:
    """frames: (H, W, C + 1) each, alpha last and of the depth read; colours under transparency mean nothing. notes: how
    many there must be. is_deep: whether there are 16 bits a sample."""

    name: str
    data: bytes
    frames: list[Samples]
    durations_ms: list[float]
    plays: int = 0
    notes: int = 0
    is_deep: bool = False


def apng(
    frames: Sequence[Stored],
    depth: int,
    colour: int,
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    plays: int = 0,
    stated: int | None = None,
    hidden: Samples | None = None,
    before: bytes = b"",
    between: bytes = b"",
    interlaced: bool = False,
    data_chunks: int = 1,
) -> bytes:
    """hidden: a default image that is none of the frames. between: chunks before each fcTL but the first."""
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, int(interlaced))
    control = struct.pack(">II", len(frames) if stated is None else stated, plays)
    parts = [SIGNATURE, chunk(b"IHDR", header), chunk(b"acTL", control), before]
    if hidden is not None:
        parts += [chunk(b"IDAT", content) for content in _streams(hidden, depth, colour, interlaced, data_chunks)]
    sequence = 0
    for index, frame in enumerate(frames):
        height, width = frame.samples.shape[:2]
        place = (width, height, frame.x, frame.y, *frame.delay, DISPOSALS.index(frame.disposal), frame.over)
        parts.append(between if index else b"")
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, *place)))
        sequence += 1
        for content in _streams(frame.samples, depth, colour, interlaced, data_chunks):
            if index == 0 and hidden is None:
                parts.append(chunk(b"IDAT", content))
            else:
                parts.append(chunk(b"fdAT", struct.pack(">I", sequence) + content))
                sequence += 1
    return b"".join((*parts, chunk(b"IEND")))


def _streams(samples: Samples, depth: int, colour: int, interlaced: bool, data_chunks: int) -> list[bytes]:
    still = png(samples, depth, colour, interlaced=interlaced, data_chunks=data_chunks)
    return [one[8:-4] for one in png_chunks(still) if one[4:8] == b"IDAT"]


def rgba(width: int = WIDTH, height: int = HEIGHT, *, seed: int, alpha: str = "soft") -> Samples:
    """(height, width, 4). alpha: "soft" (of all kinds), "hard" (0 and 255) or "opaque"."""
    rng = np.random.default_rng(seed)
    opacity = {
        "soft": rng.choice([0, 1, 60, 128, 200, 254, 255], (height, width)),
        "hard": rng.choice([0, 255], (height, width)),
        "opaque": np.full((height, width), 255),
    }[alpha]
    return np.dstack((drawing(width, height, seed=seed, noise=20), opacity.astype(np.uint8)))


def cases() -> list[ApngCase]:
    """The same at every call."""
    return [*_disposals(), *_kinds(), *_structures(), *_times()]


def _rgba_case(name: str, frames: Sequence[Stored], **options: Any) -> ApngCase:
    drawn = [Drawn(frame.samples, frame.x, frame.y, frame.over, frame.disposal) for frame in frames]
    return ApngCase(
        name,
        apng(frames, 8, 6, **options),
        composed(WIDTH, HEIGHT, drawn),
        [frame.duration_ms for frame in frames],
        options.get("plays", 0),
    )


def _disposals() -> Iterator[ApngCase]:
    """Every pair of disposals before every way of blending, with soft and with hard alpha."""
    for first, second, over in product(DISPOSALS, DISPOSALS, (False, True)):
        for alpha in ("soft", "hard"):
            name = f"{first}, {second}, {'over' if over else 'source'}, {alpha} alpha"
            frames = [
                Stored(rgba(seed=1, alpha=alpha), disposal=first),
                Stored(rgba(5, 4, seed=2, alpha=alpha), 3, 2, over, second),
                Stored(rgba(4, 6, seed=3, alpha=alpha), 6, 1, over, first),
                Stored(rgba(2, 2, seed=4, alpha=alpha), 0, 7, over, second),
            ]
            yield _rgba_case(name, frames)


def _kinds() -> Iterator[ApngCase]:
    """Every colour type and depth, whole frames and parts, with and without a transparent colour, interlaced or not."""
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    counts = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
    for colour, interlaced in product(depths, (False, True)):
        for depth, keyed in product(depths[colour], (False, True) if colour < 4 else (False,)):
            rng = np.random.default_rng(10 * colour + depth)
            shapes = ((HEIGHT, WIDTH), (5, 7), (HEIGHT, WIDTH))
            kind = np.uint16 if depth == 16 else np.uint8
            stored = [rng.integers(0, 2**depth, (*shape, counts[colour])).astype(kind) for shape in shapes]
            palette = rng.integers(0, 256, (2**depth if depth <= 8 else 1, 3)).astype(np.uint8)
            key = stored[0][2, 3]
            frames = [
                Stored(stored[0]),
                Stored(stored[1], 2, 3, over=True, disposal=RESTORE),
                Stored(stored[2], over=True),
            ]
            before = chunk(b"PLTE", palette.tobytes()) if colour == 3 else b""
            if keyed and colour == 3:
                opacities = np.full(len(palette), 255, np.uint8)
                opacities[:2] = 0, 77
                before += chunk(b"tRNS", opacities[:2].tobytes())
            elif keyed:
                before += chunk(b"tRNS", b"".join(int(value).to_bytes(2, "big") for value in key))
            plain = []
            for frame in frames:
                if colour == 3:
                    alpha = opacities[frame.samples] if keyed else np.full_like(frame.samples, 255)
                    samples = np.dstack((palette[frame.samples[:, :, 0]], alpha))
                else:
                    samples = _scaled(frame.samples, depth, colour, key if keyed else None)
                plain.append(Drawn(samples, frame.x, frame.y, frame.over, frame.disposal))
            names = {0: "gray", 2: "RGB", 3: "palette", 4: "gray and alpha", 6: "RGB and alpha"}
            name = f"{names[colour]}, {depth} bits{', keyed' * keyed}{', interlaced' * interlaced}"
            data = apng(frames, depth, colour, before=before, interlaced=interlaced)
            yield ApngCase(name, data, composed(WIDTH, HEIGHT, plain), [100.0] * 3, is_deep=depth == 16)


def _scaled(samples: Samples, depth: int, colour: int, key: Samples | None) -> Samples:
    """(h, w, C) as stored → (h, w, colours + 1), full range."""
    full = 2**depth - 1
    scaled = samples if depth >= 8 else (samples * (255 // full)).astype(np.uint8)
    if colour >= 4:
        return scaled
    most = np.iinfo(scaled.dtype).max
    alpha = np.full(samples.shape[:2], most) if key is None else np.where((samples == key).all(axis=2), 0, most)
    return np.dstack((scaled, alpha.astype(scaled.dtype)))


def _structures() -> Iterator[ApngCase]:
    """What a file can hold besides its frames, and where."""
    whole, part, last = rgba(seed=5), rgba(5, 4, seed=6), rgba(seed=7, alpha="hard")
    frames = [Stored(whole), Stored(part, 4, 3, True), Stored(last, over=True)]
    yield _rgba_case("hidden default image", frames, hidden=rgba(seed=8))
    yield _rgba_case("hidden default image, first frame a part", frames[1:], hidden=rgba(seed=8))
    cleared = [replace(frames[1], disposal=CLEAR), Stored(part, 0, 0, True), frames[2]]
    yield _rgba_case("hidden default image, first frame a part that is cleared", cleared, hidden=rgba(seed=8))
    yield _rgba_case("one frame", frames[:1])
    yield _rgba_case("data in many chunks", frames, data_chunks=7)
    yield _rgba_case("hidden default image, data in many chunks", frames, data_chunks=7, hidden=rgba(seed=8))
    text = chunk(b"tEXt", b"Comment\0between the frames")
    yield _rgba_case("other chunks between the frames", frames, between=text + chunk(b"prVt", b"\1"))
    corners = [
        Stored(rgba(1, 1, seed=index), x, y, True, disposal)
        for index, (x, y, disposal) in enumerate(
            ((WIDTH - 1, 0, KEEP), (0, HEIGHT - 1, RESTORE), (WIDTH - 1, HEIGHT - 1, CLEAR), (0, 0, KEEP))
        )
    ]
    yield _rgba_case("single pixels in the corners", [frames[0], *corners])
    many = [Stored(rgba(2, 2, seed=index), index % 9, index % 7, bool(index % 2)) for index in range(40)]
    yield _rgba_case("forty frames", [frames[0], *many])
    yield replace(_rgba_case("more frames than promised", frames[:2]), data=apng(frames, 8, 6, stated=2), notes=1)
    opaque = [frame.samples[:, :, :3] for frame in frames]
    holes = [Stored(opaque[0], disposal=CLEAR), Stored(opaque[1], 2, 2), Stored(opaque[2])]
    drawn = [Drawn(_scaled(one.samples, 8, 2, None), one.x, one.y, one.over, one.disposal) for one in holes]
    yield ApngCase("holes in opaque frames", apng(holes, 8, 2), composed(WIDTH, HEIGHT, drawn), [100.0] * 3)
    part_first = [replace(one, disposal=KEEP) for one in holes[1:]]
    data = apng(part_first, 8, 2, hidden=opaque[2])
    canvases = composed(WIDTH, HEIGHT, [replace(one, disposal=KEEP) for one in drawn[1:]])
    yield ApngCase("opaque part first", data, canvases, [100.0] * 2)


def _times() -> Iterator[ApngCase]:
    delays = ((0, 1), (0, 0), (7, 0), (1, 30), (65535, 1), (65535, 65535), (1, 65535), (333, 1000))
    frames = [Stored(rgba(seed=index), delay=delay) for index, delay in enumerate(delays)]
    for plays in (0, 1, 2, 7, 2**31 - 1):
        yield _rgba_case(f"times, {plays} plays", frames, plays=plays)
