"""The metadata of a file → Metadata, checked, and upright as the pixels will be."""

from __future__ import annotations

import math

from PIL import Image

from ...picture import Metadata
from ..gif.metadata import metadata_in_gif
from ..jpeg.metadata import metadata_in_jpeg
from ..png.metadata import metadata_in_png
from ..tiff.metadata import metadata_in_tiff
from ..webp.metadata import metadata_in_webp
from .exif import ExifBlock, read_exif
from .found import FoundMetadata
from .icc_header import check_profile_fits
from .xmp import upright_xmp

_READERS = {
    "PNG": metadata_in_png,
    "JPEG": metadata_in_jpeg,
    "WebP": metadata_in_webp,
    "GIF": metadata_in_gif,
    "TIFF": metadata_in_tiff,
}

MIN_DPI, MAX_DPI = 2, 1_000_000
"""Outside lies what cannot be meant: 1 dpi is a ratio with the wrong unit, 0 and infinity are no resolution."""


def read_metadata(image: Image.Image, data: bytes, format: str) -> tuple[Metadata, int, tuple[str, ...]]:  # noqa: A002 - the word users know
    """What the file `data` tells about its picture; the EXIF orientation, 1 to 8, to apply to its pixels as the file
    stores them; and notes, a sentence for each thing that was left out.

    image: opened from `data`, its pixels not needed yet; format: one of headers.Header's. The metadata is that of the
    upright picture: the orientation in EXIF and XMP is 1, both otherwise byte for byte as in the file, and dpi is
    across and down of the picture as shown. Only EXIF (in TIFF files tag 274) turns a picture, as in browsers; what XMP
    says of it is not applied. Pillow's load() of a TIFF file has applied tag 274 already.
    A CMYK picture's icc is its CMYK profile, for cmyk_to_srgb, and does not hold for what comes from there. Profiles
    for other colours than the image's mode has are left out. Damaged metadata gives notes, never an error.
    """
    reader = _READERS.get(format)
    found = reader(data) if reader else _metadata_in_image(image)
    exif = _exif(found)
    orientation = found.orientation or (exif.orientation if exif else 1)
    dpi = _sensible_dpi(found.dpi) or (_sensible_dpi(exif.dpi) if exif else None)
    metadata = Metadata(
        icc=_profile(found, image.mode),
        exif=exif.block if exif else None,
        xmp=_xmp(found),
        dpi=dpi[::-1] if dpi and orientation >= 5 else dpi,
        texts=tuple(found.texts),
        png_colour=tuple(found.png_colour),
    )
    return metadata, orientation, tuple(found.notes)


def _metadata_in_image(image: Image.Image) -> FoundMetadata:
    """What Pillow tells of the formats that have little to tell, or whose containers only it reads (AVIF)."""
    info = image.info
    icc, exif, xmp = (
        value if isinstance(value, bytes) else None for value in map(info.get, ("icc_profile", "exif", "xmp"))
    )
    found = FoundMetadata(icc=icc, exif=exif, xmp=xmp)
    dpi = info.get("dpi")
    if isinstance(dpi, tuple) and len(dpi) == 2:
        found.dpi = (float(dpi[0]), float(dpi[1]))
    comment = info.get("comment")
    if isinstance(comment, bytes):
        found.add_comment(comment)
    return found


def _exif(found: FoundMetadata) -> ExifBlock | None:
    if not found.exif:
        return None
    try:
        exif = read_exif(found.exif)
    except ValueError as error:
        found.note(f"The EXIF data is damaged and was left out ({error}).")
        return None
    if exif.block is None:
        found.note("The EXIF data is cut off and was left out.")
    return exif


def _xmp(found: FoundMetadata) -> bytes | None:
    if not found.xmp:
        return None
    try:
        return upright_xmp(found.xmp)
    except ValueError as error:
        found.note(f"The XMP data is damaged and was left out ({error}).")
        return None


def _profile(found: FoundMetadata, mode: str) -> bytes | None:
    if not found.icc:
        return None
    try:
        check_profile_fits(found.icc, mode)
    except ValueError as error:
        found.note(f"The colour profile was left out: {error}.")
        return None
    return found.icc


def _sensible_dpi(dpi: tuple[float, float] | None) -> tuple[float, float] | None:
    if dpi and all(math.isfinite(one) and MIN_DPI <= one <= MAX_DPI for one in dpi):
        return dpi
    return None
