"""CMYK to sRGB against littlecms2, on profiles made by code."""

import struct
import tracemalloc
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from cmyk_profiles import (
    as_lab,
    as_xyz,
    fixed,
    gamma,
    lut8,
    lut16,
    lut_a_to_b,
    nodes,
    offset_press,
    parametric,
    profile,
    sampled,
    straight,
)
from drawings import drawing, saved
from senmei.codecs.colours.cmyk import BAND_PIXELS, cmyk_to_srgb
from senmei.codecs.colours.icc_tables import MAX_NODES

EVEN2 = np.tile(np.linspace(0, 1, 2), (3, 1))
EVEN256 = np.tile(np.linspace(0, 1, 256), (3, 1))
CURVED = np.tile(np.linspace(0, 1, 256) ** 0.7, (4, 1))
NINE = nodes([9] * 4, 0.7)
LAB, LEGACY_LAB, XYZ = as_lab(NINE, legacy=False), as_lab(NINE, legacy=True), as_xyz(NINE)
EVEN_A, EVEN_B = [straight()] * 4, [straight()] * 3

PROFILES = {
    "a press, 9 nodes": offset_press(9),
    "a press, 17 nodes": offset_press(17),
    "16 bits, version 4": offset_press(9, version=4),
    "16 bits, two nodes": offset_press(2),
    "16 bits, XYZ": profile({b"A2B1": lut16(XYZ, CURVED, EVEN2)}, pcs=b"XYZ "),
    "16 bits, XYZ, version 2": profile({b"A2B1": lut16(XYZ, CURVED, EVEN2)}, pcs=b"XYZ ", version=2),
    "16 bits, many entries": profile(
        {
            b"A2B1": lut16(
                LEGACY_LAB**2,
                np.tile(np.linspace(0, 1, 4096) ** 0.7, (4, 1)),
                np.tile(np.linspace(0, 1, 4096) ** 0.5, (3, 1)),
            )
        },
        version=2,
    ),
    "8 bits, version 2": profile({b"A2B0": lut8(LAB, CURVED, EVEN256)}, version=2),
    "8 bits, version 4, curved": profile({b"A2B0": lut8(LAB**0.5, CURVED, EVEN256**2)}),
    "mAB": profile({b"A2B1": lut_a_to_b(LAB, a_curves=[gamma(0.7)] * 4, b_curves=EVEN_B)}),
    "mAB, uneven": profile(
        {
            b"A2B1": lut_a_to_b(
                as_lab(nodes([7, 9, 5, 11]), legacy=False),
                a_curves=EVEN_A,
                b_curves=[sampled(np.linspace(0, 1, 7))] * 3,
            )
        }
    ),
    "mAB, 8 bits, no A": profile({b"A2B1": lut_a_to_b(as_lab(nodes([9] * 4), legacy=False), width=1, b_curves=EVEN_B)}),
    "mAB, XYZ": profile({b"A2B1": lut_a_to_b(XYZ, a_curves=[sampled(CURVED[0])] * 4, b_curves=EVEN_B)}, pcs=b"XYZ "),
    "mAB, all of it": profile(
        {
            b"A2B1": lut_a_to_b(
                LAB**0.5,
                a_curves=[gamma(0.7), sampled(CURVED[0]), parametric(0, 0.7), parametric(1, 0.7, 1, 0)],
                m_curves=[parametric(0, 2.0), gamma(2), sampled(np.linspace(0, 1, 999) ** 2)],
                matrix=fixed(0.9, 0.1, 0, 0, 1, 0, 0, 0.1, 0.9, 0.02, -0.03, 0.01),
                b_curves=[parametric(3, 1.2, 0.9, 0.1, 0.5, 0.1), parametric(2, 1, 0.95, -0.01, 0.02), gamma(1.05)],
            )
        }
    ),
    "mAB, the longest curves": profile(
        {
            b"A2B1": lut_a_to_b(
                LAB,
                a_curves=[parametric(4, 0.8, 1.05, -0.02, 0.6, 0.05, 0.01, 0.02)] * 4,
                b_curves=[parametric(4, 1.1, 1.0, 0.0, 0.9, 0.1, 0.0, 0.0)] * 3,
            )
        }
    ),
}


def inks() -> NDArray[np.uint8]:
    """(128, 128, 4): every combination of the ends and middles, ramps of each ink, and anything."""
    found = np.random.default_rng(5).integers(0, 256, (128 * 128, 4), dtype=np.uint8)
    ends = np.stack(np.meshgrid(*[[0, 1, 127, 128, 254, 255]] * 4), axis=-1).reshape(-1, 4)
    found[: len(ends)] = ends
    for ink in range(4):
        ramp = found[2000 + 256 * ink :][:256]
        ramp[:] = 0
        ramp[:, ink] = np.arange(256)
    return found.reshape(128, 128, 4)


INKS = inks()


