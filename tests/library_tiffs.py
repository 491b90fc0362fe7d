"""TIFF files that are read through libtiff: YCbCr, and compressions that it may be built without."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from drawings import drawing, opened, saved
from written_tiff import NONE, RGB, YCBCR, assembled

PIXELS: NDArray[np.uint8] = drawing(64, 48)
PLACES = (273, 279)

CODECS = {"JPEG": 7, "old JPEG": 6, "LZMA": 34925, "Zstandard": 50000, "WebP": 50001}
"""The compressions that libtiff may be built without, as Senmei calls them, and their numbers."""


def compressed(name: str) -> tuple[bytes, NDArray[Any]]:
    """A sound file of one of CODECS, made without libtiff, and the pixels that must come out of it.

    Some levels from them is right for the two JPEGs, whose chroma is whole.
    """
    compression = CODECS[name]
    if name in ("JPEG", "old JPEG"):
        jpeg = saved(PIXELS, "JPEG", quality=95, subsampling="4:4:4")
        return _holding(jpeg, compression, YCBCR, is_old=name == "old JPEG"), opened(jpeg)
    if name == "WebP":
        return _holding(saved(PIXELS, "WEBP", lossless=True), compression, RGB), PIXELS
    return _holding(_packed(name), compression, RGB), PIXELS


def ycbcr(across: int, down: int) -> tuple[bytes, NDArray[np.uint8]]:
    """Uncompressed YCbCr whose chroma is stored for cells of so many pixels, and its RGB by Pillow's arithmetic."""
    levels = np.array(Image.fromarray(PIXELS).convert("YCbCr"))
    height, width = levels.shape[:2]
    stored = bytearray()
    for y in range(0, height, down):
        for x in range(0, width, across):
            cell = levels[y : y + down, x : x + across]
            cell[:, :, 1:] = cell[0, 0, 1:]
            # TIFF 6.0, section 21: a cell's lightness in rows, then its two of colour.
            stored += cell[:, :, 0].tobytes() + cell[0, 0, 1:].tobytes()
    data = _holding(bytes(stored), NONE, YCBCR, cell=(across, down))
    return data, np.asarray(Image.fromarray(levels, "YCbCr").convert("RGB"))


def _packed(name: str) -> bytes:
    """The strip that libtiff would write: one stream, no prediction."""
    if name == "LZMA":
        import lzma

        return lzma.compress(PIXELS.tobytes(), lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2}])
    raw = PIXELS.tobytes()
    # A Zstandard frame (RFC 8878, 3.1.1) of one segment with 4 bytes of its size, and one raw block, the last.
    block = (len(raw) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\xa0" + len(raw).to_bytes(4, "little") + block + raw


def _holding(
    segment: bytes, compression: int, photometric: int, *, cell: tuple[int, int] = (1, 1), is_old: bool = False
) -> bytes:
    height, width = PIXELS.shape[:2]
    entries: dict[int, tuple[str, Any]] = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [8, 8, 8]),
        259: ("H", [compression]),
        262: ("H", [photometric]),
        277: ("H", [3]),
        278: ("I", [height]),
        284: ("H", [1]),
    }
    if photometric == YCBCR:
        entries[530] = ("H", cell)
    if is_old:
        # Technical note 2 to TIFF 6.0: the place and length of a whole JPEG stream.
        entries |= {512: ("H", [1]), 513: ("I", [0]), 514: ("I", [len(segment)])}
        entries[513] = ("I", [assembled(dict(entries), [segment], PLACES, "<", False).index(segment)])
    return assembled(entries, [segment], PLACES, "<", False)


def is_written_by_pillow(name: str) -> bool:
    """Whether this Pillow's libtiff was built with one of CODECS."""
    word = {"old JPEG": "jpeg", "Zstandard": "zstd"}.get(name, name.lower())
    try:
        Image.fromarray(PIXELS).save(BytesIO(), "TIFF", compression=word)
    except OSError:
        return False
    return True
