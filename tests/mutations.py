"""Small sound files of every format, and ways to damage them, the same at every run."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, features

from drawings import drawing, saved
from written_png import SIGNATURE, chunk, png
from written_stills import bmp, gif, ico, icon_bitmap, packed, rle4, rle8, tga
from written_tiff import DEFLATE, GRAY, LZW, PACKBITS, PALETTE, RGB, tiff

Random = np.random.Generator
_W, _H = 13, 11
_EXTREMES = (0, 1, 2, 127, 255, 256, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def sound_files() -> dict[str, list[bytes]]:
    """By the name of the format as errors call it."""
    rgb = drawing(_W, _H, noise=8)
    rgba = np.dstack((rgb, np.roll(rgb[:, :, 0], 3)))
    gray = rgb[:, :, :1]
    deep = rgb.astype(np.uint16) * 257
    colours = np.random.default_rng(1).integers(0, 256, (256, 3)).astype(np.uint8)
    frames = [Image.fromarray(drawing(_W, _H, seed=seed)) for seed in range(3)]
    moving: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": 50, "loop": 2}
    plte = chunk(b"PLTE", colours[:16].tobytes()) + chunk(b"tRNS", bytes(range(0, 160, 16)))
    texts = chunk(b"tEXt", b"Title\0a drawing") + chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a drawing"
    mask = (gray[:, :, 0] > 128).astype(np.uint8)
    flat = bmp([row[:, ::-1].tobytes() for row in rgb], _W, 24)
    few = (gray[:, :, 0] >> 4).astype(np.uint8)
    files = {
        "PNG": [
            png(rgb, 8, 2, before=texts, data_chunks=3),
            png(deep, 16, 2, interlaced=True),
            png(few[:, :, np.newaxis], 4, 3, before=plte, after=texts),
            png(rgba, 8, 6),
            saved(frames[0], "PNG", **moving),
        ],
        "JPEG": [
            saved(rgb, "JPEG", quality=80),
            saved(rgb, "JPEG", quality=80, progressive=True, exif=exif, dpi=(300, 300)),
            saved(gray[:, :, 0], "JPEG", restart_marker_blocks=1),
            saved(Image.fromarray(rgb).convert("CMYK"), "JPEG", icc_profile=bytes(200)),
        ],
        "WebP": [
            saved(rgb, "WEBP", quality=70),
            saved(rgba, "WEBP", lossless=True, exif=exif),
            saved(rgba, "WEBP", quality=50),
            saved(frames[0], "WEBP", lossless=True, **moving),
        ],
        "GIF": [
            gif(gray[:, :, 0], colours, transparent=7),
            gif(gray[:, :, 0], colours, interlaced=True, local=True, screen=(20, 20), place=(3, 4)),
            saved(frames[0], "GIF", **moving),
        ],
        "BMP": [
            flat,
            bmp(packed(few, 4), _W, 4, palette=colours[:16]),
            bmp(packed(gray[:, :, 0], 8), _W, 8, palette=colours, compression=1, data=rle8(gray[:, :, 0])),
            bmp(packed(few, 4), _W, 4, palette=colours[:16], compression=2, data=rle4(few)),
        ],
        "TIFF": [
            tiff(rgb, 8, RGB, rows=4),
            tiff(deep, 16, RGB, rows=3, compression=DEFLATE, predictor=2, order=">"),
            tiff(rgba, 8, RGB, extra=[1], tile=(16, 16), compression=LZW, planar=True),
            tiff(gray, 8, PALETTE, colours=(colours.astype(np.uint16) * 257).T.tolist(), compression=PACKBITS),
            tiff(gray, 8, GRAY, big=True, rows=5),
            saved(Image.fromarray(gray[:, :, 0]).convert("1"), "TIFF", compression="group4"),
            saved(rgb, "TIFF", compression="jpeg", exif=exif),
        ],
        "ICO": [
            ico(((_W, _H), 32, png(rgba, 8, 6)), ((8, 8), 24, png(rgb[:8, :8], 8, 2))),
            ico(((_W, _H), 24, icon_bitmap(flat, mask))),
            ico(((_W, _H), 8, icon_bitmap(bmp(packed(gray[:, :, 0], 8), _W, 8, palette=colours), mask))),
        ],
        "TGA": [
            tga(rgb, 2, identification=b"an id"),
            tga(rgba, 10, alpha_bits=8, origin="top left"),
            tga(gray, 9, palette=colours),
        ],
        "PPM": [
            f"P6\n# drawn\n{_W} {_H}\n255\n".encode() + rgb.tobytes(),
            f"P3 {_W} {_H} 255\n".encode() + " ".join(map(str, rgb.reshape(-1).tolist())).encode(),
            f"P5 {_W} {_H} 65535\n".encode() + (gray.astype(np.uint16) * 257).astype(">u2").tobytes(),
            f"P7\nWIDTH {_W}\nHEIGHT {_H}\nDEPTH 4\nMAXVAL 255\nENDHDR\n".encode() + rgba.tobytes(),
            f"P1 {_W} {_H}\n# bits\n".encode() + "".join(map(str, mask.reshape(-1).tolist())).encode(),
            f"P4 {_W} {_H}\n".encode() + b"".join(packed(mask, 1)),
        ],
        "HEIC": [heic(4032, 3024, turned=True)],
        "JPEG XL": [jpeg_xl(5000, 3333), jpeg_xl(640, 480, boxed=True)],
    }
    if features.check_module("avif"):
        files["AVIF"] = [saved(rgb, "AVIF"), saved(rgba, "AVIF", exif=exif)]
    return files


def heic(width: int, height: int, *, turned: bool = False, brand: bytes = b"heic") -> bytes:
    """A container with the facts of a picture, but without one (ISO/IEC 23008-12)."""

    def box(kind: bytes, *parts: bytes) -> bytes:
        content = b"".join(parts)
        return struct.pack(">I4s", 8 + len(content), kind) + content

    tile = box(b"ispe", bytes(4), struct.pack(">II", 512, 512))
    whole = box(b"ispe", bytes(4), struct.pack(">II", width, height))
    properties = box(b"ipco", tile, whole, box(b"irot", b"\1" if turned else b"\0"))
    links = box(b"ipma", bytes(4), struct.pack(">IHBB", 2, 1, 1, 1), struct.pack(">HBBB", 2, 2, 2, 0x83))
    primary = box(b"pitm", bytes(4), struct.pack(">H", 2))
    meta = box(b"meta", bytes(4), box(b"hdlr", bytes(24)), primary, box(b"iprp", properties, links))
    return box(b"ftyp", brand, bytes(4), b"mif1", brand) + meta + box(b"mdat", bytes(40))


def jpeg_xl(width: int, height: int, *, boxed: bool = False, orientation: int = 1) -> bytes:
    """A codestream's header alone (ISO/IEC 18181-1, Annex D), with plain numbers for both sides."""
    bits: list[int] = []

    def put(value: int, count: int) -> None:
        bits.extend(value >> place & 1 for place in range(count))

    put(0, 1)
    for side in (height, width):
        put(2, 2)
        put(side - 1, 18)
        if side is height:
            put(0, 3)
    put(0, 1)  # Not all defaults.
    put(1, 1)
    put(orientation - 1, 3)
    put(0, 3)  # No intrinsic size, preview or animation.
    put(0, 1)
    put(0, 2)  # 8 bits.
    put(1, 1)
    put(0, 2)  # No further channels.
    while len(bits) % 8:
        bits.append(0)
    content = np.packbits(np.array(bits, np.uint8), bitorder="little").tobytes()
    stream = b"\xff\x0a" + content + bytes(60)
    if not boxed:
        return stream
    head = b"\0\0\0\x0cJXL \r\n\x87\n" + struct.pack(">I4s4s4s4s", 20, b"ftyp", b"jxl ", bytes(4), b"jxl ")
    return head + struct.pack(">I4s", 8 + len(stream), b"jxlc") + stream


