"""Written GIFs show what they were given: pixels, transparency, stillness, palettes."""

import shutil
import subprocess
import tracemalloc
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from animation_drawings import ANIMATIONS, few, photo, sky, sprite, walk
from drawings import drawing
from gif_player import Played, play
from senmei.codecs.gif.writing import GifEncoder
from senmei.errors import InvalidOption, TooLarge
from senmei.geometry import Size
from senmei.picture import NO_METADATA, Picture

DITHERS = ("none", "ordered", "diffused")
PALETTES = ("auto", "global", "local")


def opened(first: Picture, **options: Any) -> GifEncoder:
    known = {"channels": first.pixels.shape[2], "has_alpha": first.alpha is not None, "loop_count": 0}
    return GifEncoder(first.size, **(known | {"metadata": NO_METADATA} | options))


def written(pictures: list[Picture], **options: Any) -> bytes:
    encoder = opened(pictures[0], **options)
    data = b"".join(encoder.add(picture, 50) for picture in pictures)
    last, patches = encoder.finish()
    assert patches == ()
    return data + last


def as_shown(picture: Picture) -> NDArray[np.uint8]:
    """(H, W, 4): what a file without loss shows; transparent pixels are all 0."""
    rgb = np.repeat(picture.pixels, 3, axis=2) if picture.is_gray else picture.pixels
    alpha = np.full(rgb.shape[:2], 255, np.uint8) if picture.alpha is None else picture.alpha
    shown = np.dstack((rgb, np.where(alpha < 128, 0, 255).astype(np.uint8)))
    shown[alpha < 128] = 0
    return shown


def assert_shows(played: Played, pictures: list[Picture]) -> None:
    assert len(played.frames) == len(pictures)
    for frame, picture in zip(played.frames, pictures, strict=True):
        np.testing.assert_array_equal(frame, as_shown(picture))


@st.composite
def sequences(draw: st.DrawFn, *, most_colours: int = 12) -> list[Picture]:
    """Small pictures, each made from the one before by rectangles of one colour, of noise, or of nothing."""
    width, height = draw(st.integers(1, 17)), draw(st.integers(1, 13))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    has_alpha = draw(st.booleans())
    colours = rng.integers(0, 256, (draw(st.integers(1, most_colours)), 3)).astype(np.uint8)
    pixels = colours[rng.integers(0, len(colours), (height, width))]
    alpha = rng.choice([0, 90, 128, 255], (height, width)).astype(np.uint8)
    pictures = []
    for _ in range(draw(st.integers(1, 7))):
        pictures.append(Picture(pixels.copy(), alpha.copy() if has_alpha else None))
        for _ in range(draw(st.integers(0, 3))):
            x, y = rng.integers(0, width), rng.integers(0, height)
            part = slice(y, y + rng.integers(1, height + 1)), slice(x, x + rng.integers(1, width + 1))
            shape = pixels[part].shape[:2]
            pixels[part] = colours[rng.integers(0, len(colours), shape if rng.random() < 0.5 else ())]
            alpha[part] = rng.choice([0, 60, 200, 255], shape if rng.random() < 0.3 else ())
    return pictures


@settings(deadline=None, max_examples=150)
@given(sequences(), st.sampled_from(DITHERS), st.sampled_from(PALETTES), st.booleans())
def test_few_colours_are_shown_without_loss(pictures: list[Picture], dither: str, palette: str, knows: bool) -> None:
    # A global palette alone needs to know the pictures.
    samples = pictures if knows or palette == "global" else ()
    assert_shows(play(written(pictures, dither=dither, palette=palette, samples=samples)), pictures)


@settings(deadline=None, max_examples=40)
@given(sequences(most_colours=200), st.sampled_from(["auto", "local"]), st.booleans())
def test_own_palettes_keep_all_colours_of_a_frame(pictures: list[Picture], palette: str, knows: bool) -> None:
    samples = pictures if knows else ()
    assert_shows(play(written(pictures, palette=palette, samples=samples)), pictures)


