"""The XMP packet of a file: changed in nothing but its orientation."""

from __future__ import annotations

import re

_PREFIX = rb"([A-Za-z_][\w.-]{0,60})"
_NAMESPACE = re.compile(rb"xmlns:" + _PREFIX + rb"""\s{0,9}=\s{0,9}["']http://ns\.adobe\.com/tiff/1\.0/["']""")
_ATTRIBUTE = re.compile(rb"((?<![\w:.-])" + _PREFIX + rb""":Orientation\s{0,9}=\s{0,9}(["'])\s{0,9})\d+(?=\s{0,9}\3)""")
_ELEMENT = re.compile(rb"(<" + _PREFIX + rb":Orientation(?:\s[^<>]{0,200})?>\s{0,200})\d+(?=\s{0,200}</)")


def upright_xmp(packet: bytes) -> bytes:
    """The packet with tiff:Orientation (XMP part 2, TIFF namespace) set to 1, whether it is an attribute or an element.

    Raises ValueError for what is no packet in UTF-8.
    """
    try:
        packet.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is not in UTF-8") from error
    if b"<" not in packet:
        raise ValueError("it is no XML")
    prefixes = {b"tiff", *_NAMESPACE.findall(packet)}

    def upright(found: re.Match[bytes]) -> bytes:
        return found[1] + b"1" if found[2] in prefixes else found[0]

    return _ELEMENT.sub(upright, _ATTRIBUTE.sub(upright, packet))