def damaged(data: bytes, random: Random) -> bytes:
    """Damaged in one to three ways."""
    made = bytearray(data)
    for _ in range(random.integers(1, 4)):
        _WAYS[random.integers(len(_WAYS))](made, random)
    return bytes(made)


def _place(made: bytearray, random: Random) -> int:
    """Anywhere, but as often in the header as in all the rest."""
    return int(random.integers(min(len(made), 64) if random.random() < 0.5 else len(made))) if made else 0


def _cut(made: bytearray, random: Random) -> None:
    del made[_place(made, random) :]


def _flip(made: bytearray, random: Random) -> None:
    for _ in range(random.integers(1, 5)):
        if made:
            made[_place(made, random)] ^= 1 << int(random.integers(8))


def _overwrite(made: bytearray, random: Random) -> None:
    start, length = _place(made, random), int(random.integers(1, 20))
    length = min(length, len(made) - start)
    kind = random.integers(3)
    made[start : start + length] = random.bytes(length) if kind == 0 else bytes((0 if kind == 1 else 255,)) * length


def _lie(made: bytearray, random: Random) -> None:
    """A number of 1, 2 or 4 bytes becomes an extreme one."""
    start = _place(made, random)
    letter = ("B", "<H", ">H", "<I", ">I")[random.integers(5)]
    size = struct.calcsize(letter)
    if start + size <= len(made):
        value = _EXTREMES[random.integers(len(_EXTREMES))] & ((1 << 8 * size) - 1)
        made[start : start + size] = struct.pack(letter, value)


