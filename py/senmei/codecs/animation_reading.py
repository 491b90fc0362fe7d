"""APNG, animated WebP and GIF → Animation, through Pillow, which composes their frames."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

from PIL import Image

from ..animation import Animation, Frame
from ..errors import TooLarge
from ..geometry import Size
from ..picture import Metadata, Picture
from .canvas import Canvas
from .gif.reading import GifFile
from .metadata.reading import read_metadata
from .pillow_samples import layout_of, write_samples
from .png.reading import PngFile
from .signatures import damaged
from .still_file import StillFile

MAX_ANIMATION_PIXELS = 200_000_000
"""All frames together, held as RGBA."""


def read_animation(file: StillFile, *, partial: bool) -> Animation:
    """Raises TooLarge above MAX_ANIMATION_PIXELS, CorruptImage for damaged frames, or with `partial` ends there."""
    if file.frames * file.size.pixels > MAX_ANIMATION_PIXELS:
        raise TooLarge(
            f"This {file.format} animation has {file.frames} frames of {file.size} pixels; "
            f"up to {MAX_ANIMATION_PIXELS / 1e6:.0f} million pixels in all frames together are read."
        )
    data = file.without_damaged_texts() if isinstance(file, PngFile) else file.data
    metadata, _, notes = read_metadata(file.image(), file.data, file.format)
    image = Image.open(BytesIO(data), formats=[file.format.upper()])
    frames: list[Frame] = []
    fault = _fault(file)
    if fault:
        notes += (f"This {file.format} file is damaged ({fault}); its frames up to there were read.",)
    for index in range(file.frames):
        try:
            image.seek(index)
            image.load()
        except (EOFError, OSError, SyntaxError, ValueError) as error:
            if not (partial and frames):
                raise damaged(file.format, f"its frame {index + 1} of {file.frames}: {error}") from error
            if not fault:
                notes += (f"This {file.format} file is damaged ({error}): {index} of {file.frames} frames were read.",)
            break
        # Durations are known only once the frame is loaded.
        frames.append(Frame(_frame(image, file.format, metadata, notes), float(image.info.get("duration", 0))))
    first = replace(frames[0], picture=replace(frames[0].picture, notes=notes))
    return Animation((first, *frames[1:]), int(image.info.get("loop", 0)))


def _fault(file: StillFile) -> str:
    """Where the file's structure ends early; its frames are counted up to there only."""
    if isinstance(file, GifFile):
        return file.structure.fault
    return file.png.faults[0] if isinstance(file, PngFile) and file.png.faults else ""


def _frame(image: Image.Image, name: str, metadata: Metadata, notes: tuple[str, ...]) -> Picture:
    depth, channels, has_alpha = layout_of(image, name)
    canvas = Canvas(Size(*image.size), channels=channels, has_alpha=has_alpha, depth=depth, orientation=1)
    write_samples(image, canvas, None)
    # An animation's frames are not turned; the block has no orientation to apply any more.
    return Picture(canvas.pixels, canvas.alpha, metadata)