# littlecms2's cmsFLAGS_NOOPTIMIZE and cmsFLAGS_NOCACHE, which not every Pillow names.
NO_OPTIMISATION, NO_CACHE = 0x0100, 0x0040


def image_of(cmyk: NDArray[np.uint8]) -> Image.Image:
    height, width = cmyk.shape[:2]
    return Image.frombytes("CMYK", (width, height), cmyk.tobytes())


def littlecms(cmyk: NDArray[np.uint8], icc: bytes) -> NDArray[np.int64]:
    """What littlecms2 makes of it without its shortcut through a coarser table of its own."""
    source = ImageCms.ImageCmsProfile(BytesIO(icc))
    converted = ImageCms.profileToProfile(
        image_of(cmyk),
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=NO_OPTIMISATION | NO_CACHE,
    )
    assert converted is not None
    return np.asarray(converted).astype(np.int64)


@pytest.mark.parametrize("name", PROFILES)
def test_colours_are_littlecms2s(name: str) -> None:
    colours, note = cmyk_to_srgb(INKS, PROFILES[name])
    assert note is None
    assert colours.dtype == np.uint8 and colours.shape == (128, 128, 3)
    difference = np.abs(colours - littlecms(INKS, PROFILES[name]))
    assert difference.max() <= 1
    assert difference.mean() < 0.02


def test_the_profiles_are_not_alike() -> None:
    for name in ("mAB, all of it", "16 bits, two nodes", "mAB, the longest curves"):
        assert np.abs(littlecms(INKS, PROFILES[name]) - littlecms(INKS, PROFILES["mAB"])).max() > 8
    plain = np.asarray(image_of(INKS).convert("RGB")).astype(int)
    assert np.abs(littlecms(INKS, PROFILES["mAB"]) - plain).mean() > 10


def test_unprinted_paper_is_white() -> None:
    for icc in PROFILES.values():
        if icc is not PROFILES["mAB, all of it"] and icc is not PROFILES["mAB, the longest curves"]:
            assert cmyk_to_srgb(np.zeros((1, 1, 4), np.uint8), icc)[0].min() >= 254


def test_the_relative_colorimetric_table_comes_first() -> None:
    relative, perceptual = lut16(LEGACY_LAB, CURVED, EVEN2), lut16(LEGACY_LAB**1.5, CURVED, EVEN2)
    alone = cmyk_to_srgb(INKS, profile({b"A2B1": relative}))[0]
    for tables in ({b"A2B0": perceptual, b"A2B1": relative}, {b"A2B1": relative, b"A2B0": perceptual}):
        assert np.array_equal(cmyk_to_srgb(INKS, profile(tables))[0], alone)
    assert not np.array_equal(cmyk_to_srgb(INKS, profile({b"A2B0": perceptual}))[0], alone)


def test_profiles_can_take_turns() -> None:
    first, second = offset_press(5), PROFILES["mAB"]
    apart = [cmyk_to_srgb(INKS, icc)[0] for icc in (first, second)]
    assert not np.array_equal(*apart)
    for icc, expected in zip((first, first, b"none", second, first), (0, 0, None, 1, 0), strict=True):
        colours, note = cmyk_to_srgb(INKS, icc)
        assert (note is None) == (expected is not None)
        assert expected is None or np.array_equal(colours, apart[expected])


def test_bands_leave_no_trace() -> None:
    width = BAND_PIXELS // 100
    picture = np.random.default_rng(1).integers(0, 256, (301, width + 7, 4), dtype=np.uint8)
    for icc in (offset_press(5), None):
        whole = cmyk_to_srgb(picture, icc)[0]
        assert np.array_equal(whole[140:150, 5:9], cmyk_to_srgb(picture[140:150, 5:9], icc)[0])
        assert np.array_equal(whole[::-1], cmyk_to_srgb(picture[::-1], icc)[0])


@pytest.mark.parametrize("icc", [offset_press(9), None])
def test_memory_is_the_result_and_a_band(icc: bytes | None) -> None:
    picture = np.zeros((1500, 2000, 4), np.uint8)
    cmyk_to_srgb(picture[:1], icc)
    tracemalloc.start()
    try:
        cmyk_to_srgb(picture, icc)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1500 * 2000 * 3 + (16 << 20)


def test_without_a_profile_it_is_pillows_formula() -> None:
    colours, note = cmyk_to_srgb(INKS, None)
    assert np.array_equal(colours, np.asarray(image_of(INKS).convert("RGB")))
    assert note == "The CMYK picture has no usable colour profile; its colours are converted by a plain formula."


def lying(side: int) -> bytes:
    """A lut16 that claims this many nodes an ink and ends there."""
    return struct.pack(">4s4xBBBx", b"mft2", 4, 3, side) + bytes(36) + struct.pack(">HH", 2, 2) + bytes(28)


GOOD = lut_a_to_b(as_lab(nodes([2] * 4), legacy=False), a_curves=EVEN_A, b_curves=EVEN_B)


