"""Names for results, made from the names of their sources."""

from __future__ import annotations

import re
import unicodedata

from .geometry import Size

_EXTENSIONS = {"png": "png", "jpeg": "jpg", "webp": "webp", "gif": "gif", "tiff": "tiff", "avif": "avif", "zip": "zip"}

_LONGEST_STEM = 200
"""Bytes of UTF-8; file systems hold 255 for the whole name, and a browser may add " (1)"."""

# A word of letters and digits with at least one letter: “plan v1.2” has no extension.
_EXTENSION = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,5}$")
_FORBIDDEN = re.compile(r'[:*?"<>|]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.)", re.IGNORECASE)
"""Windows keeps these for devices, whatever follows the dot."""

# Signs that turn the direction of writing can make a name look as if it ended in another extension.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def result_name(
    source: str | None,
    *,
    scale: float | None,
    size: Size,
    format: str,  # noqa: A002 - as in EncodeOptions
    part: str = "",
) -> str:
    """ "cat.jpg" doubled becomes "cat@2x.png"; without a scale, "cat@1920x1080.png".

    source: name or path of the file that was read; None or "" when it has none. size: of the result. format: one of
    OUTPUT_FORMATS, or "zip". part: what of an animation it is, in a word; "" for all of it. The name has no directories
    and nothing that a file system refuses, and is never empty.
    """
    marked = f"{size.width}x{size.height}" if scale is None else f"{scale:g}x"
    return f"{_stem(source or '')}@{marked}{'-' if part else ''}{part}.{_EXTENSIONS[format]}"


def _stem(source: str) -> str:
    name = re.split(r"[/\\]", source)[-1]
    name = "".join(sign for sign in name if unicodedata.category(sign) not in ("Cc", "Cs") and sign not in _TURNING)
    name = _FORBIDDEN.sub("", _EXTENSION.sub("", name))
    # A leading dot would hide the file.
    name = name.strip().lstrip(".").strip()
    if _RESERVED.match(name):
        name = f"_{name}"
    return name.encode()[:_LONGEST_STEM].decode(errors="ignore").rstrip() or "picture"
