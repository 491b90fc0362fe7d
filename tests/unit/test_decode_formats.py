"""Which files decode takes for what, and what it says of those that it does not read."""

from __future__ import annotations

import re
import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, features

import senmei
from drawings import drawing, opened, saved
from mutations import heic, jpeg_xl
from senmei.codecs import decode, read_header
from senmei.codecs.signatures import READABLE, READABLE_ELSEWHERE, accepted_formats
from senmei.errors import SenmeiError, TooLarge, UnsupportedFormat
from senmei.geometry import Size
from senmei.picture import Picture
from written_png import png
from written_stills import tga
from written_tiff import RGB, tiff

PIXELS = drawing(37, 23)


def decoded(data: bytes) -> Picture:
    picture = decode(data)
    assert isinstance(picture, Picture)
    return picture


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"hello world, no picture", "no picture .*68 65 6c 6c 6f"),
        (b"BM means nothing by itself, as a text can begin so", "no picture"),
        (b"P6x this is not a header", "no picture"),
        (b"\0\0\1\0\0\0 an icon of no pictures", "no picture"),
        (b"<svg xmlns='x'/>", "an SVG drawing"),
        (b"<!DOCTYPE html><p>", "a web page"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (b"8BPS\0\1", "a Photoshop document"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"PF\n3 3\n-1.0\n", "floating-point"),
        (b"\0\0\0\x20ftypisom", "a video"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, sentence: str) -> None:
    for read in (decode, read_header):
        with pytest.raises(UnsupportedFormat, match=f"{sentence}.*{re.escape(accepted_formats())}"):
            read(data)


def test_the_list_of_formats_names_all_of_them() -> None:
    for name in (*READABLE, *READABLE_ELSEWHERE):
        assert name in accepted_formats()


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF", "ICO", "TGA", "PPM"])
def test_the_format_is_told_by_the_content(name: str) -> None:
    data = saved(
        Image.fromarray(PIXELS).resize((32, 32)), name.upper(), **({"sizes": [(32, 32)]} if name == "ICO" else {})
    )
    header = read_header(data)
    assert (header.format, header.size, header.depth, header.frames) == (name, Size(32, 32), 8, 1)


def test_a_tga_is_known_by_its_header_or_its_footer() -> None:
    plain = tga(PIXELS[:, :, ::-1], 2)
    assert read_header(plain).format == "TGA"
    # Bits of alpha that 24 bits do not have: only the footer makes that a TGA.
    strange = plain[:17] + bytes((plain[17] | 5,)) + plain[18:]
    with pytest.raises(UnsupportedFormat):
        read_header(strange)
    assert read_header(strange + bytes(8) + b"TRUEVISION-XFILE.\0").format == "TGA"


def test_random_bytes_are_hardly_ever_a_tga() -> None:
    random = np.random.default_rng(5)
    for _ in range(5000):
        with pytest.raises(UnsupportedFormat):
            read_header(random.bytes(40))


@pytest.mark.parametrize(
    ("data", "name", "size"),
    [
        (heic(4032, 3024), "HEIC", Size(4032, 3024)),
        (heic(4032, 3024, turned=True), "HEIC", Size(3024, 4032)),
        (heic(900, 100, brand=b"avif"), "AVIF", Size(900, 100)),
        (jpeg_xl(5000, 3333), "JPEG XL", Size(5000, 3333)),
        (jpeg_xl(5000, 3333, orientation=6), "JPEG XL", Size(3333, 5000)),
        (jpeg_xl(640, 480, boxed=True), "JPEG XL", Size(640, 480)),
        # Made with cjxl: sizes in eighths, and by a ratio.
        (bytes.fromhex("ff0a7f00") + bytes(20), "JPEG XL", Size(256, 256)),
    ],
)
def test_containers_tell_their_size(data: bytes, name: str, size: Size) -> None:
    if name == "AVIF" and features.check_module("avif"):
        pytest.skip("Pillow itself reads what it can decode")
    header = read_header(data)
    assert (header.format, header.size, header.depth) == (name, size, 8)
    with pytest.raises(UnsupportedFormat, match=f"{name} picture, which this build cannot decode"):
        decode(data)


@pytest.mark.skipif(not features.check_module("avif"), reason="this Pillow has no AVIF")
def test_the_size_in_an_avif_file_is_the_one_its_decoder_finds() -> None:
    from senmei.codecs.containers.isobmff import read_container

    for size in ((37, 23), (1, 1), (500, 3)):
        for alpha in (False, True):
            image = Image.fromarray(drawing(*size))
            if alpha:
                image.putalpha(120)
            header = read_container(saved(image, "AVIF"), "AVIF")
            assert (header.size, header.has_alpha) == (Size(*size), alpha)


@pytest.mark.parametrize("bits", ["float", "signed"])
def test_samples_that_are_no_plain_integers_are_refused(bits: str) -> None:
    samples = np.zeros((4, 4, 1), np.uint8)
    data = tiff(samples, 16, 1, tags={339: [3 if bits == "float" else 2]})
    with pytest.raises(UnsupportedFormat, match=f"{'floating-point' if bits == 'float' else 'signed'} samples"):
        decode(data)
    image = Image.fromarray(np.zeros((4, 4), np.float32))
    with pytest.raises(UnsupportedFormat, match="floating-point"):
        decode(saved(image, "TIFF"))


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({262: [8]}, r"CIE L\*a\*b\* colours"),
        ({262: [32803]}, "raw samples"),
        ({50706: [1]}, "DNG"),
        ({259: [34712]}, "compression JPEG 2000"),
        ({259: [32771]}, "compression CCITT RLE in words"),
        ({259: [4711]}, "compression of the unknown kind 4711"),
        ({258: [8, 8, 16]}, "8, 16 bits a sample"),
        ({258: [32, 32, 32]}, "32 bits a sample"),
    ],
)
def test_tiffs_of_rare_kinds_are_named(tags: dict[int, Any], sentence: str) -> None:
    data = tiff(PIXELS, 8, RGB, tags=tags)
    with pytest.raises(UnsupportedFormat, match=sentence) as caught:
        decode(data)
    assert "TIFF" in str(caught.value)


