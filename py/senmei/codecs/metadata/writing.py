"""Metadata → the parts of a file that carry it, and sentences about what the file cannot carry."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ...picture import Metadata
from ..options import MetadataChoice

METRES_PER_INCH = 0.0254

COMMENT = "Comment"
"""The keyword of the one text that a JPEG holds."""

_XMP_KEYWORD = "XML:com.adobe.xmp"
_JPEG_SEGMENT = 65_533
"""Content bytes of a JPEG segment at most."""

_ICC_SEGMENT = _JPEG_SEGMENT - len(b"ICC_PROFILE\0\1\1")

# Content lengths of the chunks, in the order in which they are written.
_COLOUR_CHUNKS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
_CICP_SRGB = bytes([1, 13, 0, 1])
_GAMA_SRGB = 45_455
_CHRM_SRGB = (31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)

# Latin-1 without its control characters; the keyword also without a space at an end or two together.
_KEYWORD = re.compile(r"(?!.*  )(?! )[\x20-\x7e\xa1-\xff]{1,79}(?<! )")
_LATIN1 = re.compile(r"[\n\x20-\x7e\xa0-\xff]*")


@dataclass(frozen=True, slots=True)
class Carried:
    """data: what the file gets. notes: what it does not."""

    data: bytes
    notes: tuple[str, ...]


def chosen(metadata: Metadata, choice: MetadataChoice) -> Metadata:
    """All of it, or only what gives the levels their meaning as colours."""
    return metadata if choice == "keep" else replace(metadata, exif=None, xmp=None, dpi=None, texts=())


def with_fitting_profile(metadata: Metadata, *, is_gray: bool, format_name: str) -> tuple[Metadata, tuple[str, ...]]:
    """Leaves out a profile that is made for other samples than the file has; most readers would refuse it."""
    icc = metadata.icc
    wanted = b"GRAY" if is_gray else b"RGB "
    if icc is None or icc[36:40] != b"acsp" or icc[16:20] == wanted:
        return metadata, ()
    kind = icc[16:20].decode("latin-1").strip()
    note = f"{format_name} cannot hold a profile for {kind} with {wanted.decode().strip()} pixels; it was left out."
    return replace(metadata, icc=None), (note,)


def left_out(format_name: str, metadata: Metadata, *, texts: Iterable[str], resolution: bool) -> tuple[str, ...]:
    """A sentence about what a format has no place for.

    texts: the keywords of those that are lost. resolution: whether it holds that.
    """
    lost = []
    if metadata.dpi is not None and not resolution:
        lost.append("the resolution")
    keywords = dict.fromkeys(texts)
    if keywords:
        lost.append(f"the text{'s' * (len(keywords) > 1)} {', '.join(f'“{keyword}”' for keyword in keywords)}")
    notes = [f"{format_name} has no place for {' and '.join(lost)}; left out."] if lost else []
    if _chunks_change_colours(metadata):
        notes.append(
            f"{format_name} has no place for a PNG's own colour chunks; without them the colours are taken for sRGB."
        )
    return tuple(notes)


def _chunks_change_colours(metadata: Metadata) -> bool:
    """Whether a reader of the PNG would have shown something else than sRGB or the profile."""
    chunks = dict(metadata.png_colour)
    if b"cICP" in chunks:
        return chunks[b"cICP"] != _CICP_SRGB
    if metadata.icc is not None or b"sRGB" in chunks:
        return False
    return chunks.get(b"gAMA") not in (None, struct.pack(">I", _GAMA_SRGB)) or chunks.get(b"cHRM") not in (
        None,
        struct.pack(">8I", *_CHRM_SRGB),
    )


def whole_density(metadata: Metadata, *, per_inch: float = 1, limit: int) -> tuple[int, int] | None:
    """The resolution in whole units, `per_inch` to one dot an inch; None where that is not from 1 to below `limit`."""
    if metadata.dpi is None or not all(0 < dpi * per_inch < limit for dpi in metadata.dpi):
        return None
    across, down = (round(dpi * per_inch) for dpi in metadata.dpi)
    return (across, down) if min(across, down) > 0 and max(across, down) < limit else None


# PNG


def png_chunks(metadata: Metadata) -> tuple[list[tuple[bytes, bytes]], tuple[str, ...]]:
    """Type and content of the chunks between IHDR and IDAT, in a legal order, and notes.

    Of iCCP and sRGB only the first is written where both are there, as the specification asks.
    """
    given = dict(reversed(metadata.png_colour))
    chunks = [
        (kind, given[kind])
        for kind, length in _COLOUR_CHUNKS.items()
        if len(given.get(kind, b"")) == length and not (kind == b"sRGB" and metadata.icc)
    ]
    if metadata.icc:
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif))
    if density := whole_density(metadata, per_inch=1 / METRES_PER_INCH, limit=1 << 31):
        chunks.append((b"pHYs", struct.pack(">IIB", *density, 1)))
    notes = []
    for keyword, text in metadata.texts:
        if keyword == _XMP_KEYWORD and metadata.xmp:
            continue
        if _KEYWORD.fullmatch(keyword) and "\0" not in text:
            chunks.append(_text_chunk(keyword, text))
        else:
            notes.append(f"PNG cannot hold the text “{keyword}” as it is; left out.")
    if metadata.xmp:
        chunks.append((b"iTXt", _international(_XMP_KEYWORD, metadata.xmp)))
    return chunks, tuple(notes)


def _text_chunk(keyword: str, text: str) -> tuple[bytes, bytes]:
    if _LATIN1.fullmatch(text):
        return b"tEXt", keyword.encode("latin-1") + b"\0" + text.encode("latin-1")
    return b"iTXt", _international(keyword, text.encode(errors="replace"))


def _international(keyword: str, text: bytes) -> bytes:
    """An iTXt chunk's content: not compressed, of no language, the keyword not translated."""
    return keyword.encode("latin-1") + b"\0\0\0\0\0" + text


