"""web/senmei.js: formats that only the browser can decode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from browser.api_page import pixels, upscale
from browser.watched import farthest, to_base64
from drawings import drawing, opened, saved

# 1× with strength 0: what was decoded comes out as it is.
AS_IT_IS: dict[str, Any] = {"scale": 1, "strength": 0}


def avif(pixels_in: NDArray[Any], **options: Any) -> bytes:
    return saved(pixels_in, "AVIF", quality=100, subsampling="4:4:4", **options)


def test_avif_is_decoded_by_the_browser_with_a_note(api: Page) -> None:
    data = avif(drawing(60, 44))
    result = upscale(api, data, **AS_IT_IS)
    assert farthest(pixels(result), opened(data)) <= 2
    assert len(result["notes"]) == 1 and "browser decoded this AVIF" in result["notes"][0]
    # Through a network like every other picture.
    assert pixels(upscale(api, data)).shape == (88, 120, 3)


def test_halved_colour_is_spread_as_by_other_decoders(api: Page) -> None:
    data = saved(drawing(60, 44), "AVIF", quality=90)
    assert farthest(pixels(upscale(api, data, **AS_IT_IS)), opened(data)) <= 3


def test_avif_keeps_colour_under_thin_alpha(api: Page) -> None:
    alpha = np.tile(np.linspace(0, 255, 60).astype(np.uint8), (44, 1))
    data = avif(np.dstack((drawing(60, 44), alpha)))
    made, oracle = pixels(upscale(api, data, **AS_IT_IS)).astype(int), opened(data).astype(int)
    # Chromium 156 reads the alpha of this encoder as if it had the video range: up to 20 levels off.
    assert np.abs(made[:, :, 3] - oracle[:, :, 3]).max() <= 20
    visible = oracle[:, :, 3] > 24
    assert np.abs(made - oracle)[visible][:, :3].max() <= 2
    clear = np.where(np.indices((44, 60)).sum(axis=0) % 11 < 5, 255, 0).astype(np.uint8)
    data = avif(np.dstack((drawing(60, 44), clear)))
    made = pixels(upscale(api, data, **AS_IT_IS))
    assert farthest(made[:, :, 3], clear) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_turned_as_its_container_says(api: Page, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = drawing(60, 44)
    # Pillow writes the orientation as irot and imir too, which is what a viewer turns by.
    data = avif(upright, exif=exif)
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[:, ::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: upright.transpose(1, 0, 2)[::-1],
    }[orientation]
    assert farthest(pixels(upscale(api, data, **AS_IT_IS)), turned) <= 4


def test_a_format_that_the_browser_cannot_decode_gets_a_sentence(api: Page) -> None:
    data = avif(drawing(60, 44))
    for old, new in ((b"avif", b"heic"), (b"MA1A", b"heix"), (b"av01", b"hvc1"), (b"av1C", b"hvcC")):
        data = data.replace(old, new)
    planned = api.evaluate(
        "(data) => outcome(up.plan(bytes(data)).then((plan) => ({ blob: new Blob(), ...plan })))", to_base64(data)
    )
    assert (planned["format"], planned["width"], planned["height"]) == ("HEIC", 60, 44)
    result = upscale(api, data)
    assert result["code"] == "unsupported-format"
    assert "HEIC, which this browser cannot decode" in result["message"] and "PNG or JPEG" in result["message"]
