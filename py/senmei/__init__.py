"""Senmei: enlarges and cleans drawings and photos with neural networks, in the browser and in CPython.

    picture = senmei.decode(data)
    data = senmei.encode(picture, senmei.EncodeOptions(format="png"))

`senmei.engine` runs whole jobs; `senmei.cli` is the command line, `senmei.browser` the worker's entry.
"""

from .animation import Animation, AnimationInfo, Frame
from .codecs import EncodeOptions, Header, decode, encode, open_animation, read_header
from .errors import (
    Cancelled,
    CorruptImage,
    InvalidOption,
    ModelUnavailable,
    SenmeiError,
    SessionFailed,
    TooLarge,
    UnsupportedFormat,
)
from .geometry import Region, Size
from .picture import Metadata, Picture
from .tiling import Tile, TilePlan, plan_tiles

__all__ = [
    "Animation",
    "AnimationInfo",
    "Cancelled",
    "CorruptImage",
    "EncodeOptions",
    "Frame",
    "Header",
    "InvalidOption",
    "Metadata",
    "ModelUnavailable",
    "Picture",
    "Region",
    "SenmeiError",
    "SessionFailed",
    "Size",
    "Tile",
    "TilePlan",
    "TooLarge",
    "UnsupportedFormat",
    "decode",
    "encode",
    "open_animation",
    "plan_tiles",
    "read_header",
]
