"""A matrix of files of every format, mode and depth, each with the samples that must come out of it.

The files are written by code. What is expected is what they were written from, scaled to the full range; for lossy
files, and where a format's own arithmetic is meant, it is what Pillow reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from drawings import drawing, saved
from written_png import chunk, png
from written_stills import bmp, gif, ico, icon_bitmap, packed, rle4, rle8, tga
from written_tiff import CMYK, DEFLATE, GRAY, GRAY_WHITE_IS_ZERO, LZW, NONE, PACKBITS, PALETTE, RGB, tiff

WIDTH, HEIGHT = 37, 23
Samples = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """name: of the case, beginning with its format. pixels, alpha: what Picture must hold. tolerance: levels by which a
    build with another JPEG library may be off. needs: a Pillow feature without which the file is refused."""

    name: str
    data: bytes
    pixels: Samples
    alpha: Samples | None = None
    tolerance: int = 0
    needs: str = ""

    @property
    def format(self) -> str:
        return self.name.split(":")[0]


@cache
def matrix() -> list[Case]:
    """The same at every call."""
    makers: tuple[Callable[[], Iterator[Case]], ...] = (_png, _jpeg, _webp, _gif, _bmp, _tiff, _ico, _tga, _ppm, _avif)
    return [case for maker in makers for case in maker()]


def levels(bits: int, samples: int, *, seed: int = 0) -> Samples:
    """(HEIGHT, WIDTH, samples) of 0 to 2^bits - 1: a drawing where there are colours, with grain in the low bits."""
    rng = np.random.default_rng(seed)
    base = drawing(WIDTH, HEIGHT, seed=seed)
    planes = [base[:, :, index % 3] if index < 3 else np.roll(base[:, :, 0], 5, axis=1) for index in range(samples)]
    wide = np.dstack(planes).astype(np.uint32) * 257
    wide = np.clip(wide.astype(np.int64) + rng.integers(-200, 200, wide.shape), 0, 65535)
    return (wide >> (16 - bits)).astype(np.uint16 if bits > 8 else np.uint8)


def full_range(samples: Samples, maximum: int) -> Samples:
    """Scaled to 8 bits, or to 16 where there are more than 8."""
    full = 65535 if maximum > 255 else 255
    return np.rint(samples.astype(np.float64) * full / maximum).astype(np.uint16 if maximum > 255 else np.uint8)


def _case(name: str, data: bytes, samples: Samples, *, has_alpha: bool = False, **more: Any) -> Case:
    if has_alpha:
        return Case(name, data, samples[:, :, :-1], samples[:, :, -1], **more)
    return Case(name, data, samples, **more)


def _read_by_pillow(name: str, data: bytes, mode: str, **more: Any) -> Case:
    with Image.open(BytesIO(data)) as image:
        samples = np.asarray(image.convert(mode))
    return _case(name, data, samples.reshape(*samples.shape[:2], -1), has_alpha=mode.endswith("A"), **more)


def _palette(count: int) -> Samples:
    return np.random.default_rng(count).integers(0, 256, (count, 3)).astype(np.uint8)


def _png() -> Iterator[Case]:
    kinds = [(0, depth, 1) for depth in (1, 2, 4, 8, 16)] + [(2, 8, 3), (2, 16, 3), (4, 8, 2), (4, 16, 2)]
    kinds += [(6, 8, 4), (6, 16, 4)]
    names = {0: "gray", 2: "RGB", 4: "gray and alpha", 6: "RGB and alpha"}
    for colour, depth, count in kinds:
        samples = levels(depth, count, seed=colour + depth)
        expected = full_range(samples, 2**depth - 1)
        for interlaced in (False, True):
            name = f"PNG: {names[colour]}, {depth} bits{', interlaced' if interlaced else ''}"
            yield _case(name, png(samples, depth, colour, interlaced=interlaced), expected, has_alpha=colour > 2)
            if colour not in (0, 2):
                continue
            key = samples[7, 9]
            content = b"".join(int(value).to_bytes(2, "big") for value in key)
            data = png(samples, depth, colour, interlaced=interlaced, before=chunk(b"tRNS", content))
            full = np.iinfo(expected.dtype).max
            alpha = np.where((samples == key).all(axis=2), 0, full).astype(expected.dtype)
            yield Case(f"{name}, one level transparent", data, expected, alpha)
    for depth in (1, 2, 4, 8):
        colours = _palette(2**depth)
        indices = levels(depth, 1, seed=depth)
        expected = colours[indices[:, :, 0]]
        opacities = np.full(2**depth, 255, np.uint8)
        opacities[: 2**depth - 1] = np.linspace(0, 254, 2**depth - 1)
        for interlaced in (False, True):
            name = f"PNG: palette, {depth} bits{', interlaced' if interlaced else ''}"
            plte = chunk(b"PLTE", colours.tobytes())
            yield Case(name, png(indices, depth, 3, interlaced=interlaced, before=plte), expected)
            trns = chunk(b"tRNS", opacities[:-1].tobytes())
            data = png(indices, depth, 3, interlaced=interlaced, before=plte + trns)
            yield Case(f"{name}, with opacities", data, expected, opacities[indices[:, :, 0]])
    rgb = levels(8, 3)
    for kind in range(5):
        yield Case(f"PNG: RGB, filter {kind} alone", png(rgb, 8, 2, filters=(kind,)), rgb)
    yield Case("PNG: RGB, data in many chunks", png(rgb, 8, 2, data_chunks=40), rgb)
    yield Case("PNG: RGB, one pixel, interlaced", png(rgb[:1, :1], 8, 2, interlaced=True), rgb[:1, :1])
    yield Case("PNG: gray, one column of 1 bit", png(levels(1, 1)[:, :1], 1, 0), levels(1, 1)[:, :1] * np.uint8(255))
    tall = np.resize(levels(8, 3, seed=3), (3001, 700, 3))
    yield Case("PNG: RGB, more rows than are read at once", png(tall, 8, 2), tall)


def _jpeg() -> Iterator[Case]:
    rgb = drawing(WIDTH, HEIGHT, noise=4)
    whole: dict[str, Any] = {"subsampling": "4:4:4", "quality": 92}
    yield _read_by_pillow("JPEG: gray", saved(rgb[:, :, 0], "JPEG", quality=92), "L")
    yield _read_by_pillow("JPEG: gray, progressive", saved(rgb[:, :, 0], "JPEG", progressive=True), "L")
    kinds: dict[str, dict[str, Any]] = {
        "whole chroma": {},
        "progressive": {"progressive": True},
        "optimised tables": {"optimize": True},
        "restart marks after 1": {"restart_marker_blocks": 1},
        "restart marks after 3": {"restart_marker_blocks": 3},
        "progressive with restart marks": {"progressive": True, "restart_marker_blocks": 2},
    }
    for title, more in kinds.items():
        yield _read_by_pillow(f"JPEG: {title}", saved(rgb, "JPEG", **more, **whole), "RGB", tolerance=WHOLE_CHROMA)
    yield _read_by_pillow("JPEG: stored as RGB", saved(rgb, "JPEG", keep_rgb=True, quality=92), "RGB")
    for subsampling in ("4:2:2", "4:2:0"):
        data = saved(rgb, "JPEG", subsampling=subsampling, quality=92)
        yield _read_by_pillow(f"JPEG: chroma {subsampling}", data, "RGB", tolerance=HALVED_CHROMA)
    cmyk = saved(Image.fromarray(rgb).convert("CMYK"), "JPEG", quality=92, subsampling=0)
    yield _read_by_pillow("JPEG: CMYK", cmyk, "RGB")
    yield from _turned("JPEG", rgb, tolerance=WHOLE_CHROMA, **whole)


WHOLE_CHROMA, HALVED_CHROMA = 1, 41
"""Levels by which libjpeg 9, which Pyodide has, differs from libjpeg-turbo at most: it rounds YCbCr to RGB otherwise,
and spreads halved chroma by its transform instead of between neighbours. Gray is the same."""


def _turned(name: str, rgb: Samples, *, tolerance: int = 0, **options: Any) -> Iterator[Case]:
    """The eight orientations (Exif 2.32, 4.6.4) of what is stored."""
    turns: dict[int, Callable[[Samples], Samples]] = {
        1: lambda stored: stored,
        2: lambda stored: stored[:, ::-1],
        3: lambda stored: stored[::-1, ::-1],
        4: lambda stored: stored[::-1],
        5: lambda stored: stored.swapaxes(0, 1),
        6: lambda stored: np.rot90(stored, -1),
        7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
        8: lambda stored: np.rot90(stored, 1),
    }
    for turn, applied in turns.items():
        exif = Image.Exif()
        exif[0x0112] = turn
        data = saved(rgb, name, exif=exif, **options)
        plain = np.asarray(Image.open(BytesIO(saved(rgb, name, **options))).convert("RGB"))
        title = {"WEBP": "WebP"}.get(name, name)
        yield Case(f"{title}: EXIF orientation {turn}", data, applied(plain), tolerance=tolerance)


def _webp() -> Iterator[Case]:
    rgba = np.dstack((drawing(WIDTH, HEIGHT, noise=4), levels(8, 4)[:, :, 3]))
    rgb = rgba[:, :, :3]
    yield Case("WebP: lossless", saved(rgb, "WEBP", lossless=True), rgb)
    yield _case("WebP: lossless with alpha", saved(rgba, "WEBP", lossless=True, exact=True), rgba, has_alpha=True)
    yield _read_by_pillow("WebP: lossy", saved(rgb, "WEBP", quality=80), "RGB")
    yield _read_by_pillow("WebP: lossy with alpha", saved(rgba, "WEBP", quality=80), "RGBA")
    yield _read_by_pillow("WebP: lossy, one pixel", saved(rgb[:1, :1], "WEBP"), "RGB")
    profile = saved(rgb, "WEBP", lossless=True, icc_profile=b"no profile at all, but extended", xmp=b"<x/>")
    yield Case("WebP: lossless, extended", profile, rgb)
    yield from _turned("WEBP", rgb, lossless=True)


def _gif() -> Iterator[Case]:
    colours = _palette(256)
    indices = levels(8, 1)[:, :, 0]
    rgb = colours[indices]
    alpha = np.where(indices == indices[5, 5], 0, 255).astype(np.uint8)
    yield Case("GIF: palette", gif(indices, colours), rgb)
    yield Case("GIF: local palette", gif(indices, colours, local=True), rgb)
    yield Case("GIF: interlaced", gif(indices, colours, interlaced=True), rgb)
    transparent = int(indices[5, 5])
    yield Case("GIF: transparent", gif(indices, colours, transparent=transparent), rgb, alpha)
    data = gif(indices, colours, transparent=transparent, interlaced=True, local=True)
    yield Case("GIF: transparent, interlaced, local palette", data, rgb, alpha)
    gray = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
    yield Case("GIF: gray levels", gif(indices, gray), indices[:, :, np.newaxis])
    yield Case("GIF: without a palette, black", gif(indices, None), np.zeros((HEIGHT, WIDTH, 1), np.uint8))
    screen = np.zeros((40, 60, 3), np.uint8)
    screen[10:33, 4:41] = rgb
    covered = np.zeros((40, 60), np.uint8)
    covered[10:33, 4:41] = 255
    data = gif(indices, colours, screen=(60, 40), place=(4, 10))
    yield Case("GIF: smaller than its screen", data, screen, covered)
    with Image.open(BytesIO(saved(Image.fromarray(rgb).quantize(31), "GIF"))) as image:
        quantized = np.asarray(image.convert("RGB"))
    yield Case("GIF: written by Pillow, 31 colours", saved(Image.fromarray(rgb).quantize(31), "GIF"), quantized)


def _bmp() -> Iterator[Case]:
    rgb = levels(8, 3)
    bgr_rows = [row[:, ::-1].tobytes() for row in rgb]
    yield Case("BMP: 24 bits", bmp(bgr_rows, WIDTH, 24), rgb)
    yield Case("BMP: 24 bits, from the top", bmp(bgr_rows, WIDTH, 24, top_down=True), rgb)
    yield Case("BMP: 24 bits, OS/2 header", bmp(bgr_rows, WIDTH, 24, core_header=True), rgb)
    for bits in (1, 4, 8):
        colours = _palette(2**bits)
        indices = levels(bits, 1)[:, :, 0]
        rows = packed(indices, bits)
        yield Case(f"BMP: {bits} bits", bmp(rows, WIDTH, bits, palette=colours), colours[indices])
        data = bmp(rows, WIDTH, bits, palette=colours, core_header=True)
        yield Case(f"BMP: {bits} bits, OS/2 header", data, colours[indices])
        if bits == 8:
            data = bmp(rows, WIDTH, 8, palette=colours, compression=1, data=rle8(indices))
            yield Case("BMP: 8 bits, run lengths", data, colours[indices])
        if bits == 4:
            data = bmp(rows, WIDTH, 4, palette=colours, compression=2, data=rle4(indices))
            yield Case("BMP: 4 bits, run lengths", data, colours[indices])
    gray = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
    indices = levels(8, 1)
    yield Case("BMP: 8 bits, gray levels", bmp(packed(indices[:, :, 0], 8), WIDTH, 8, palette=gray), indices)
    five, six = levels(5, 3).astype(np.uint16), levels(6, 3).astype(np.uint16)
    word = five[:, :, 0] << 10 | five[:, :, 1] << 5 | five[:, :, 2]
    data = bmp([row.astype("<u2").tobytes() for row in word], WIDTH, 16)
    # Pillow's rule for 5 bits: the whole part of v · 255 / 31.
    yield Case("BMP: 16 bits, 5 each", data, (five * 255 // 31).astype(np.uint8))
    word = five[:, :, 0] << 11 | six[:, :, 1] << 5 | five[:, :, 2]
    masks = (0xF800, 0x7E0, 0x1F)
    data = bmp([row.astype("<u2").tobytes() for row in word], WIDTH, 16, masks=masks, compression=3)
    expected = np.dstack((five[:, :, 0] * 255 // 31, six[:, :, 1] * 255 // 63, five[:, :, 2] * 255 // 31))
    yield Case("BMP: 16 bits, 5, 6 and 5", data, expected.astype(np.uint8))
    rgba = levels(8, 4)
    rgb = rgba[:, :, :3]
    bgra_rows = [row[:, [2, 1, 0, 3]].tobytes() for row in rgba]
    yield Case("BMP: 32 bits", bmp(bgra_rows, WIDTH, 32), rgb)
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    data = bmp(bgra_rows, WIDTH, 32, masks=masks, compression=3)
    yield _case("BMP: 32 bits with alpha", data, np.dstack((rgb, rgba[:, :, 3])), has_alpha=True)


def _tiff() -> Iterator[Case]:
    kinds = {1: "gray", 2: "gray and alpha", 3: "RGB", 4: "RGB and alpha"}
    packing = {NONE: "", LZW: ", LZW", DEFLATE: ", deflate", PACKBITS: ", PackBits"}
    for bits in (8, 16):
        for count, kind in kinds.items():
            samples = levels(bits, count, seed=bits + count)
            photometric = GRAY if count < 3 else RGB
            options: dict[str, Any] = {"extra": [2]} if count in (2, 4) else {}
            for order in "<>":
                for compression, packed_as in packing.items():
                    name = f"TIFF: {kind}, {bits} bits, {'little' if order == '<' else 'big'} endian{packed_as}"
                    data = tiff(samples, bits, photometric, order=order, compression=compression, rows=5, **options)
                    yield _case(name, data, samples, has_alpha=count in (2, 4))
            for title, layout in {
                "predicted": {"compression": DEFLATE, "predictor": 2, "rows": 7},
                "predicted, big endian, LZW": {"compression": LZW, "predictor": 2, "rows": 7, "order": ">"},
                "tiles": {"tile": (16, 16)},
                "tiles, LZW": {"tile": (16, 32), "compression": LZW},
                "one strip": {},
                "planes apart": {"planar": True, "rows": 9},
                "planes apart, deflate, tiles": {"planar": True, "tile": (32, 16), "compression": DEFLATE},
            }.items():
                data = tiff(samples, bits, photometric, **{**options, **layout})
                yield _case(f"TIFF: {kind}, {bits} bits, {title}", data, samples, has_alpha=count in (2, 4))
    for bits in (1, 2, 4, 8, 12, 16):
        samples = levels(bits, 1, seed=bits)
        maximum = 2**bits - 1
        yield Case(f"TIFF: gray, {bits} bits", tiff(samples, bits, GRAY, rows=6), full_range(samples, maximum))
        data = tiff(samples, bits, GRAY_WHITE_IS_ZERO, rows=6)
        yield Case(f"TIFF: gray, {bits} bits, white is 0", data, full_range(maximum - samples, maximum))
        data = tiff(samples, bits, GRAY, fill_order=2, compression=DEFLATE)
        yield Case(f"TIFF: gray, {bits} bits, bits from the right", data, full_range(samples, maximum))
    for bits in (1, 4, 8):
        colours = _palette(2**bits)
        indices = levels(bits, 1)
        wide = (colours.astype(np.uint16) * 257).T.tolist()
        data = tiff(indices, bits, PALETTE, colours=wide)
        yield Case(f"TIFF: palette, {bits} bits", data, colours[indices[:, :, 0]])
    rgba = levels(8, 4, seed=9)
    multiplied = np.rint(rgba[:, :, :3] * (rgba[:, :, 3:] / 255)).astype(np.uint8)
    safe = np.maximum(rgba[:, :, 3:].astype(np.int64), 1)
    divided = ((multiplied.astype(np.int64) * 255 + safe // 2) // safe).clip(0, 255).astype(np.uint8)
    data = tiff(np.dstack((multiplied, rgba[:, :, 3])), 8, RGB, extra=[1])
    yield Case("TIFF: RGB multiplied by alpha", data, divided, rgba[:, :, 3])
    yield Case("TIFF: RGB and a channel that means nothing", tiff(rgba, 8, RGB, extra=[0]), rgba[:, :, :3])
    yield Case("TIFF: RGB, BigTIFF", tiff(rgba[:, :, :3], 8, RGB, rows=4, big=True), rgba[:, :, :3])
    deep = levels(16, 3, seed=4)
    yield Case("TIFF: RGB, 16 bits, BigTIFF, big endian", tiff(deep, 16, RGB, rows=4, big=True, order=">"), deep)
    tall = np.resize(levels(16, 3, seed=3), (1501, 700, 3))
    yield Case("TIFF: RGB, 16 bits, one long strip, LZW", tiff(tall, 16, RGB, compression=LZW), tall)
    inks = levels(8, 4, seed=5)
    plain = np.asarray(Image.frombytes("CMYK", (WIDTH, HEIGHT), inks.tobytes()).convert("RGB"))
    yield Case("TIFF: CMYK", tiff(inks, 8, CMYK, rows=8), plain)
    yield Case("TIFF: CMYK, planes apart", tiff(inks, 8, CMYK, rows=8, planar=True), plain)
    bits_image = Image.fromarray(drawing(WIDTH, HEIGHT)[:, :, 0]).convert("1")
    expected = np.asarray(bits_image.convert("L"))[:, :, np.newaxis]
    for compression in ("tiff_ccitt", "group3", "group4", "packbits", "tiff_lzw", "tiff_adobe_deflate"):
        yield Case(f"TIFF: 1 bit, {compression}", saved(bits_image, "TIFF", compression=compression), expected)
    rgb = drawing(WIDTH, HEIGHT)
    for compression in ("tiff_lzw", "packbits", "tiff_adobe_deflate", "tiff_deflate"):
        yield Case(f"TIFF: RGB by Pillow, {compression}", saved(rgb, "TIFF", compression=compression), rgb)
    yield from _turned("TIFF", rgb)
    data = saved(rgb, "TIFF", compression="jpeg", quality=92)
    yield _read_by_pillow("TIFF: JPEG within", data, "RGB", tolerance=HALVED_CHROMA, needs="jpeg in tiff")


def _ico() -> Iterator[Case]:
    rgba = levels(8, 4)[:20, :30]
    rgb = rgba[:, :, :3]
    width = 30
    small = png(levels(8, 3)[:8, :8], 8, 2)
    mask = levels(1, 1, seed=7)[:20, :30, 0]
    alpha = (255 - 255 * mask).astype(np.uint8)
    yield Case("ICO: PNG", ico(((30, 20), 24, png(rgb, 8, 2))), rgb)
    yield _case("ICO: PNG with alpha", ico(((30, 20), 32, png(rgba, 8, 6))), rgba, has_alpha=True)
    data = ico(((8, 8), 24, small), ((30, 20), 32, png(rgba, 8, 6)), ((16, 8), 24, small))
    yield _case("ICO: the largest of three", data, rgba, has_alpha=True)
    flat = bmp([row[:, ::-1].tobytes() for row in rgb], width, 24)
    yield Case("ICO: 24 bits and a mask", ico(((30, 20), 24, icon_bitmap(flat, mask))), rgb, alpha)
    with_alpha = bmp([row[:, [2, 1, 0, 3]].tobytes() for row in rgba], width, 32)
    data = ico(((30, 20), 32, icon_bitmap(with_alpha, mask)))
    yield _case("ICO: 32 bits", data, rgba, has_alpha=True)
    data = ico(((30, 20), 0, icon_bitmap(with_alpha, mask)))
    yield _case("ICO: 32 bits, not said in its list", data, rgba, has_alpha=True)
    without = rgba.copy()
    without[:, :, 3] = 0
    old = bmp([row[:, [2, 1, 0, 3]].tobytes() for row in without], width, 32)
    yield Case("ICO: 32 bits without alpha, and a mask", ico(((30, 20), 32, icon_bitmap(old, mask))), rgb, alpha)
    for bits in (1, 4, 8):
        colours = _palette(2**bits)
        indices = levels(bits, 1)[:20, :30, 0]
        picture = bmp(packed(indices, bits), width, bits, palette=colours)
        data = ico(((30, 20), bits, icon_bitmap(picture, mask)))
        yield Case(f"ICO: {bits} bits and a mask", data, colours[indices], alpha)
    few = bmp(packed(levels(1, 1)[:20, :30, 0], 1), width, 1, palette=_palette(2))
    both = ico(((30, 20), 1, icon_bitmap(few, mask)), ((30, 20), 24, icon_bitmap(flat, mask)))
    yield Case("ICO: the one with more colours", both, rgb, alpha)


def _tga() -> Iterator[Case]:
    rgb, rgba, gray = levels(8, 3), levels(8, 4), levels(8, 1)
    flat = np.repeat(np.repeat(rgb[::4, ::4], 4, axis=0), 4, axis=1)[:HEIGHT, :WIDTH]
    for title, kinds in {"": (1, 2, 3), ", run lengths": (9, 10, 11)}.items():
        for origin in ("bottom left", "top left"):
            name = f"{title}, from the {origin}"
            yield Case(f"TGA: RGB{name}", tga(rgb[:, :, ::-1], kinds[1], origin=origin), rgb)
            data = tga(rgba[:, :, [2, 1, 0, 3]], kinds[1], alpha_bits=8, origin=origin)
            yield _case(f"TGA: RGB and alpha{name}", data, rgba, has_alpha=True)
            yield Case(f"TGA: gray{name}", tga(gray, kinds[2], origin=origin), gray)
            colours = _palette(256)
            data = tga(gray, kinds[0], palette=colours, origin=origin, identification=b"who")
            yield Case(f"TGA: palette{name}", data, colours[gray[:, :, 0]])
    yield Case("TGA: RGB, long runs", tga(flat[:, :, ::-1], 10), flat)
    yield Case("TGA: RGB, from the top right", tga(rgb[:, :, ::-1], 2, origin="top right"), rgb)
    yield Case("TGA: 32 bits without alpha", tga(rgba[:, :, [2, 1, 0, 3]], 2), rgba[:, :, :3])
    ga = levels(8, 2)
    yield _case("TGA: gray and alpha", tga(ga, 3, alpha_bits=8), ga, has_alpha=True)
    yield Case("TGA: RGB by Pillow, run lengths", saved(flat, "TGA", compression="tga_rle"), flat)


def _ppm() -> Iterator[Case]:
    for maximum in (1, 15, 100, 255, 1000, 4095, 65535):
        for magic, count in (("5", 1), ("6", 3), ("2", 1), ("3", 3), ("7", 1), ("7", 2), ("7", 3), ("7", 4)):
            rng = np.random.default_rng(maximum + count)
            samples = rng.integers(0, maximum + 1, (HEIGHT, WIDTH, count))
            head = f"P{magic}\n# drawn by code\n{WIDTH} {HEIGHT}\n{maximum}\n".encode()
            if magic == "7":
                head = (
                    f"P7\nWIDTH {WIDTH}\n# by code\nHEIGHT {HEIGHT}\nDEPTH {count}\nMAXVAL {maximum}\nENDHDR\n".encode()
                )
            raw = samples.astype(">u2" if maximum > 255 else np.uint8).tobytes()
            if magic in "23":
                raw = "\n".join(" ".join(map(str, row)) for row in samples.reshape(HEIGHT, -1).tolist()).encode()
            name = f"PPM: P{magic}, {count} a pixel, up to {maximum}"
            yield _case(name, head + raw, full_range(samples, maximum), has_alpha=count in (2, 4))
    bits = levels(1, 1)[:, :, 0]
    expected = (255 - 255 * bits)[:, :, np.newaxis].astype(np.uint8)
    raw = b"".join(packed(bits, 1))
    yield Case("PPM: P4", f"P4 {WIDTH} {HEIGHT}\n".encode() + raw, expected)
    text = "".join(map(str, bits.reshape(-1).tolist()))
    yield Case("PPM: P1", f"P1\n{WIDTH}\n{HEIGHT}\n{text}".encode(), expected)
    spaced = "# a comment\n".join(" ".join(map(str, row)) + "\n" for row in bits.tolist())
    yield Case("PPM: P1 with spaces and comments", f"P1\n{WIDTH} {HEIGHT}\n{spaced}".encode(), expected)
    tall = np.resize(levels(8, 3), (900, 500, 3))
    text = "\n".join(" ".join(map(str, row)) for row in tall.reshape(len(tall), -1).tolist())
    yield Case("PPM: P3, longer than is read at once", f"P3 500 900 255\n{text}\n".encode(), tall)


def _avif() -> Iterator[Case]:
    if features.check_module("avif"):
        rgba = np.dstack((drawing(WIDTH, HEIGHT), levels(8, 4)[:, :, 3]))
        for title, pixels in {"": rgba[:, :, :3], " with alpha": rgba}.items():
            mode = "RGBA" if pixels.shape[2] == 4 else "RGB"
            yield _read_by_pillow(f"AVIF: {mode}{title}", saved(pixels, "AVIF"), mode, needs="avif")
