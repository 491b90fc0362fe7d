"""Reads TIFF files of deflated strips by the letter of TIFF 6.0, and asserts its rules on the way."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LETTERS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 7: "B"}


@dataclass(frozen=True)
class StrictTiff:
    """tags: all values of each field as whole numbers, texts and opaque bytes as bytes. samples: (H, W, S)."""

    order: str
    tags: dict[int, Any]
    samples: NDArray[np.uint8] | NDArray[np.uint16]


def read_strictly(data: bytes) -> StrictTiff:
    order = {b"II*\0": "<", b"MM\0*": ">"}[data[:4]]
    (start,) = struct.unpack_from(order + "I", data, 4)
    assert start % 2 == 0
    taken = [(0, 8)]
    tags, following = directory(data, order, start, taken)
    assert following == 0
    for tag in (0x8769, 0x8825):
        if tag in tags:
            directory(data, order, tags[tag][0], taken)
    depths = set(tags[0x0102])
    assert len(tags[0x0102]) == tags[0x0115][0] and depths in ({8}, {16})
    taken += [(place, place + length) for place, length in zip(tags[0x0111], tags[0x0117], strict=True)]
    for (_, end), (begin, _) in zip(sorted(taken), sorted(taken)[1:], strict=False):
        assert end <= begin, "two parts of the file lie in the same place"
    assert max(end for _, end in taken) <= len(data)
    return StrictTiff(order, tags, _samples(data, order, tags, depths.pop()))


def directory(data: bytes, order: str, start: int, taken: list[tuple[int, int]]) -> tuple[dict[int, Any], int]:
    """Its fields, and where the next one is. Adds the bytes that it uses to `taken`."""
    (count,) = struct.unpack_from(order + "H", data, start)
    end = start + 2 + 12 * count
    taken.append((start, end + 4))
    tags: dict[int, Any] = {}
    for place in range(start + 2, end, 12):
        tag, kind, values = struct.unpack_from(order + "HHI", data, place)
        assert not tags or tag > max(tags), "tags ascend"
        letter = LETTERS[kind]
        length = values * struct.calcsize("<" + letter)
        where = place + 8
        if length > 4:
            (where,) = struct.unpack_from(order + "I", data, place + 8)
            assert where % 2 == 0 and where + length <= len(data)
            taken.append((where, where + length))
        content = data[where : where + length]
        tags[tag] = content if kind in (2, 7) else struct.unpack(order + letter * values, content)
        assert kind != 2 or content.endswith(b"\0")
    (following,) = struct.unpack_from(order + "I", data, end)
    return tags, following


def _samples(data: bytes, order: str, tags: dict[int, Any], depth: int) -> NDArray[Any]:
    (width,), (height,), (count,) = tags[0x0100], tags[0x0101], tags[0x0115]
    assert tags[0x0103] == (8,) and tags[0x011C] == (1,)
    colours = {1: 1, 2: 3}[tags[0x0106][0]]
    assert (count == colours and 0x0152 not in tags) or (count == colours + 1 and tags[0x0152] == (2,))
    (rows,) = tags[0x0116]
    assert len(tags[0x0111]) == -(-height // rows)
    dtype = np.dtype("u1" if depth == 8 else order + "u2")
    strips = []
    for index, (place, length) in enumerate(zip(tags[0x0111], tags[0x0117], strict=True)):
        inflater = zlib.decompressobj()
        strip = np.frombuffer(inflater.decompress(data[place : place + length]), dtype)
        assert inflater.eof and len(inflater.unused_data) <= 1
        strips.append(strip.reshape(min(rows, height - index * rows), width, count))
    samples = np.concatenate(strips).astype(dtype.newbyteorder("="))
    if tags.get(0x013D) == (2,):
        samples = np.add.accumulate(samples, axis=1, dtype=samples.dtype)
    return samples
