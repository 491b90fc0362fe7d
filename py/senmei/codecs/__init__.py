"""Bytes to pictures and back."""

from .decoding import decode
from .encoding import OUTPUT_FORMATS, encode

__all__ = ["OUTPUT_FORMATS", "decode", "encode"]
