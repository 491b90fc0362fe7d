"""Animated GIFs: full frames, composed as browsers show them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from ...animation import AnimationInfo, Frame
from ...geometry import Size
from ...picture import Picture, Pixels
from ..metadata.reading import read_metadata
from .pixels import draw, is_gray, read_pixels
from .reading import plausible_images, stray_note
from .structure import GifImage, GifStructure, read_structure

_TO_BACKGROUND = {2}
# 4 is not defined; encoders that meant bit 3 of the field wrote it, and browsers take it for 3.
_TO_PREVIOUS = {3, 4}


def open_gif_animation(data: bytes, *, partial: bool) -> GifAnimation:
    """A GIF file, of one frame or of many, with its blocks walked through.

    A picture without a delay is a part of the frame that the next ones complete (GIF89a, 23), until one has a delay or
    the file ends: so large frames of more than 256 colours are put together. Only where no picture has a delay and the
    file is to be played more than once, each is a frame. Browsers show every part for 100 ms. The first picture widens
    the screen if it reaches beyond it, later ones are clipped. The canvas begins transparent, and "restore to
    background" makes the picture's place transparent again. Pixels that a picture's data does not give are transparent,
    colours that its palette lacks are black.

    Of a file that breaks off the whole frames are given, with a note. Raises CorruptImage if the first one is cut off
    or if a size lies; with `partial` what there is of the first frame, or the frames up to that size, are given.
    """
    structure = read_structure(data)
    images, fault = plausible_images(structure, partial=partial)
    return GifAnimation(data, structure, images, fault)


class GifAnimation:
    """See AnimationFile."""

    def __init__(self, data: bytes, structure: GifStructure, images: tuple[GifImage, ...], fault: str) -> None:
        self._data = data
        self._images = images
        self._ends = _frame_ends(images, structure.loop_count)
        self._short = self._seen = self._strays = 0
        channels = 1 if all(is_gray(image) for image in images) else 3
        metadata, _, notes = read_metadata(Image.new("L" if channels == 1 else "RGB", (1, 1)), data, "GIF")
        self._notes = (*_fault_notes(fault, images), *notes)
        self.info = AnimationInfo(
            size=structure.size,
            durations_ms=tuple(10.0 * images[index].control.delay_cs for index in self._ends),
            loop_count=structure.loop_count,
            has_alpha=_can_be_transparent(structure.size, images) or _lacks_pixels(data, images[0]),
            depth=8,
            channels=channels,
            background=structure.background,
            metadata=metadata,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        notes = self._notes
        if self._short:
            notes += (f"{self._short} of {len(self._images)} frames have too little data; their rest is transparent.",)
        if self._strays:
            notes += (stray_note(self._strays),)
        return notes

    def frames(self) -> Iterator[Frame]:
        size = self.info.size
        pixels = np.zeros((size.height, size.width, self.info.channels), np.uint8)
        alpha = np.zeros((size.height, size.width), np.uint8) if self.info.has_alpha else None
        layers = [pixels] if alpha is None else [pixels, alpha]
        for index, image in enumerate(self._images):
            place = (
                slice(image.top, image.top + image.height),
                slice(image.left, image.left + image.width),
            )
            to_previous = image.control.disposal in _TO_PREVIOUS
            before = [layer[place].copy() for layer in layers] if to_previous else []
            self._draw(index, pixels, alpha)
            if index in self._ends:
                shown = Picture(pixels.copy(), None if alpha is None else alpha.copy())
                yield Frame(shown, 10.0 * image.control.delay_cs)
            if image.control.disposal in _TO_BACKGROUND:
                for layer in layers:
                    layer[place] = 0
            for layer, kept in zip(layers, before, strict=False):
                layer[place] = kept

    def _draw(self, index: int, pixels: Pixels, alpha: Pixels | None) -> None:
        image = self._images[index]
        read = read_pixels(self._data, image)
        strays = draw(image, read, pixels, alpha)
        # When the frames are read again they have nothing new to tell.
        if index >= self._seen:
            self._seen = index + 1
            self._short += read.read < image.pixels
            self._strays += strays


def _frame_ends(images: tuple[GifImage, ...], loop_count: int) -> tuple[int, ...]:
    """The indices of the images with which a frame is complete: those that have a delay, and the last.

    Where no image has one, but the file says how often it is to be played, each is a frame.
    """
    delayed = [index for index, image in enumerate(images) if image.control.delay_cs]
    last = len(images) - 1
    if not delayed and loop_count != 1:
        return tuple(range(len(images)))
    return tuple(sorted({*delayed, last}))


def _can_be_transparent(size: Size, images: tuple[GifImage, ...]) -> bool:
    """Whether the file says so: one opaque frame that covers the screen, and stays, lets nothing through."""
    first = images[0]
    covers = (first.left, first.top, first.width, first.height) == (0, 0, size.width, size.height)
    if not covers or first.control.transparent is not None:
        return True
    followed = images[:-1]
    return any(image.control.disposal in _TO_BACKGROUND for image in followed) or (
        len(images) > 1 and first.control.disposal in _TO_PREVIOUS
    )


def _lacks_pixels(data: bytes, image: GifImage) -> bool:
    return read_pixels(data, image).read < image.pixels


def _fault_notes(fault: str, images: tuple[GifImage, ...]) -> tuple[str, ...]:
    if not fault:
        return ()
    if not images[0].is_whole:
        return (f"This GIF file is damaged ({fault}): only a part of its first frame could be read.",)
    frames = "its first frame was" if len(images) == 1 else f"its first {len(images)} frames were"
    return (f"This GIF file is damaged ({fault}): {frames} read.",)
