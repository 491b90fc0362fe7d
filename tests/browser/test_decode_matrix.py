"""The files of tests/decode_matrix.py in the site's own Pyodide: what comes out is what CPython makes of them.

Pyodide's Pillow is another version on other libraries (libjpeg 9, libtiff 4.4, libwebp 1.2), and its numpy is compiled
to WebAssembly; what may differ for that stands at the cases, and everything else is equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser

import strict_png
import strict_tiff
from browser import told_pictures
from browser.pyodide_page import asked, open_pyodide
from browser.told_pictures import METADATA, Arrays, packed, unpacked
from browser.watched import farthest, known_page
from cmyk_profiles import offset_press
from decode_matrix import WHOLE_CHROMA, Case, levels, matrix
from drawings import drawing, opened, saved
from library_tiffs import CODECS, compressed, ycbcr
from senmei.codecs import EncodeOptions, decode, encode
from senmei.codecs.signatures import accepted_formats
from senmei.picture import Picture

CASES = matrix()
FILES = {case.name: case.data for case in CASES}
WIDTH, HEIGHT = 61, 47

PICTURES: dict[str, Picture] = {
    "gray": Picture(levels(8, 1)),
    "RGB": Picture(drawing(WIDTH, HEIGHT, noise=2)),
    "RGB and alpha": Picture(levels(8, 3), levels(8, 4)[:, :, 3]),
    "deep gray": Picture(levels(16, 1)),
    "deep RGB and alpha": Picture(levels(16, 3), levels(16, 4)[:, :, 3]),
}


def _further() -> dict[str, bytes]:
    """What the matrix has not: files with all metadata, CMYK with a profile, animations, YCbCr in TIFF."""
    files = {}
    for name in ("png", "jpeg", "webp", "tiff"):
        options: dict[str, Any] = {"lossless": True} if name == "webp" else {}
        picture = Picture(PICTURES["RGB"].pixels, None, METADATA)
        files[f"{name} with metadata"] = encode(picture, EncodeOptions(format=name, **options))
    inks = Image.fromarray(drawing(WIDTH, HEIGHT)).convert("CMYK")
    files["CMYK with a profile"] = saved(inks, "TIFF", icc_profile=offset_press())
    frames = [Image.fromarray(drawing(40, 30, seed=seed)) for seed in range(3)]
    moving: dict[str, Any] = {"save_all": True, "duration": [100, 250, 40], "loop": 4}
    for name in ("PNG", "WEBP"):
        files[f"{name} animation"] = saved(frames[0], name, append_images=frames[1:], lossless=True, **moving)
    few = [frame.quantize(64) for frame in frames]
    files["GIF animation"] = saved(few[0], "GIF", append_images=few[1:], **moving)
    for cell in ((1, 1), (2, 1), (2, 2)):
        files[f"TIFF of YCbCr, chroma of {cell}"] = ycbcr(*cell)[0]
    return files


FURTHER = _further()
TOLERANCES = {case.name: case.tolerance for case in CASES} | {"jpeg with metadata": WHOLE_CHROMA}
LACKING = {name: compressed(name)[0] for name in CODECS}
"""Sound TIFF files of the compressions that Pyodide's libtiff is built without."""

WRITTEN: dict[str, dict[str, Any]] = {
    "PNG": {"format": "png"},
    "TIFF": {"format": "tiff"},
    "PNG of 8 bits": {"format": "png", "depth": 8},
    "TIFF of 16 bits": {"format": "tiff", "depth": 16},
    "lossless WebP": {"format": "webp", "lossless": True},
    "JPEG": {"format": "jpeg"},
    "JPEG with halved chroma": {"format": "jpeg", "subsampling": "4:2:0"},
    "WebP": {"format": "webp"},
}
LEAST_DB = {"JPEG": 33, "JPEG with halved chroma": 25, "WebP": 21}
"""Likeness to the picture (PSNR), measured at the default qualities: the pictures are small and full of grain, and WebP
halves their chroma and does not keep what lies under alpha."""


