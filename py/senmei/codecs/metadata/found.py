"""What the readers of the single formats gather, before it is checked and made upright."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

MAX_PROFILE_BYTES = 16 << 20
"""The largest colour profiles in use have about 4 MB."""

MAX_TEXT_BYTES = 8 << 20
"""One text, or XMP packet, once inflated."""

MAX_TEXTS_BYTES = 32 << 20
"""All texts of a file together, inflated: many small bombs are one large one."""


@dataclass(slots=True)
class FoundMetadata:
    """The raw metadata of one file. exif: with or without the "Exif" marker in front; orientation: only where the
    container itself states it (TIFF); the rest as in Metadata."""

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    orientation: int | None = None
    texts: list[tuple[str, str]] = field(default_factory=list)
    png_colour: list[tuple[bytes, bytes]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Says once what was left out."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def add_comment(self, content: bytes) -> None:
        """A comment in a format that does not say how its letters are coded."""
        text = plain_text(content)
        if text:
            self.texts.append(("Comment", text))


def plain_text(content: bytes) -> str:
    """UTF-8 where it is that, else Latin-1, without what fills it up at its end."""
    content = content.rstrip(b"\0")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def inflated(content: bytes, limit: int) -> bytes:
    """What a zlib stream (RFC 1950) holds. Raises ValueError when it is damaged, unfinished or larger than `limit`."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(content, limit + 1)
    except zlib.error as error:
        raise ValueError(f"a damaged zlib stream ({error})") from error
    if len(plain) > limit:
        raise ValueError("it inflates to more than is read")
    if not inflater.eof:
        raise ValueError("an unfinished zlib stream")
    return plain