# JPEG


def jpeg_segments(metadata: Metadata) -> Carried:
    """EXIF (CIPA DC-008), XMP (XMP specification part 3), the profile (ICC.1 annex B.4) and the comment."""
    notes = list(
        left_out(
            "JPEG", metadata, texts=(keyword for keyword, _ in metadata.texts if keyword != COMMENT), resolution=True
        )
    )
    segments = []
    for name, marker, head, content in (
        ("EXIF data", 0xE1, b"Exif\0\0", metadata.exif),
        ("XMP data", 0xE1, b"http://ns.adobe.com/xap/1.0/\0", metadata.xmp),
    ):
        if content and len(head + content) > _JPEG_SEGMENT:
            notes.append(
                f"JPEG holds {name} of up to 64 kB; these have {len(content) / 1000:.0f} kB and were left out."
            )
        elif content:
            segments.append(_segment(marker, head + content))
    icc = metadata.icc or b""
    parts = [icc[start : start + _ICC_SEGMENT] for start in range(0, len(icc), _ICC_SEGMENT)]
    if len(parts) > 255:
        notes.append(f"JPEG holds a colour profile of up to 16 MB; this one has {len(icc) / 1e6:.0f} MB, left out.")
    else:
        segments += [
            _segment(0xE2, b"ICC_PROFILE\0" + bytes([number, len(parts)]) + part)
            for number, part in enumerate(parts, start=1)
        ]
    for keyword, text in metadata.texts:
        if keyword == COMMENT:
            content = text.encode(errors="replace")
            segments += [
                _segment(0xFE, content[start : start + _JPEG_SEGMENT])
                for start in range(0, len(content), _JPEG_SEGMENT)
            ]
    return Carried(b"".join(segments), tuple(notes))


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def after_jfif(jpeg: bytes, segments: bytes) -> Sequence[bytes]:
    """Parts of the file with `segments` where readers look for them: behind the JFIF segment that comes first."""
    end = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:end], segments, jpeg[end:]
