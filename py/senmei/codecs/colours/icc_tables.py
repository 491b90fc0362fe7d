"""The lookup tables of CMYK profiles, read without a colour engine (ICC.1:2022, clauses 8.5, 9.2 and 10)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..metadata.icc_header import colour_space

Floats = NDArray[np.floating[Any]]

MAX_NODES = 1 << 20
"""32 nodes an ink. Profiles have 9 to 17; each node costs 32 bytes for as long as the profile is the last one used."""

_INKS, _PCS_VALUES = 4, 3
_CURVE_SAMPLES = 65536


@dataclass(frozen=True, slots=True)
class Matrix:
    """values (3) → scale (3, 3) @ values + offset (3)."""

    scale: Floats
    offset: Floats


@dataclass(frozen=True, slots=True)
class InkTable:
    """How a profile turns ink into colour: curves, a table to be interpolated in, and what follows it.

    inks: (4, 256) float64, each 8-bit ink level's place along its side of the table, 0..1. nodes: (c, m, y, k, 3)
    float32, 0..1. stages: what the interpolated values go through, each three curves (3, 65536) float32 sampled evenly
    over 0..1, or a Matrix. is_lab: the values are then L*a*b*, else XYZ, both relative to the paper and D50; they
    are scale * values + offset (each (3,) float64), L* 0..100 and Y = 1 for white.
    """

    inks: Floats
    nodes: Floats
    stages: tuple[Floats | Matrix, ...]
    is_lab: bool
    scale: Floats
    offset: Floats


def read_ink_table(profile: bytes) -> InkTable:
    """The table for the media-relative colorimetric intent (AToB1Tag), or where there is none the perceptual one
    (AToB0Tag), of a CMYK profile of version 2 or 4.

    Raises ValueError, its message a reason, for every profile that has none that can be read.
    """
    if colour_space(profile) != b"CMYK":
        raise ValueError("it is not for CMYK colours")
    space = profile[20:24]
    if space not in (b"Lab ", b"XYZ "):
        raise ValueError("its connection space is neither Lab nor XYZ")
    tags = _tags(profile)
    element = tags.get(b"A2B1") or tags.get(b"A2B0")
    if not element:
        raise ValueError("it has no table from ink to colour")
    try:
        if element[:4] in (b"mft1", b"mft2"):
            return _table_of_lut(element, space == b"Lab ")
        if element[:4] == b"mAB ":
            return _table_of_lut_a_to_b(element, space == b"Lab ")
    except (struct.error, IndexError) as error:
        raise ValueError("its table is cut off") from error
    raise ValueError("its table is of an unknown type")


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """The tagged elements (7.3)."""
    count = int.from_bytes(profile[128:132], "big")
    if 132 + 12 * count > len(profile):
        raise ValueError("its tags are cut off")
    tags = {}
    for at in range(132, 132 + 12 * count, 12):
        signature, place, size = struct.unpack_from(">4sII", profile, at)
        if signature in (b"A2B0", b"A2B1"):
            if place + size > len(profile):
                raise ValueError("its table is cut off")
            tags[signature] = profile[place : place + size]
    return tags


def _table_of_lut(element: bytes, is_lab: bool) -> InkTable:
    """lut8Type (10.11) and lut16Type (10.10). Their matrix is only for tables that begin at XYZ."""
    is_wide = element[:4] == b"mft2"
    _check_channels(element)
    sides = [element[10]] * _INKS
    entries, exits, at = (*struct.unpack_from(">HH", element, 48), 52) if is_wide else (256, 256, 48)
    if entries < 2 or exits < 2:
        raise ValueError("its curves are empty")
    width = 2 if is_wide else 1
    inputs, at = _numbers(element, at, _INKS * entries, width)
    nodes, at = _numbers(element, at, _node_count(sides) * _PCS_VALUES, width)
    outputs, _ = _numbers(element, at, _PCS_VALUES * exits, width)
    # 10.10: tables of 16 bits hold Lab as version 2 encoded it, in versions 2 and 4 alike.
    scale, offset = _encoding(is_lab, legacy=is_wide)
    return InkTable(
        np.stack([_resampled(curve, 256) for curve in inputs.reshape(_INKS, entries)]),
        nodes.reshape(*sides, _PCS_VALUES).astype(np.float32),
        _stages([_resampled(curve, _CURVE_SAMPLES) for curve in outputs.reshape(_PCS_VALUES, exits)]),
        is_lab,
        scale,
        offset,
    )


def _table_of_lut_a_to_b(element: bytes, is_lab: bool) -> InkTable:
    """lutAToBType (10.12): A curves, table, M curves, matrix, B curves; all but the table may be missing."""
    _check_channels(element)
    b_curves, matrix, m_curves, table, a_curves = struct.unpack_from(">5I", element, 12)
    if not table:
        raise ValueError("it has no table from ink to colour")
    sides = list(element[table : table + _INKS])
    width = element[table + 16]
    if width not in (1, 2):
        raise ValueError("its table is of an unknown precision")
    nodes, _ = _numbers(element, table + 20, _node_count(sides) * _PCS_VALUES, width)
    stages: tuple[Floats | Matrix, ...] = ()
    if m_curves:
        stages += _stages(_curves(element, m_curves, _PCS_VALUES, _CURVE_SAMPLES))
    if matrix:
        values = np.array(struct.unpack_from(">12i", element, matrix)) / 65536
        stages += (Matrix(values[:9].reshape(3, 3), values[9:]),)
    if b_curves:
        stages += _stages(_curves(element, b_curves, _PCS_VALUES, _CURVE_SAMPLES))
    scale, offset = _encoding(is_lab, legacy=False)
    return InkTable(
        np.stack(_curves(element, a_curves, _INKS, 256) if a_curves else [np.linspace(0, 1, 256)] * _INKS),
        nodes.reshape(*sides, _PCS_VALUES).astype(np.float32),
        stages,
        is_lab,
        scale,
        offset,
    )


def _check_channels(element: bytes) -> None:
    if element[8] != _INKS or element[9] != _PCS_VALUES:
        raise ValueError(f"its table is from {element[8]} to {element[9]} channels instead of 4 to 3")


def _node_count(sides: list[int]) -> int:
    count = int(np.prod(sides, dtype=np.int64))
    if len(sides) < _INKS or min(sides) < 2:
        raise ValueError("its table is empty")
    if count > MAX_NODES:
        raise ValueError("its table is too large")
    return count


def _numbers(element: bytes, at: int, count: int, width: int) -> tuple[Floats, int]:
    """`count` unsigned numbers of `width` bytes as 0..1, and where they end."""
    end = at + count * width
    if end > len(element):
        raise ValueError("its table is cut off")
    whole = np.frombuffer(element, ">u2" if width == 2 else np.uint8, count, at)
    return whole.astype(np.float64) / (65535 if width == 2 else 255), end


def _encoding(is_lab: bool, *, legacy: bool) -> tuple[Floats, Floats]:
    """Scale and offset from 0..1 to Lab or XYZ (6.3.4.2; legacy: as lut16Type has it, 10.10)."""
    if not is_lab:
        return np.full(3, 1 + 32767 / 32768), np.zeros(3)
    stretch = 65535 / 65280 if legacy else 1.0
    return np.array([100.0, 255.0, 255.0]) * stretch, np.array([0.0, -128.0, -128.0])


def _stages(curves: list[Floats]) -> tuple[Floats, ...]:
    """Three curves as one stage, or none where they change nothing."""
    stage = np.stack(curves).astype(np.float32)
    straight = np.linspace(0, 1, _CURVE_SAMPLES)
    return () if np.abs(stage - straight).max() < 1e-6 else (stage,)


def _resampled(curve: Floats, samples: int) -> Floats:
    """A curve given at even steps over 0..1, at other even steps (10.6: linear between them)."""
    return np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, len(curve)), curve)


def _curves(element: bytes, at: int, count: int, samples: int) -> list[Floats]:
    """Curves that follow each other, each at the next multiple of four bytes (10.12.1)."""
    curves = []
    for _ in range(count):
        curve, size = _curve(element, at, samples)
        curves.append(curve)
        at += (size + 3) // 4 * 4
    return curves


def _curve(element: bytes, at: int, samples: int) -> tuple[Floats, int]:
    """A curveType (10.6) or parametricCurveType (10.18) sampled over 0..1, clipped to that, and its bytes."""
    kind = element[at : at + 4]
    if kind == b"curv":
        count = struct.unpack_from(">I", element, at + 8)[0]
        if count == 0:
            return np.linspace(0, 1, samples), 12
        if count == 1:
            return np.linspace(0, 1, samples) ** (struct.unpack_from(">H", element, at + 12)[0] / 256), 14
        numbers, end = _numbers(element, at + 12, count, 2)
        return _resampled(numbers, samples), end - at
    if kind == b"para":
        function = struct.unpack_from(">H", element, at + 8)[0]
        if function > 4:
            raise ValueError("its curves are of an unknown type")
        count = (1, 3, 4, 5, 7)[function]
        parameters = [value / 65536 for value in struct.unpack_from(f">{count}i", element, at + 12)]
        return _parametric(parameters, samples), 12 + 4 * count
    raise ValueError("its curves are of an unknown type")


def _parametric(parameters: list[float], samples: int) -> Floats:
    """The functions 0 to 4 of parametricCurveType (10.18, table 68), told by how many parameters they have."""
    x = np.linspace(0, 1, samples)
    match parameters:
        case [g]:
            a, b, c, d, e, f = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
        case [g, a, b]:
            c, d, e, f = 0.0, _root(a, b), 0.0, 0.0
        case [g, a, b, c]:
            c, d, e, f = 0.0, _root(a, b), c, c
        case [g, a, b, c, d]:
            e, f = 0.0, 0.0
        case [g, a, b, c, d, e, f]:
            pass
    with np.errstate(over="ignore", divide="ignore"):
        upper = np.maximum(a * x + b, 0) ** g + e
    return np.clip(np.where(x >= d, upper, c * x + f), 0, 1)


def _root(a: float, b: float) -> float:
    """Where a * x + b is 0."""
    if a == 0:
        raise ValueError("its curves are damaged")
    return -b / a
