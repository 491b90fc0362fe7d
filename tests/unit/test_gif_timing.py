"""Times, loops and metadata of written GIFs."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import senmei
from drawings import drawing
from gif_player import Played, play
from senmei.codecs.gif.metadata import metadata_in_gif
from senmei.codecs.gif.timing import Delays
from senmei.codecs.gif.writing import GifEncoder
from senmei.geometry import Size
from senmei.picture import NO_METADATA, Metadata, Picture

FLAT = [Picture(np.full((2, 3, 3), level, np.uint8)) for level in (0, 90, 200)]


def written(
    durations: list[float], *, pictures: list[Picture] = FLAT, loop_count: int = 0, **options: Any
) -> tuple[bytes, tuple[str, ...]]:
    metadata = options.pop("metadata", NO_METADATA)
    encoder = GifEncoder(Size(3, 2), channels=3, has_alpha=False, loop_count=loop_count, metadata=metadata, **options)
    parts = [encoder.add(pictures[at % len(pictures)], duration) for at, duration in enumerate(durations)]
    return b"".join(parts) + encoder.finish()[0], encoder.notes


def played(durations: list[float], **options: Any) -> Played:
    return play(written(durations, **options)[0])


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=60))
def test_every_frame_ends_within_5_ms_of_its_time(durations: list[float]) -> None:
    delays = Delays("file")
    total = 0
    for index, duration in enumerate(durations):
        delay = delays.next(delays.meant(duration))
        assert delay >= 0
        total += delay
        assert abs(10 * total - math.fsum(durations[: index + 1])) <= 5.001
    is_exact = all(duration % 10 == 0 for duration in durations)
    assert not any("rounded" in note for note in delays.notes) or not is_exact


def test_hundredths_are_exact_without_a_note() -> None:
    data, notes = written([20, 0, 100, 70])
    assert play(data).delays == [2, 0, 10, 7]
    assert not any("rounded" in note for note in notes)


def test_thirds_are_carried_with_a_note() -> None:
    data, notes = written([100 / 3] * 9)
    assert sum(play(data).delays) == 30
    assert set(play(data).delays) == {3, 4}
    assert any("9 frames were rounded" in note for note in notes)


def test_short_delays_as_browsers_show_them() -> None:
    durations = [0, 10, 19.9, 20, 50]
    assert played(durations, short_delays="browser").delays == [10, 10, 10, 2, 5]
    assert played(durations).delays[:2] == [0, 1]
    assert any("browsers show 100 ms instead" in note for note in written(durations)[1])


def test_long_frames_become_several() -> None:
    made = played([50, 2_000_000, 50])
    assert made.delays == [5, 65_535, 65_535, 65_535, 200_000 - 3 * 65_535, 5]
    for frame in made.frames[2:5]:
        np.testing.assert_array_equal(frame, made.frames[1])


def test_long_frames_are_cleared_at_their_end() -> None:
    pixels = drawing(3, 2)
    solid, hole = np.full((2, 3), 255, np.uint8), np.array([[255, 0, 255], [255, 255, 255]], np.uint8)
    encoder = GifEncoder(Size(3, 2), channels=3, has_alpha=True, loop_count=1, metadata=NO_METADATA)
    parts = [encoder.add(Picture(pixels, alpha), 700_000) for alpha in (solid, hole, solid, hole)]
    made = play(b"".join(parts) + encoder.finish()[0])
    assert [frame[0, 1, 3] for frame in made.frames] == [255, 255, 0, 0, 255, 255, 0, 0]
    assert all((frame[1] == made.frames[0][1]).all() for frame in made.frames)


@pytest.mark.parametrize("duration", [-1, math.nan, math.inf])
def test_what_is_no_duration_is_refused(duration: float) -> None:
    with pytest.raises(ValueError, match="0 ms or more"):
        written([duration])


@pytest.mark.parametrize(("plays", "repeats"), [(0, 0), (1, None), (2, 1), (65_536, 65_535)])
def test_loops(plays: int, repeats: int | None) -> None:
    data, notes = written([50, 50], loop_count=plays)
    assert play(data).repeats == repeats
    assert notes == ()


def test_more_loops_than_fit() -> None:
    data, notes = written([50], loop_count=100_000)
    assert play(data).repeats == 65_535
    assert any("65,536 plays" in note for note in notes)


def test_equal_frames_merge_only_when_asked() -> None:
    pictures = [FLAT[0], FLAT[0], FLAT[1], FLAT[1], FLAT[1], FLAT[0]]
    assert played([30] * 6, pictures=pictures).delays == [3] * 6
    assert played([30] * 6, pictures=pictures, merge=True).delays == [6, 9, 3]
    merged = played([10] * 6, pictures=pictures, merge=True, short_delays="browser")
    assert merged.delays == [20, 30, 10]


def test_metadata_is_read_back() -> None:
    icc = bytes(range(256)) * 5
    xmp = "<x:xmpmeta>é".encode() * 40
    texts = (("Comment", "first, 鮮明 " * 40), ("Comment", "second"))
    data, notes = written([50, 50], metadata=Metadata(icc=icc, xmp=xmp, texts=texts))
    found = metadata_in_gif(data)
    assert (found.icc, found.xmp, tuple(found.texts)) == (icc, xmp, texts)
    assert notes == ()
    assert len(play(data).frames) == 2


def test_what_has_no_place_is_told() -> None:
    gray = bytearray(128)
    gray[16:20], gray[36:40] = b"GRAY", b"acsp"
    metadata = Metadata(icc=bytes(gray), exif=b"II*\0", dpi=(72, 72), texts=(("Author", "me"),))
    data, notes = written([50], metadata=metadata)
    assert metadata_in_gif(data).icc is None
    for word in ("profile for GRAY", "EXIF", "resolution", "“Author”"):
        assert any(word in note for note in notes)


def test_stills_are_read_back() -> None:
    pixels = drawing(60, 40)
    alpha = np.where(pixels[:, :, 0] > 100, 255, 0).astype(np.uint8)
    for mask in (None, alpha):
        encoder = GifEncoder(
            Size(60, 40), channels=3, has_alpha=mask is not None, loop_count=1, metadata=Metadata(xmp=b"<x/>")
        )
        data = encoder.add(Picture(pixels, mask), 0) + encoder.finish()[0]
        read = senmei.decode(data)
        assert isinstance(read, Picture)
        assert read.metadata.xmp == b"<x/>"
        if mask is None:
            assert read.alpha is None
        else:
            assert read.alpha is not None
            np.testing.assert_array_equal(read.alpha, mask)
        is_seen = alpha > 0
        error = (read.pixels[is_seen].astype(float) - pixels[is_seen]) ** 2
        assert error.mean() < 4