@settings(deadline=None, max_examples=60)
@given(sequences(most_colours=60), st.integers(2, 16), st.sampled_from(DITHERS), st.sampled_from(PALETTES))
def test_small_palettes_keep_shape_and_stillness(
    pictures: list[Picture], colours: int, dither: str, palette: str
) -> None:
    played = play(written(pictures, dither=dither, palette=palette, colours=colours))
    for frame, picture in zip(played.frames, pictures, strict=True):
        np.testing.assert_array_equal(frame[:, :, 3], as_shown(picture)[:, :, 3])
        assert len(np.unique(frame.reshape(-1, 4), axis=0)) <= 256
    assert_still_parts_stay(played, pictures)


def assert_still_parts_stay(played: Played, pictures: list[Picture]) -> None:
    for (one, other), (before, now) in zip(pairwise(map(as_shown, pictures)), pairwise(played.frames), strict=True):
        is_still = (one == other).all(axis=2)
        np.testing.assert_array_equal(before[is_still], now[is_still])


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("dither", DITHERS)
@pytest.mark.parametrize("make", [walk, photo, sprite])
def test_still_parts_do_not_flicker(make: Any, dither: str, palette: str) -> None:
    pictures = list(make(96, 60, 6))
    for index, picture in enumerate(pictures):
        # Half of it never changes, whatever moves in the rest.
        picture.pixels[:, 48:] = pictures[0].pixels[:, 48:]
        if index % 2 and picture.alpha is not None:
            picture.alpha[20:40, 10:30] = 255
    played = play(written(pictures, dither=dither, palette=palette, samples=pictures[::3]))
    assert_still_parts_stay(played, pictures)


@pytest.mark.parametrize("dither", DITHERS)
@pytest.mark.parametrize(("name", "least"), [("walk", 38), ("sky", 38), ("photo", 28)])
def test_many_colours_stay_close(name: str, least: float, dither: str) -> None:
    pictures = list(ANIMATIONS[name](120, 80, 4))
    played = play(written(pictures, dither=dither, samples=pictures[::2]))
    for frame, picture in zip(played.frames, pictures, strict=True):
        error = ((frame[:, :, :3].astype(float) - picture.pixels) ** 2).mean()
        assert 10 * np.log10(255**2 / error) > least


def test_256_colours_fill_a_still() -> None:
    rng = np.random.default_rng(4)
    colours = rng.integers(0, 256, (256, 3)).astype(np.uint8)
    pixels = colours[rng.permutation(np.arange(32 * 20) % 256)].reshape(20, 32, 3)
    assert_shows(play(written([Picture(pixels)])), [Picture(pixels)])


@pytest.mark.parametrize("palette", PALETTES)
def test_256_colours_in_every_frame(palette: str) -> None:
    colours = np.random.default_rng(4).integers(0, 256, (256, 3)).astype(np.uint8)
    pictures = [Picture(np.roll(colours.reshape(16, 16, 3), shift, axis=1)) for shift in (0, 1, 5, 5)]
    assert_shows(play(written(pictures, palette=palette)), pictures)


def test_every_gray_level() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (3, 1))[:, :, np.newaxis]
    pictures = [Picture(ramp), Picture(ramp[:, ::-1].copy())]
    assert_shows(play(written(pictures)), pictures)


