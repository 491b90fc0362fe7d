"""Damaged animated WebP files give frames or an error in a sentence: never another exception, a warning or a hang."""

from __future__ import annotations

import warnings

import numpy as np

from moving import joined
from mutations import damaged, seeded
from senmei.animation import Frame
from senmei.codecs.webp.animation_reading import open_webp_animation
from senmei.errors import CorruptImage, SenmeiError, TooLarge
from written_apng import rgba
from written_webp_animation import HEIGHT, WIDTH, Coded, animation, chunk, lossless, lossy

MUTATIONS = 2000
_SOFT = [rgba(WIDTH, HEIGHT, seed=1), rgba(6, 5, seed=2), rgba(4, 4, seed=3, alpha="hard")]

FILES = [
    animation([Coded(lossless(_SOFT[0])), Coded(lossless(_SOFT[1]), 2, 4, True, "background", 40)] * 2),
    animation([Coded(lossy(_SOFT[0])), Coded(lossy(_SOFT[1]), 4, 2, True), Coded(lossless(_SOFT[2]), 8, 6)]),
    animation(
        [Coded(lossless(one[:, :, :3])) for one in _SOFT],
        before=chunk(b"ICCP", bytes(150)),
        after=chunk(b"EXIF", b"II*\0\x08\0\0\0\0\0\0\0\0\0") + chunk(b"XMP ", b"<x/>"),
    ),
]


def read(data: bytes, *, partial: bool) -> list[Frame] | SenmeiError:
    """All frames or the error; anything else goes through and fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            file = open_webp_animation(data, partial=partial)
            frames = list(file.frames())
        except (CorruptImage, TooLarge) as error:
            text = str(error)
            assert "WebP" in text and text.endswith(".") and "\n" not in text
            return error
    assert frames and len(frames) <= len(file.info.durations_ms)
    assert partial or len(frames) == len(file.info.durations_ms)
    for frame in frames:
        assert frame.picture.size == file.info.size
        assert (frame.picture.alpha is not None) == file.info.has_alpha
    return frames


def test_damaged_files_give_frames_or_a_sentence() -> None:
    outcomes = {"read": 0, "refused": 0, "part": 0}
    for number in range(MUTATIONS):
        random = seeded("animated WebP", number)
        data = damaged(FILES[int(random.integers(len(FILES)))], random)
        if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
            continue
        whole, part = read(data, partial=False), read(data, partial=True)
        if isinstance(whole, SenmeiError):
            outcomes["part" if not isinstance(part, SenmeiError) else "refused"] += 1
            continue
        outcomes["read"] += 1
        assert not isinstance(part, SenmeiError) and len(part) == len(whole)
        assert all(np.array_equal(joined(a.picture), joined(b.picture)) for a, b in zip(whole, part, strict=True))
    assert min(outcomes.values()) > MUTATIONS / 60, outcomes