def test_of_several_pages_the_first_is_read_with_a_note() -> None:
    second = Image.fromarray(drawing(10, 12))
    data = saved(PIXELS, "TIFF", save_all=True, append_images=[second, second])
    picture = decoded(data)
    assert np.array_equal(picture.pixels, PIXELS)
    assert "The file has 3 pages; the first was read." in picture.notes
    assert read_header(data).frames == 1


def test_a_small_copy_before_the_picture_is_passed_over() -> None:
    frames = [Image.fromarray(drawing(10, 6)), Image.fromarray(PIXELS)]
    stream = BytesIO()
    frames[0].save(stream, "TIFF", save_all=True, append_images=frames[1:], tiffinfo={254: 1})
    data = bytearray(stream.getvalue())
    # Pillow writes the tag on every page; only the first is a copy.
    places = [match.start() for match in re.finditer(re.escape(struct.pack("<HHI", 254, 4, 1)), bytes(data))]
    if len(places) == 2:
        struct.pack_into("<I", data, places[1] + 8, 0)
    assert np.array_equal(decoded(bytes(data)).pixels, PIXELS)


def test_a_camera_jpeg_with_further_pictures_inside_is_a_still() -> None:
    further = Image.fromarray(drawing(18, 12, seed=3))
    data = saved(PIXELS, "MPO", save_all=True, append_images=[further], quality=95)
    with Image.open(BytesIO(data)) as image:
        assert data.startswith(b"\xff\xd8\xff") and image.n_frames == 2
    assert np.array_equal(decoded(data).pixels, opened(data))


def test_an_apng_of_one_frame_is_a_still() -> None:
    image = Image.fromarray(PIXELS)
    moving = saved(image, "PNG", save_all=True, append_images=[image.rotate(180)])
    start = moving.index(b"fcTL", moving.index(b"IDAT")) - 4
    control = moving.index(b"acTL") - 4
    from written_png import chunk

    one = chunk(b"acTL", struct.pack(">II", 1, 0))
    data = moving[:control] + one + moving[control + len(one) : start] + chunk(b"IEND")
    assert np.array_equal(decoded(data).pixels, PIXELS)
    assert read_header(data).frames == 1


