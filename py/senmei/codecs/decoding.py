"""Bytes → Picture or Animation."""

from __future__ import annotations

from dataclasses import replace

from ..animation import Animation
from ..errors import SenmeiError, TooLarge
from ..picture import Picture, without_opaque_alpha
from .animation_reading import read_animation
from .canvas import Canvas
from .headers import open_still
from .metadata.reading import read_metadata
from .signatures import damaged
from .still_file import StillFile, pillow_unbound


def decode(data: bytes, *, partial: bool = False) -> Picture | Animation:
    """Reads a picture of any format that signatures.READABLE names, told by its content.

    Gray stays gray (H, W, 1), palettes and CMYK become RGB (H, W, 3); more than 8 bits a sample become uint16, up to 8
    uint8, both scaled to the full range. Transparency of any kind becomes `alpha`. The picture is upright, its metadata
    say so. Of several pages (TIFF) the first is read, of several sizes (ICO) the largest. Files with several frames
    (APNG, animated WebP and GIF) become an Animation.

    partial: of a damaged or truncated file the part that can be read is given, the rest is 0, and a note says how much.
    Without it damage raises CorruptImage wherever it can be known: PNG has check sums; of the other formats the
    structure and the amount of data are checked, but a flipped bit within their compressed samples can pass as another
    picture, as in every decoder.

    Raises UnsupportedFormat for other content and for kinds that this build cannot decode, CorruptImage for damaged
    files, TooLarge where memory ends.
    """
    file = open_still(data)
    try:
        with pillow_unbound(partial=partial):
            if file.is_animated:
                return _alone(read_animation(data, partial=partial))
            file.check(partial=partial)
            return _picture(file, partial=partial)
    except SenmeiError:
        raise
    except MemoryError as error:
        raise TooLarge(f"This {file.format} picture of {file.size} pixels does not fit in memory.") from error
    except Exception as error:
        # Pillow's plugins raise whatever their parsing trips over: OSError, SyntaxError, ValueError, struct.error …
        raise damaged(file.format, _reason(error)) from error


def _alone(animation: Animation) -> Picture | Animation:
    """What is one frame after all is a picture."""
    if len(animation.frames) > 1:
        return animation
    frame = without_opaque_alpha(animation.frames[0].picture)
    return replace(frame, metadata=animation.metadata, notes=animation.notes)


def _picture(file: StillFile, *, partial: bool) -> Picture:
    image = file.image()
    metadata, orientation, notes = read_metadata(image, file.data, file.format)
    canvas = Canvas(
        file.size, channels=file.channels, has_alpha=file.has_alpha, depth=file.depth, orientation=orientation
    )
    read_notes = file.fill(canvas, profile=metadata.icc, partial=partial)
    if image.mode == "CMYK":
        # It does not describe the RGB that the pixels have become.
        metadata = replace(metadata, icc=None)
    return Picture(canvas.pixels, canvas.alpha, metadata, (*read_notes, *notes))


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".") or type(error).__name__