def _nudge(made: bytearray, random: Random) -> None:
    """A number of 2 bytes becomes a little larger or smaller."""
    start = _place(made, random)
    order = ("<H", ">H")[random.integers(2)]
    if start + 2 <= len(made):
        value = struct.unpack_from(order, made, start)[0]
        struct.pack_into(order, made, start, (value + int(random.integers(-4, 5))) % 65536)


def _swap(made: bytearray, random: Random) -> None:
    length = int(random.integers(1, 1 + max(1, len(made) // 4)))
    first, second = sorted(int(random.integers(max(1, len(made) - length))) for _ in range(2))
    if first + length <= second:
        one, other = made[first : first + length], made[second : second + length]
        made[first : first + length], made[second : second + length] = other, one


def _leave_out(made: bytearray, random: Random) -> None:
    start = _place(made, random)
    del made[start : start + int(random.integers(1, 20))]


def _repeat(made: bytearray, random: Random) -> None:
    start = _place(made, random)
    made[start:start] = made[start : start + int(random.integers(1, 40))]


def _insert(made: bytearray, random: Random) -> None:
    made[_place(made, random) : 0] = random.bytes(int(random.integers(1, 12)))


_WAYS: tuple[Callable[[bytearray, Random], None], ...] = (
    _cut,
    _flip,
    _flip,
    _overwrite,
    _lie,
    _lie,
    _nudge,
    _swap,
    _leave_out,
    _repeat,
    _insert,
)


def png_chunks(data: bytes) -> list[bytes]:
    chunks, place = [], len(SIGNATURE)
    while place < len(data):
        length = 12 + int.from_bytes(data[place : place + 4], "big")
        chunks.append(data[place : place + length])
        place += length
    return chunks


def with_shuffled_chunks(data: bytes, random: Random) -> bytes:
    """A PNG file whose chunks are sound, but some stand elsewhere, twice or not at all."""
    chunks = png_chunks(data)
    for _ in range(random.integers(1, 4)):
        index = int(random.integers(len(chunks)))
        one = chunks.pop(index) if len(chunks) > 1 and random.random() < 0.7 else chunks[index]
        if random.random() < 0.7:
            chunks.insert(int(random.integers(len(chunks) + 1)), one)
    return SIGNATURE + b"".join(chunks)


def with_sound_sums(data: bytes, random: Random) -> bytes:
    """A PNG file with one chunk's content damaged and its check sum made right again."""
    chunks = png_chunks(data)
    index = int(random.integers(len(chunks)))
    content = bytearray(chunks[index][8:-4])
    _WAYS[random.integers(len(_WAYS))](content, random)
    kind = chunks[index][4:8]
    chunks[index] = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return SIGNATURE + b"".join(chunks)


def seeded(name: str, number: int) -> Random:
    """The same for the same name and number, everywhere."""
    return np.random.default_rng((zlib.crc32(name.encode()), number))