@dataclass(frozen=True)
class Answers:
    """What one Python told of all files and made of all pictures."""

    facts: dict[str, dict[str, Any]]
    arrays: Arrays
    notes: dict[str, list[str]]
    made: Arrays

    @classmethod
    def of(cls, ask: Callable[[str, Any, Arrays], tuple[Any, Arrays]]) -> Answers:
        files = {name: np.frombuffer(data, np.uint8) for name, data in (FILES | FURTHER | LACKING).items()}
        pictures = {f"pixels of {name}": picture.pixels for name, picture in PICTURES.items()}
        pictures |= {f"alpha of {name}": one.alpha for name, one in PICTURES.items() if one.alpha is not None}
        wanted = [(f"{source} as {title}", source, WRITTEN[title]) for title in WRITTEN for source in PICTURES]
        return cls(*ask("decode_all", list(files), files), *ask("encode_all", wanted, pictures))


@pytest.fixture(scope="module")
def there(chromium: Browser, origin: str) -> Answers:
    with known_page(chromium, origin) as (page, watch):
        open_pyodide(page, origin)
        answers = Answers.of(lambda name, facts, arrays: asked(page, name, facts, arrays))
    # libtiff says itself what it lacks.
    assert [said for said in watch.complaints if not re.search("tempfile.tif|support is not configured", said)] == []
    return answers


@pytest.fixture(scope="module")
def here() -> Answers:
    return Answers.of(lambda name, facts, arrays: unpacked(getattr(told_pictures, name)(packed(facts, arrays))))


def difference(there: Answers, here: Answers, name: str) -> str:
    """What a file is in Pyodide and is not in CPython; empty if it is read and both are equal."""
    if "error" in there.facts[name] or there.facts[name] != here.facts[name]:
        return f"{name}: {there.facts[name]} instead of {here.facts[name]}"
    for plane in (f"pixels of {name}", f"alpha of {name}"):
        one, other = there.arrays.get(plane), here.arrays.get(plane)
        kinds = [None if samples is None else (samples.dtype, samples.shape) for samples in (one, other)]
        if kinds[0] != kinds[1]:
            return f"{plane}: {kinds[0]} instead of {kinds[1]}"
        if one is not None and other is not None and (levels := farthest(one, other)) > TOLERANCES.get(name, 0):
            return f"{plane}: off by {levels}"
    return ""


