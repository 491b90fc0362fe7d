"""Bytes to pictures and back."""

from .animation_reading import open_animation
from .animation_writing import (
    AnimationEncoder,
    FramesAs,
    animation_encoder_bytes,
    check_animation,
    encode,
    open_animation_encoder,
)
from .decoding import decode
from .encoding import RowEncoder, check_size, encoder_bytes, open_encoder
from .frames_writing import sheet_size
from .headers import Header, read_header
from .options import ANIMATION_FORMATS, OUTPUT_FORMATS, EncodeOptions
from .signatures import READABLE_ELSEWHERE

__all__ = [
    "ANIMATION_FORMATS",
    "OUTPUT_FORMATS",
    "READABLE_ELSEWHERE",
    "AnimationEncoder",
    "EncodeOptions",
    "FramesAs",
    "Header",
    "RowEncoder",
    "animation_encoder_bytes",
    "check_animation",
    "check_size",
    "decode",
    "encode",
    "encoder_bytes",
    "open_animation",
    "open_animation_encoder",
    "open_encoder",
    "read_header",
    "sheet_size",
]
