"""Telling a file's format from its first bytes, never from its name."""

from __future__ import annotations

import re

from ..errors import UnsupportedFormat

READABLE = ("PNG", "JPEG", "WebP")

_READABLE_SIGNATURES = {
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "WebP": re.compile(rb"RIFF....WEBP", re.DOTALL),
}

# Known only to be named in the refusal.
_OTHER_SIGNATURES = {
    "a GIF picture": re.compile(rb"GIF8[79]a"),
    "a BMP picture": re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL),
    "a TIFF picture": re.compile(rb"II\*\0|MM\0\*"),
    "an AVIF picture": re.compile(rb"....ftypavi[fs]", re.DOTALL),
    "a HEIC picture": re.compile(rb"....ftyp(hei[cxms]|mif1|msf1)", re.DOTALL),
    "a JPEG XL picture": re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "),
    "a JPEG 2000 picture": re.compile(rb"\0\0\0\x0cjP  "),
    "a Photoshop document": re.compile(rb"8BPS"),
    "an SVG drawing": re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg", re.DOTALL),
    "a web page": re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE),
    "a PDF document": re.compile(rb"%PDF-"),
    "a ZIP archive": re.compile(rb"PK\x03\x04"),
    "a video": re.compile(rb"....ftyp|\x1a\x45\xdf\xa3", re.DOTALL),
}


def format_of(data: bytes) -> str:
    """One of READABLE. Raises UnsupportedFormat, naming what the bytes look like, for anything else."""
    accepted = f"{', '.join(READABLE[:-1])} and {READABLE[-1]} are read"
    if not data:
        raise UnsupportedFormat(f"The file is empty; {accepted}.")
    for name, signature in _READABLE_SIGNATURES.items():
        if signature.match(data):
            return name
    for description, signature in _OTHER_SIGNATURES.items():
        if signature.match(data[:1024]):
            raise UnsupportedFormat(f"This is {description}; {accepted}.")
    raise UnsupportedFormat(f"This is no picture (it begins with the bytes {data[:8].hex(' ')}); {accepted}.")
