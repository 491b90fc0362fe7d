"""Telling a file's format from its bytes, never from its name, and the sentences that list the formats."""

from __future__ import annotations

import re

from ..errors import CorruptImage, UnsupportedFormat
from .targa.signature import is_targa

READABLE = ("PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF", "ICO", "TGA", "PPM")
"""Read by every build."""

READABLE_ELSEWHERE = {"AVIF": "image/avif", "HEIC": "image/heic", "JPEG XL": "image/jxl"}
"""Known with their sizes; read only by builds and browsers that have a decoder. The values are their media types."""

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_IMAGE_BRANDS = _HEIC_BRANDS | _AVIF_BRANDS | {b"mif1", b"mif2", b"msf1"}

_SIGNATURES = {
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "WebP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "GIF": re.compile(rb"GIF8[79]a"),
    # The size of the header that follows is one of a few, so that a text beginning with BM is none.
    "BMP": re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL),
    "TIFF": re.compile(rb"II[*+]\0|MM\0[*+]"),
    "ICO": re.compile(rb"\x00\x00\x01\x00(?!\x00\x00)..", re.DOTALL),
    "PPM": re.compile(rb"P[1-6][\s#]|P7\n(?!332)"),
    "JPEG XL": re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
}

# Known only to be named in the refusal.
_OTHER_SIGNATURES = {
    "a JPEG 2000 picture": re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    "a Photoshop document": re.compile(rb"8BPS"),
    "a picture of floating-point samples (PFM)": re.compile(rb"P[Ff]\s"),
    "an OpenEXR picture": re.compile(rb"\x76\x2f\x31\x01"),
    "a Radiance HDR picture": re.compile(rb"#\?(RADIANCE|RGBE)"),
    "a QOI picture": re.compile(rb"qoif"),
    "a DirectDraw surface": re.compile(rb"DDS "),
    "a Windows cursor": re.compile(rb"\x00\x00\x02\x00[^\x00]\x00"),
    "an SVG drawing": re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg", re.DOTALL),
    "a web page": re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE),
    "a PDF document": re.compile(rb"%PDF-"),
    "a ZIP archive": re.compile(rb"PK\x03\x04"),
    "a video": re.compile(rb"....ftyp|\x1a\x45\xdf\xa3", re.DOTALL),
}


def format_of(data: bytes) -> str:
    """One of READABLE or READABLE_ELSEWHERE. Raises UnsupportedFormat, naming what the bytes look like, for others."""
    if not data:
        raise UnsupportedFormat(f"The file is empty; {accepted_formats()}.")
    for name, signature in _SIGNATURES.items():
        if signature.match(data):
            return name
    if (brands := _brands(data)) & _IMAGE_BRANDS:
        return "AVIF" if brands & _AVIF_BRANDS else "HEIC"
    for description, signature in _OTHER_SIGNATURES.items():
        if signature.match(data[:1024]):
            raise UnsupportedFormat(f"This is {description}; {accepted_formats()}.")
    if is_targa(data):
        return "TGA"
    raise UnsupportedFormat(f"This is no picture (it begins with the bytes {data[:8].hex(' ')}); {accepted_formats()}.")


def accepted_formats() -> str:
    """The end of every refusal: what is read."""
    return (
        f"{', '.join(READABLE[:-1])} and {READABLE[-1]} are read, "
        f"{' and '.join(', '.join(READABLE_ELSEWHERE).rsplit(', ', 1))} where the browser or this build decodes them"
    )


def damaged(name: str, reason: object) -> CorruptImage:
    """The error for a file of format `name` that is not what its format asks for; `reason` says what and where."""
    return CorruptImage(f"This {name} file is damaged and cannot be read ({reason}).")


def _brands(data: bytes) -> set[bytes]:
    """The major and compatible brands of an ISO base media file (ISO/IEC 14496-12, 4.3)."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), len(data), 1024)
    return {data[8:12]} | {data[start : start + 4] for start in range(16, end - 3, 4)}
