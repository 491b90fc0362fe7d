"""Every case of tests/decode_matrix.py comes out of `decode` as it must, and `read_header` foretells it."""

from __future__ import annotations

import numpy as np
import pytest

from decode_matrix import Case, matrix
from senmei.codecs import decode, read_header
from senmei.picture import Picture

CASES = matrix()


def test_every_format_has_its_cases() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 120
    assert {case.format for case in CASES} >= {"PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF", "ICO", "TGA", "PPM"}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_decoded(case: Case) -> None:
    picture = decode(case.data)
    assert isinstance(picture, Picture)
    assert picture.pixels.shape == case.pixels.shape and picture.pixels.dtype == case.pixels.dtype
    assert np.array_equal(picture.pixels, case.pixels)
    assert (picture.alpha is None) == (case.alpha is None)
    if picture.alpha is not None:
        assert np.array_equal(picture.alpha, case.alpha)
    assert picture.pixels.flags.c_contiguous
    header = read_header(case.data)
    channels = picture.pixels.shape[2] + (picture.alpha is not None)
    assert (header.format, header.size, header.frames) == (case.format, picture.size, 1)
    assert (header.depth, header.channels) == (8 * picture.pixels.dtype.itemsize, channels)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_sound_file_is_read_the_same_when_a_part_would_do(case: Case) -> None:
    picture, part = decode(case.data), decode(case.data, partial=True)
    assert isinstance(picture, Picture) and isinstance(part, Picture)
    assert np.array_equal(picture.pixels, part.pixels) and picture.notes == part.notes
