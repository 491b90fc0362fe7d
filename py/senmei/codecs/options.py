"""What a result can be written as."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from PIL import features

from ..errors import InvalidOption

# Pillow before 11.3 does not know the word and warns when it is asked.
_HAS_AVIF = "avif" in features.modules and bool(features.check("avif"))

OUTPUT_FORMATS: tuple[str, ...] = ("png", "jpeg", "webp", "gif", "tiff", *(("avif",) if _HAS_AVIF else ()))
"""What this Pillow can write."""

ANIMATION_FORMATS = ("png", "webp", "gif")
"""Those that hold several frames."""

FORMAT_NAMES = {"png": "PNG", "jpeg": "JPEG", "webp": "WebP", "gif": "GIF", "tiff": "TIFF", "avif": "AVIF"}
"""As they are written in sentences."""

DEFAULT_QUALITY = {"jpeg": 92, "webp": 90, "avif": 80}

MetadataChoice = Literal["keep", "strip"]
PaletteChoice = Literal["auto", "global", "local"]
DitherChoice = Literal["none", "ordered", "diffused"]
DelayChoice = Literal["file", "browser"]

DEFAULT_DITHER: DitherChoice = "none"
"""At equal size no dithering is nearer to the true colours (tests/bench gif); it hides bands in smooth skies."""

SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")

DEFAULT_SUBSAMPLING = "4:4:4"
"""Halved colour would smear the coloured edges that the enlarging has just made sharp: of an enlarged drawing, a 4:4:4
JPEG of quality 85 was smaller than a 4:2:0 one of quality 95, and nearer to the original by 1 dB."""

DEEP_FORMATS = ("png", "tiff")
"""Those that hold 16 bits a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """How a result is written. Raises InvalidOption for values outside and for combinations that mean nothing.

    format: one of OUTPUT_FORMATS; "apng" is another word for "png"; "auto" is PNG for a still picture and an
    animation's own kind. quality: 1 to 100, for JPEG, lossy WebP and AVIF; None for DEFAULT_QUALITY.
    subsampling: of the colour, one of SUBSAMPLINGS, for JPEG and AVIF; None for DEFAULT_SUBSAMPLING.
    lossless: for WebP; every level is kept, also of the colour under transparent pixels.
    depth: 8 or 16 bits a sample, for PNG and TIFF; None for the picture's own.
    metadata: "keep" writes all that the format can hold. "strip" leaves out EXIF, XMP, texts and resolution; what the
    levels mean as colours (the ICC profile, a PNG's colour chunks) stays, since without it the picture would look
    different.
    palette: of GIF; "global" one for all frames, "local" one for each, "auto" a local one where it pays. dither: of
    GIF. delays: "browser" writes those below 20 ms as the 100 ms that browsers make of them in GIFs, "file" leaves
    them as they are.
    """

    format: str = "auto"
    quality: int | None = None
    subsampling: str | None = None
    lossless: bool = False
    depth: int | None = None
    metadata: MetadataChoice = "keep"
    palette: PaletteChoice | None = None
    dither: DitherChoice | None = None
    delays: DelayChoice = "file"

    def __post_init__(self) -> None:
        if self.format == "apng":
            object.__setattr__(self, "format", "png")
        if self.format not in OUTPUT_FORMATS and self.format != "auto":
            raise InvalidOption(f"The format “{self.format}” cannot be written; accepted: {', '.join(OUTPUT_FORMATS)}.")
        self._check_words()
        self._check_numbers()
        if self.format == "auto":
            # What goes together is known once there is a format.
            return
        self._check_quality()
        self._check_subsampling()
        if self.lossless and self.format != "webp":
            raise InvalidOption(f"“lossless” is a choice of WebP only; {self._lossless_instead()}.")
        self._check_depth()
        if (self.palette or self.dither) and self.format != "gif":
            raise InvalidOption(f"{self.format_name} has no palette and no dithering to choose; GIF has.")

    def resolved(self, kind: str | None = None) -> EncodeOptions:
        """With a format in the place of "auto": `kind`, an animation's own, one of ANIMATION_FORMATS; or, where it is
        None, PNG for a still picture.

        An animated WebP becomes a lossless one unless it is to have a quality. Raises InvalidOption for what does not
        go together with the format.
        """
        file_format = (kind or "png") if self.format == "auto" else self.format
        lossless = self.lossless or (kind is not None and file_format == "webp" and self.quality is None)
        return replace(self, format=file_format, lossless=lossless)

    @property
    def format_name(self) -> str:
        return FORMAT_NAMES[self.format]

    def written_depth(self, depth: int) -> int:
        """Bits a sample in the file of a picture that has `depth`."""
        return (self.depth or depth) if self.format in DEEP_FORMATS else 8

    def _check_words(self) -> None:
        for name, chosen, accepted in (
            ("subsampling", self.subsampling, (None, *SUBSAMPLINGS)),
            ("metadata choice", self.metadata, get_args(MetadataChoice)),
            ("palette", self.palette, (None, *get_args(PaletteChoice))),
            ("dithering", self.dither, (None, *get_args(DitherChoice))),
            ("choice of delays", self.delays, get_args(DelayChoice)),
        ):
            if chosen not in accepted:
                words = ", ".join(word for word in accepted if word)
                raise InvalidOption(f"The {name} “{chosen}” is unknown; accepted: {words}.")

    def _check_numbers(self) -> None:
        if self.quality is not None and not (_is_whole(self.quality) and 1 <= self.quality <= 100):
            raise InvalidOption(f"The quality {self.quality} is no whole number from 1 to 100.")
        if self.depth is not None and not (_is_whole(self.depth) and self.depth in (8, 16)):
            raise InvalidOption(f"The depth {self.depth} is unknown; accepted: 8 and 16 bits a sample.")

    def _check_quality(self) -> None:
        if self.quality is None:
            return
        if self.format == "gif":
            raise InvalidOption("GIF has no quality to choose; its palette and its dithering can be chosen.")
        if self.format not in DEFAULT_QUALITY:
            raise InvalidOption(
                f"{self.format_name} loses nothing, so it has no quality to choose; {_named(DEFAULT_QUALITY)} have one."
            )
        if self.lossless:
            raise InvalidOption("A lossless WebP has no quality to choose; leave out one of the two.")

    def _check_subsampling(self) -> None:
        if self.subsampling is not None and self.format not in ("jpeg", "avif"):
            raise InvalidOption(f"{self.format_name} has no subsampling to choose; JPEG and AVIF have.")

    def _check_depth(self) -> None:
        if self.depth == 16 and self.format not in DEEP_FORMATS:
            raise InvalidOption(f"{self.format_name} holds 8 bits a sample; 16 are held by {_named(DEEP_FORMATS)}.")

    def _lossless_instead(self) -> str:
        if self.format in DEEP_FORMATS:
            return f"{self.format_name} is lossless anyway"
        return f"{_named(DEEP_FORMATS)} are lossless as well"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _named(formats: tuple[str, ...] | dict[str, int]) -> str:
    names = [FORMAT_NAMES[name] for name in formats if name in OUTPUT_FORMATS]
    return f"{', '.join(names[:-1])} and {names[-1]}"