def test_profile_resolution_and_notes_come_along() -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = decoded(saved(PIXELS, "JPEG", icc_profile=icc, dpi=(300, 200)))
    assert picture.metadata.icc == icc and picture.metadata.dpi == (300, 200) and picture.notes == ()
    turned = Image.Exif()
    turned[0x0112] = 6
    picture = decoded(saved(PIXELS, "JPEG", exif=turned, dpi=(300, 200)))
    assert picture.size == Size(23, 37) and picture.metadata.dpi == (200, 300)
    assert picture.metadata.exif is not None
    kept = Image.Exif()
    kept.load(picture.metadata.exif)
    assert kept[0x0112] == 1


def test_the_profile_of_cmyk_goes_with_its_inks() -> None:
    cmyk = Image.fromarray(PIXELS).convert("CMYK")
    for data in (saved(cmyk, "JPEG"), saved(cmyk, "TIFF", compression="tiff_lzw")):
        picture = decoded(data)
        assert picture.metadata.icc is None
        assert any("CMYK" in note for note in picture.notes)


@pytest.mark.parametrize("name", ["PNG", "WEBP", "GIF"])
def test_files_with_frames_become_animations(name: str) -> None:
    frames = [Image.fromarray(drawing(20, 10, seed=seed)) for seed in range(3)]
    if name == "GIF":
        frames = [frame.quantize(64) for frame in frames]
    durations = [100, 250, 40]
    data = saved(frames[0], name, save_all=True, append_images=frames[1:], duration=durations, loop=4, lossless=True)
    animation = decode(data)
    assert isinstance(animation, senmei.animation.Animation)
    assert read_header(data).frames == 3 and read_header(data).size == animation.size
    assert [frame.duration_ms for frame in animation.frames] == durations
    # What a GIF counts are the times after the first; Pillow writes the number as it is given.
    assert animation.loop_count == (5 if name == "GIF" else 4)
    for frame, drawn in zip(animation.frames, frames, strict=True):
        assert np.array_equal(frame.picture.pixels, np.asarray(drawn.convert("RGB")))
        assert frame.picture.alpha is None or frame.picture.alpha.min() == 255


@pytest.mark.parametrize("name", ["PNG", "GIF", "WEBP"])
def test_the_whole_frames_before_a_cut_are_an_animation(name: str) -> None:
    frames = [Image.fromarray(drawing(60, 40, seed=seed, noise=9)) for seed in range(4)]
    data = saved(frames[0], name, save_all=True, append_images=frames[1:], duration=50, lossless=True)
    whole, part = decode(data), decode(data[: int(len(data) * 0.6)])
    assert isinstance(whole, senmei.animation.Animation) and isinstance(part, senmei.animation.Animation)
    assert len(part.frames) == 2 and part.notes and "2 " in part.notes[0]
    for one, other in zip(part.frames, whole.frames, strict=False):
        assert np.array_equal(one.picture.pixels, other.picture.pixels)


def test_animations_larger_than_any_are_refused_before_a_frame_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("senmei.codecs.animation_reading.MAX_ANIMATION_BYTES", 5 * 20 * 10 * 3 - 1)
    frames = [Image.fromarray(drawing(20, 10, seed=seed)).quantize(64) for seed in range(5)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    with pytest.raises(TooLarge, match="5 frames of 20 × 10 pixels"):
        decode(data)
    monkeypatch.undo()
    assert len(decode(data).frames) == 5


def test_want_of_memory_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(np, "zeros", exhausted)
    with pytest.raises(TooLarge, match="This PNG picture of 37 × 23 pixels does not fit in memory"):
        decode(png(PIXELS, 8, 2))


def test_errors_are_of_one_tree() -> None:
    for data in (b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"II*\0\x08\0\0\0", b"P6\n", b"\xff\xd8\xff\xe0"):
        with pytest.raises(SenmeiError):
            decode(data)