@pytest.mark.parametrize(
    ("icc", "reason"),
    [
        (b"a CMYK profile", "it is no ICC profile"),
        (b"", "it is no ICC profile"),
        (offset_press(5)[:-1], "it is cut off"),
        (profile({b"A2B1": GOOD}, space=b"RGB "), "it is not for CMYK colours"),
        (profile({b"A2B1": GOOD}, device=b"link"), "it describes no device"),
        (profile({b"A2B1": GOOD}, pcs=b"Luv "), "its connection space is neither Lab nor XYZ"),
        (profile({b"A2B2": GOOD}), "it has no table from ink to colour"),
        (profile({b"A2B1": b"mpet" + GOOD[4:]}), "its table is of an unknown type"),
        (profile({b"A2B1": GOOD[:40]}), "its table is cut off"),
        (profile({b"A2B1": GOOD[:9] + b"\4" + GOOD[10:]}), "its table is from 4 to 4 channels instead of 4 to 3"),
        (profile({b"A2B1": lying(9)}), "its table is cut off"),
        (profile({b"A2B1": lying(1)}), "its table is empty"),
        (profile({b"A2B1": lying(255)}), "its table is too large"),
        (profile({b"A2B1": lying(5)[:48] + bytes(99)}), "its curves are empty"),
        (profile({b"A2B1": GOOD.replace(b"curv", b"cvrv")}), "its curves are of an unknown type"),
        (
            profile({b"A2B1": lut_a_to_b(LAB, a_curves=[parametric(1, 1, 0, 1)] * 4, b_curves=EVEN_B)}),
            "its curves are damaged",
        ),
        (
            profile({b"A2B1": lut_a_to_b(LAB, a_curves=[parametric(5, 1)] * 4, b_curves=EVEN_B)}),
            "its curves are of an unknown type",
        ),
    ],
)
def test_a_profile_that_cannot_be_read_is_named(icc: bytes, reason: str) -> None:
    colours, note = cmyk_to_srgb(INKS[:4, :4], icc)
    assert note == f"The CMYK profile cannot be used: {reason}; the colours are converted by a plain formula."
    assert np.array_equal(colours, cmyk_to_srgb(INKS[:4, :4], None)[0])


def test_the_largest_table_is_read() -> None:
    side = int(MAX_NODES**0.25)
    table = np.zeros((side, side, side, side, 3))
    table[0, 0, 0, 0] = 1
    icc = profile({b"A2B1": lut_a_to_b(as_xyz(table), width=1)}, pcs=b"XYZ ")
    assert cmyk_to_srgb(INKS[:2, :2], icc)[1] is None


SMALL = {
    "mft1": profile({b"A2B0": lut8(as_lab(nodes([2] * 4), legacy=False), CURVED, EVEN256)}),
    "mft2": profile({b"A2B1": lut16(as_lab(nodes([2] * 4), legacy=True), CURVED[:, ::85], EVEN2)}),
    "mAB": profile(
        {
            b"A2B1": lut_a_to_b(
                as_lab(nodes([2, 3, 2, 2]), legacy=False),
                a_curves=[gamma(0.7), sampled([0, 0.2, 1]), parametric(4, 0.8, 1, 0, 0.5, 0.1, 0, 0), straight()],
                m_curves=[parametric(0, 2.0), parametric(1, 2, 1, 0), parametric(2, 2, 1, 0, 0)],
                matrix=fixed(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0),
                b_curves=[parametric(3, 1.2, 0.9, 0.1, 0.5, 0.1), straight(), gamma(1)],
            )
        }
    ),
}
# Where a profile says what it is and how its table lies, and where anything in it lies.
places = st.one_of(st.integers(0, 240), st.integers(0, 10**5))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.filterwarnings("error")
@given(
    flips=st.lists(st.tuples(places, st.one_of(st.integers(0, 255), st.just(255))), min_size=1, max_size=6),
    cut=st.one_of(st.none(), st.integers(0, 10**5)),
)
@settings(max_examples=600)
def test_a_damaged_profile_gives_colours(name: str, flips: list[tuple[int, int]], cut: int | None) -> None:
    icc = bytearray(SMALL[name])
    for place, value in flips:
        icc[place % len(icc)] = value
    damaged = bytes(icc) if cut is None else bytes(icc[: cut % len(icc)])
    colours, note = cmyk_to_srgb(INKS[:4, :8], damaged)
    assert colours.shape == (4, 8, 3) and colours.dtype == np.uint8
    assert note is None or note.endswith("the colours are converted by a plain formula.")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0, "quality": 95}])
def test_adobes_inverted_jpegs_come_with_0_for_no_ink(options: dict[str, Any]) -> None:
    cmyk = Image.fromarray(drawing(40, 30)).convert("CMYK")
    data = saved(cmyk, "JPEG", **options)
    assert b"Adobe" in data[:200]
    read = np.asarray(Image.open(BytesIO(data))).astype(int)
    assert np.abs(read - np.asarray(cmyk)).mean() < 12
