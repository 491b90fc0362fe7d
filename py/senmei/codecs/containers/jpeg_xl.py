"""The size of a JPEG XL picture, from its first bits (ISO/IEC 18181-1, Annex D), without decoding it."""

from __future__ import annotations

import struct

from ...geometry import Size
from ..signatures import damaged
from .isobmff import ContainerHeader

# Width to height, by the number that stands for it (D.3.2).
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


class _Bits:
    """The bits of a codestream, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("it ends within its header")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value

    def choose(self, *choices: tuple[int, int]) -> int:
        """A number of one of four kinds: what it starts from and how many bits are added (B.2.2)."""
        start, count = choices[self.take(2)]
        return start + self.take(count)


def read_jpeg_xl(data: bytes) -> ContainerHeader:
    """The size as shown. Raises CorruptImage when there is none."""
    try:
        return _read(_Bits(_codestream(data)[2:64]))
    except (ValueError, struct.error) as error:
        raise damaged("JPEG XL", error) from error


def _codestream(data: bytes) -> bytes:
    """Its beginning, bare or out of its container (ISO/IEC 18181-2, 9.8 and 9.9)."""
    if data.startswith(b"\xff\x0a"):
        return data[:64]
    place = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        content = place + 8
        if length == 1:
            length, content = struct.unpack_from(">Q", data, content)[0], content + 8
        if kind in (b"jxlc", b"jxlp"):
            stream = data[content + (4 if kind == b"jxlp" else 0) :][:64]
            if not stream.startswith(b"\xff\x0a"):
                raise ValueError(f"at byte {content} there is no codestream")
            return stream
        if length < 8:
            break
        place += length
    raise ValueError("its container holds no codestream")


def _read(bits: _Bits) -> ContainerHeader:
    size = _size(bits)
    orientation, has_alpha = 1, False
    if not bits.take(1):
        if bits.take(1):
            orientation = 1 + bits.take(3)
            if bits.take(1):
                _size(bits)
            if bits.take(1):
                # What follows a preview or animation header says nothing that is needed.
                return _shown(size, orientation, True)
            if bits.take(1):
                return _shown(size, orientation, True)
        if bits.take(1):
            bits.choose((32, 0), (16, 0), (24, 0), (1, 6))
            bits.take(4)
        else:
            bits.choose((8, 0), (10, 0), (12, 0), (1, 6))
        bits.take(1)
        has_alpha = bits.choose((0, 0), (1, 0), (2, 4), (1, 12)) > 0
    return _shown(size, orientation, has_alpha)


def _shown(size: Size, orientation: int, has_alpha: bool) -> ContainerHeader:
    return ContainerHeader(Size(size.height, size.width) if orientation >= 5 else size, has_alpha)


def _size(bits: _Bits) -> Size:
    is_small = bits.take(1)

    def side() -> int:
        if is_small:
            return 8 * (1 + bits.take(5))
        return bits.choose((1, 9), (1, 13), (1, 18), (1, 30))

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return Size(side(), height)
    upper, lower = _RATIOS[ratio]
    return Size(max(1, height * upper // lower), height)
