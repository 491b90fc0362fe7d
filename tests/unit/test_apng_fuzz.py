"""Damaged APNG files give frames or an error in a sentence: never another exception, a warning or other pixels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from moving import joined
from mutations import damaged, seeded, with_shuffled_chunks, with_sound_sums
from senmei.animation import Frame
from senmei.codecs.png.animation_reading import open_apng
from senmei.errors import CorruptImage, SenmeiError, UnsupportedFormat
from written_apng import Stored, apng, rgba
from written_png import SIGNATURE, chunk

MUTATIONS = 1500
_TEXT = chunk(b"tEXt", b"Title\0moving")
_PALETTE = chunk(b"PLTE", bytes(range(48))) + chunk(b"tRNS", bytes(range(0, 160, 10)))
_RNG = np.random.default_rng(0)

FILES = [
    apng([Stored(rgba(seed=1)), Stored(rgba(5, 4, seed=2), 3, 2, True, "background"), Stored(rgba(seed=3))], 8, 6),
    apng([Stored(rgba(seed=index), over=True) for index in range(3)], 8, 6, hidden=rgba(seed=9), data_chunks=3),
    apng(
        [Stored(_RNG.integers(0, 16, shape).astype(np.uint8)) for shape in ((9, 11, 1), (3, 5, 1), (9, 11, 1))],
        4,
        3,
        before=_PALETTE + _TEXT,
        interlaced=True,
    ),
    apng([Stored(_RNG.integers(0, 65536, (9, 11, 3)).astype(np.uint16))] * 3, 16, 2, between=_TEXT, plays=3),
]
ORIGINALS = [[joined(frame.picture) for frame in open_apng(data, partial=False).frames()] for data in FILES]


def read(data: bytes, *, partial: bool) -> list[Frame] | SenmeiError:
    """All frames or the error; anything else goes through and fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            file = open_apng(data, partial=partial)
            frames = list(file.frames())
        except (CorruptImage, UnsupportedFormat) as error:
            text = str(error)
            assert text.startswith("This PNG file ") and text.endswith(".") and "\n" not in text
            return error
    assert frames and len(frames) <= len(file.info.durations_ms)
    assert partial or len(frames) == len(file.info.durations_ms)
    for frame in frames:
        assert frame.picture.size == file.info.size
        assert (frame.picture.alpha is not None) == file.info.has_alpha
    return frames


def same(one: list[Frame], other: list[Frame]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(np.array_equal(joined(a.picture), joined(b.picture)) for a, b in pairs)


def test_damaged_files_give_their_own_frames_or_a_sentence() -> None:
    outcomes = {"read": 0, "refused": 0, "part": 0}
    for number in range(MUTATIONS):
        random = seeded("APNG", number)
        index = int(random.integers(len(FILES)))
        data = damaged(FILES[index], random)
        if not data.startswith(SIGNATURE):
            continue
        whole, part = read(data, partial=False), read(data, partial=True)
        if isinstance(whole, SenmeiError):
            outcomes["part" if not isinstance(part, SenmeiError) else "refused"] += 1
            continue
        outcomes["read"] += 1
        assert not isinstance(part, SenmeiError) and same(whole, part)
        for frame, original in zip(whole, ORIGINALS[index], strict=False):
            # Check sums see to that.
            assert np.array_equal(joined(frame.picture), original)
    assert min(outcomes.values()) > MUTATIONS / 60, outcomes


@pytest.mark.parametrize("way", [with_shuffled_chunks, with_sound_sums])
def test_chunks_that_are_sound_but_make_no_sense(way: object) -> None:
    outcomes = {"read": 0, "refused": 0}
    for number in range(MUTATIONS):
        random = seeded("APNG chunks", number)
        data = way(FILES[int(random.integers(len(FILES)))], random)  # type: ignore[operator]
        whole, part = read(data, partial=False), read(data, partial=True)
        if not isinstance(whole, SenmeiError):
            assert not isinstance(part, SenmeiError) and same(whole, part)
        outcomes["refused" if isinstance(whole, SenmeiError) else "read"] += 1
    assert min(outcomes.values()) > MUTATIONS / 60, outcomes