def test_16_bits_are_rounded_with_a_note() -> None:
    deep = (np.arange(30, dtype=np.uint16) * 2000).reshape(5, 6, 1)
    encoder = opened(Picture(deep), depth=16)
    data = encoder.add(Picture(deep), 0) + encoder.finish()[0]
    expected = ((deep.astype(int) + 128) // 257).astype(np.uint8)
    assert_shows(play(data), [Picture(expected)])
    assert any("16 were rounded" in note for note in encoder.notes)


def test_notes_tell_what_was_lost() -> None:
    pictures = [*sprite(60, 40, 3), Picture(drawing(60, 40, noise=20), np.full((40, 60), 255, np.uint8))]
    encoder = opened(pictures[0])
    for picture in pictures:
        encoder.add(picture, 40)
    encoder.finish()
    assert any("3 frames" in note and "transparent" in note for note in encoder.notes)
    assert any("256 colours" in note for note in encoder.notes)
    picture = next(few(60, 40, 1))
    plain = opened(picture)
    plain.add(picture, 40)
    plain.finish()
    assert plain.notes == ()


def test_only_what_changes_is_stored() -> None:
    still = drawing(80, 60)
    moved = still.copy()
    moved[10:20, 30:45] = (1, 2, 3)
    played = play(written([Picture(still), Picture(moved), Picture(moved)]))
    assert played.regions[0] == (0, 0, 80, 60)
    left, top, width, height = played.regions[1]
    assert left >= 30
    assert top >= 10
    assert left + width <= 45
    assert top + height <= 20
    assert played.regions[2] == (0, 0, 1, 1)


def test_auto_is_not_larger_than_own_palettes() -> None:
    pictures = list(sky(120, 80, 6))
    sizes = {palette: len(written(pictures, palette=palette, samples=pictures)) for palette in PALETTES}
    assert sizes["auto"] <= sizes["local"]


@pytest.mark.parametrize("dither", DITHERS)
def test_stopped_early_it_plays(dither: str) -> None:
    pictures = list(walk(60, 40, 8))
    encoder = opened(pictures[0], dither=dither)
    data = b"".join(encoder.add(picture, 50) for picture in pictures[:3]) + encoder.finish()[0]
    assert data == written(pictures[:3], dither=dither)
    assert len(play(data).frames) == 3


def test_the_head_comes_at_once() -> None:
    picture = next(walk(60, 40, 1))
    assert opened(picture).add(picture, 50)[:6] == b"GIF89a"


def test_same_input_same_bytes() -> None:
    pictures = list(photo(60, 40, 3))
    assert written(pictures) == written(pictures)


def test_sides_and_options_have_limits() -> None:
    with pytest.raises(TooLarge, match=r"65,535.*APNG.*WebP"):
        GifEncoder(Size(65_536, 1), channels=3, has_alpha=False, loop_count=0, metadata=NO_METADATA)
    line = Picture(np.zeros((1, 65_535, 3), np.uint8))
    assert_shows(play(written([line])), [line])
    for colours in (1, 257):
        with pytest.raises(InvalidOption, match="2 to 256"):
            opened(line, colours=colours)


def test_misuse_is_refused() -> None:
    picture = Picture(np.zeros((4, 5, 3), np.uint8))
    with pytest.raises(ValueError, match="at least one frame"):
        opened(picture).finish()
    for other in (
        Picture(np.zeros((5, 4, 3), np.uint8)),
        Picture(np.zeros((4, 5, 1), np.uint8)),
        Picture(np.zeros((4, 5, 3), np.uint16)),
        Picture(np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.uint8)),
    ):
        with pytest.raises(ValueError, match="frames"):
            opened(picture).add(other, 10)


def test_memory_does_not_grow_with_the_frames() -> None:
    def peak(count: int) -> int:
        encoder = opened(next(photo(160, 90, 1)))
        frames = list(photo(160, 90, 6)) * (count // 6)
        tracemalloc.start()
        for frame in frames:
            encoder.add(frame, 40)
        encoder.finish()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(36) < 1.05 * peak(12)


@pytest.mark.parametrize("make", [walk, sprite, few])
def test_other_decoders_agree(make: Any) -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    pictures = list(make(50, 40, 6))
    data = written(pictures, samples=pictures)
    command = ["ffmpeg", "-v", "error", "-f", "gif", "-i", "-", "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    raw = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 40, 50, 4)
    expected = play(data).frames
    assert len(frames) == len(expected)
    for frame, other in zip(frames, expected, strict=True):
        is_opaque = other[:, :, 3] == 255
        np.testing.assert_array_equal(frame[:, :, 3] == 255, is_opaque)
        np.testing.assert_array_equal(frame[is_opaque], other[is_opaque])


def test_giflib_and_gifsicle_read_the_structure() -> None:
    tools = {"giftext": ["giftext"], "gifsicle": ["gifsicle", "--info", "--no-ignore-errors"]}
    present = {name: command for name, command in tools.items() if shutil.which(name)}
    if not present:
        pytest.skip("neither giftext nor gifsicle is installed")
    data = written(list(sprite(50, 40, 6)), loop_count=3)
    for command in present.values():
        run = subprocess.run(command, input=data, capture_output=True, check=True)
        assert not run.stderr
