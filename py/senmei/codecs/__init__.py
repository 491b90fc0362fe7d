"""Bytes to pictures and back."""

from .decoding import decode
from .encoding import RowEncoder, encode, encoder_bytes, open_encoder
from .headers import Header, read_header
from .options import OUTPUT_FORMATS, EncodeOptions
from .signatures import READABLE_ELSEWHERE

__all__ = [
    "OUTPUT_FORMATS",
    "READABLE_ELSEWHERE",
    "EncodeOptions",
    "Header",
    "RowEncoder",
    "decode",
    "encode",
    "encoder_bytes",
    "open_encoder",
    "read_header",
]
