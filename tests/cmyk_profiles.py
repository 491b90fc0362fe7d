"""CMYK profiles made by code: an ink set, and every way in which a profile can hold its table."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

D50 = np.array([0.9642, 1.0, 0.8249])

# L*a*b* of solid inks and their overprints on coated paper, relative to it, as offset printing has them.
_SOLIDS = {
    "": (100, 0, 0),
    "c": (57, -37, -46),
    "m": (50, 76, -3),
    "y": (93, -6, 94),
    "cm": (25, 20, -46),
    "cy": (52, -66, 25),
    "my": (48, 69, 49),
    "cmy": (24, 1, 1),
    "k": (16, 0, 0),
    "ck": (12, -5, -6),
    "mk": (13, 6, 0),
    "yk": (15, -1, 6),
    "cmk": (10, 2, -6),
    "cyk": (11, -7, 3),
    "myk": (12, 6, 4),
    "cmyk": (8, 0, 0),
}


def ink_colours(inks: Floats, *, gain: float = 0.8, scatter: float = 1.7) -> Floats:
    """(..., 4) ink 0..1 → (..., 3) XYZ relative to paper and D50: a Neugebauer model with dots that grow (an exponent)
    and light that spreads in the paper (Yule and Nielsen's n)."""
    dots = np.clip(inks, 0, 1) ** gain
    light: Floats = np.zeros((*inks.shape[:-1], 3))
    for printed in itertools.product((False, True), repeat=4):
        name = "".join(ink for ink, is_printed in zip("cmyk", printed, strict=True) if is_printed)
        share = np.prod(np.where(printed, dots, 1 - dots), axis=-1)
        light = light + share[..., np.newaxis] * xyz_of_lab(np.array(_SOLIDS[name], float)) ** (1 / scatter)
    return light**scatter


def xyz_of_lab(lab: Floats) -> Floats:
    y = (lab[..., 0] + 16) / 116
    roots = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    return np.where(roots > 6 / 29, roots**3, (roots - 4 / 29) * 108 / 841) * D50


def lab_of_xyz(xyz: Floats) -> Floats:
    light = xyz / D50
    roots = np.where(light > (6 / 29) ** 3, np.cbrt(light), light * 841 / 108 + 4 / 29)
    x, y, z = np.moveaxis(roots, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def nodes(sides: Sequence[int], curve: float = 1.0) -> Floats:
    """(c, m, y, k, 3) XYZ at the nodes of a table whose places are ink ** curve."""
    places = np.stack(np.meshgrid(*(np.linspace(0, 1, side) for side in sides), indexing="ij"), axis=-1)
    return ink_colours(places ** (1 / curve))


def as_lab(xyz: Floats, *, legacy: bool) -> Floats:
    """0..1, as the tables hold it."""
    lab = (lab_of_xyz(xyz) + np.array([0, 128, 128])) / np.array([100, 255, 255])
    return np.clip(lab * 65280 / 65535 if legacy else lab, 0, 1)


def as_xyz(xyz: Floats) -> Floats:
    return np.clip(xyz * 32768 / 65535, 0, 1)


def whole(values: Floats, width: int) -> bytes:
    levels = np.rint(values * (255 if width == 1 else 65535))
    return levels.astype(np.uint8 if width == 1 else ">u2").tobytes()


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


IDENTITY = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)


def lut8(table: Floats, inputs: Floats, outputs: Floats) -> bytes:
    """inputs: (4, 256), outputs: (3, 256), all 0..1."""
    head = struct.pack(">4s4xBBBx", b"mft1", 4, 3, table.shape[0]) + IDENTITY
    return head + whole(inputs, 1) + whole(table, 1) + whole(outputs, 1)


def lut16(table: Floats, inputs: Floats, outputs: Floats) -> bytes:
    """inputs: (4, n), outputs: (3, m), all 0..1."""
    head = struct.pack(">4s4xBBBx", b"mft2", 4, 3, table.shape[0]) + IDENTITY
    sizes = struct.pack(">HH", inputs.shape[1], outputs.shape[1])
    return head + sizes + whole(inputs, 2) + whole(table, 2) + whole(outputs, 2)


def sampled(values: Sequence[float] | Floats) -> bytes:
    return padded(struct.pack(">4s4xI", b"curv", len(values)) + whole(np.asarray(values), 2))


def gamma(exponent: float) -> bytes:
    return padded(struct.pack(">4s4xIH", b"curv", 1, round(exponent * 256)))


def straight() -> bytes:
    return struct.pack(">4s4xI", b"curv", 0)


def parametric(function: int, *parameters: float) -> bytes:
    return struct.pack(">4s4xH2x", b"para", function) + fixed(*parameters)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def lut_a_to_b(
    table: Floats,
    *,
    a_curves: Sequence[bytes] = (),
    m_curves: Sequence[bytes] = (),
    matrix: bytes = b"",
    b_curves: Sequence[bytes] = (),
    width: int = 2,
) -> bytes:
    """An mAB element; matrix: nine factors and three offsets as fixed() packs them."""
    clut = padded(bytes(table.shape[:4]).ljust(16, b"\0") + bytes([width, 0, 0, 0]) + whole(table, width))
    parts = [b"".join(b_curves), matrix, b"".join(m_curves), clut, b"".join(a_curves)]
    places, at = [], 32
    for part in parts:
        places.append(at if part else 0)
        at += len(part)
    return struct.pack(">4s4xBB2x5I", b"mAB ", 4, 3, *places) + b"".join(parts)


def profile(
    tables: dict[bytes, bytes],
    *,
    pcs: bytes = b"Lab ",
    version: int = 4,
    space: bytes = b"CMYK",
    device: bytes = b"prtr",
) -> bytes:
    """A profile with these tags and nothing else."""
    elements = {name: padded(element) for name, element in tables.items()}
    at = 128 + 4 + 12 * len(elements)
    directory = struct.pack(">I", len(elements))
    for name, element in elements.items():
        directory += struct.pack(">4sII", name, at, len(element))
        at += len(element)
    header = struct.pack(">I4xI4s4s4s12s4s4x4x4x4x8xI", at, version << 24, device, space, pcs, bytes(12), b"acsp", 1)
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + directory + b"".join(elements.values())


def offset_press(side: int = 9, *, version: int = 2) -> bytes:
    """What a real profile looks like: 16 bits, Lab, curved inputs."""
    curves = np.tile(np.linspace(0, 1, 256) ** 0.7, (4, 1))
    outputs = np.tile(np.linspace(0, 1, 2), (3, 1))
    return profile(
        {b"A2B1": lut16(as_lab(nodes([side] * 4, 0.7), legacy=True), curves, outputs)}, pcs=b"Lab ", version=version
    )