@pytest.mark.parametrize("name", dict.fromkeys(case.format for case in CASES if not case.needs))
def test_decoded_as_in_cpython(there: Answers, here: Answers, name: str) -> None:
    names = [case.name for case in CASES if case.format == name and not case.needs]
    wrong = [said for one in names if (said := difference(there, here, one))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", FURTHER)
def test_metadata_profiles_and_frames_are_as_in_cpython(there: Answers, here: Answers, name: str) -> None:
    assert difference(there, here, name) == ""


@pytest.mark.parametrize("name", ["JPEG: chroma 4:2:2", "JPEG: chroma 4:2:0"])
def test_of_halved_chroma_the_lightness_is_as_in_cpython(there: Answers, here: Answers, name: str) -> None:
    one, other = (answers.arrays[f"pixels of {name}"] for answers in (there, here))
    # Where a colour is clipped, its lightness goes with it.
    inside = ((np.minimum(one, other) > 0) & (np.maximum(one, other) < 255)).all(axis=2)
    assert inside.mean() > 0.5
    lightness = (one.astype(float) - other) @ (0.299, 0.587, 0.114)
    assert np.abs(lightness[inside]).max() <= 1


@pytest.mark.parametrize("name", LACKING)
def test_a_compression_that_pyodides_libtiff_lacks_is_named(there: Answers, name: str) -> None:
    sentence = f"This TIFF file has the compression {name}, which this build cannot decode."
    assert there.facts[name] == {"error": "unsupported-format", "sentence": sentence}


@pytest.mark.parametrize("case", [case for case in CASES if case.needs], ids=lambda case: case.name)
def test_what_pyodides_pillow_lacks_is_refused_by_its_name(there: Answers, case: Case) -> None:
    sentence = {
        "avif": f"This is an AVIF picture, which this build cannot decode; {accepted_formats()}.",
        "jpeg in tiff": "This TIFF file has the compression JPEG, which this build cannot decode.",
    }[case.needs]
    assert there.facts[case.name] == {"error": "unsupported-format", "sentence": sentence}


def samples(picture: Picture, depth: int) -> NDArray[Any]:
    """(H, W, samples a pixel) of 8 or 16 bits."""
    stacked = np.dstack([picture.pixels] if picture.alpha is None else [picture.pixels, picture.alpha])
    if stacked.dtype == np.uint8:
        return stacked.astype(np.uint16) * 257 if depth == 16 else stacked
    return np.rint(stacked / 257).astype(np.uint8) if depth == 8 else stacked


@pytest.mark.parametrize("source", PICTURES)
@pytest.mark.parametrize("title", [title for title in WRITTEN if title not in LEAST_DB])
def test_lossless_files_hold_every_sample(there: Answers, source: str, title: str) -> None:
    data = there.made[f"{source} as {title}"].tobytes()
    picture, options = PICTURES[source], WRITTEN[title]
    is_webp = options["format"] == "webp"
    depth = 8 if is_webp else options.get("depth", 8 * picture.pixels.dtype.itemsize)
    expected = samples(picture, depth)
    if is_webp and picture.is_gray:
        expected = np.repeat(expected, 3, axis=2)
    elif not is_webp:
        read = strict_png.read_strictly if options["format"] == "png" else strict_tiff.read_strictly
        strict: NDArray[Any] = read(data).samples
        assert strict.dtype == expected.dtype and np.array_equal(strict, expected)
    if depth == 16 and not picture.is_gray:
        # Pillow reads colour with 8 bits only, the upper ones.
        expected = (expected >> 8).astype(np.uint8)
    shown = opened(data).reshape(expected.shape)
    assert shown.dtype == expected.dtype and np.array_equal(shown, expected)


@pytest.mark.parametrize("source", PICTURES)
@pytest.mark.parametrize("title", LEAST_DB)
def test_lossy_files_are_as_like_as_those_of_cpython(there: Answers, here: Answers, source: str, title: str) -> None:
    expected = samples(PICTURES[source], 8).astype(float)
    if PICTURES[source].alpha is not None and title != "WebP":
        opacity = expected[:, :, -1:] / 255
        expected = expected[:, :, :-1] * opacity + 255 * (1 - opacity)
    likeness = []
    for answers in (there, here):
        data = answers.made[f"{source} as {title}"].tobytes()
        shown = opened(data).astype(float)
        shown = shown.reshape(*shown.shape[:2], -1)
        likeness.append(10 * np.log10(255**2 / np.mean((shown - expected) ** 2)))
    # libjpeg 9 halves chroma a little better than libjpeg-turbo; the rest is the same.
    assert likeness[0] >= LEAST_DB[title] and likeness[0] >= likeness[1] - 0.05


@pytest.mark.parametrize("title", WRITTEN)
def test_what_files_tell_is_what_those_of_cpython_tell(there: Answers, here: Answers, title: str) -> None:
    for name in (f"{source} as {title}" for source in PICTURES):
        assert there.notes[name] == here.notes[name]
        one, other = (decode(answers.made[name].tobytes()) for answers in (there, here))
        assert isinstance(one, Picture) and isinstance(other, Picture)
        assert one.metadata == other.metadata and one.metadata.exif and one.metadata.xmp
        assert (one.pixels.dtype, one.size, one.notes) == (other.pixels.dtype, other.size, other.notes)
