"""TIFF files that only Pillow's libtiff reads: YCbCr, and compressions that it may be built without."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from library_tiffs import CODECS, compressed, is_written_by_pillow, ycbcr
from senmei.codecs import decode
from senmei.errors import CorruptImage, UnsupportedFormat
from senmei.picture import Picture


@pytest.mark.parametrize("name", CODECS)
def test_a_compression_is_read_or_named_as_one_that_this_build_lacks(name: str) -> None:
    data, pixels = compressed(name)
    if is_written_by_pillow(name):
        picture = decode(data)
        assert isinstance(picture, Picture)
        assert np.abs(picture.pixels.astype(int) - pixels).max() <= (2 if "JPEG" in name else 0)
    else:
        with pytest.raises(UnsupportedFormat, match=f"compression {name}, which this build cannot decode"):
            decode(data)


@pytest.mark.parametrize("name", CODECS)
def test_damage_is_not_taken_for_a_lack(name: str) -> None:
    if not is_written_by_pillow(name):
        pytest.skip(f"this Pillow's libtiff has no {name}")
    data, _ = compressed(name)
    with Image.open(BytesIO(data)) as image:
        start = image.tag_v2[273][0]
    with pytest.raises(CorruptImage, match=f"compression {name}: "):
        decode(data[:start] + bytes(len(data) - start))


@pytest.mark.parametrize("cell", [(1, 1), (2, 1), (2, 2), (4, 1)])
def test_uncompressed_ycbcr_is_read_with_any_cells_of_chroma(cell: tuple[int, int]) -> None:
    data, pixels = ycbcr(*cell)
    picture = decode(data)
    assert isinstance(picture, Picture)
    # libtiff rounds otherwise than Pillow.
    assert np.abs(picture.pixels.astype(int) - pixels).max() <= 1
    assert TiffImagePlugin.READ_LIBTIFF is False
