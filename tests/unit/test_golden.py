import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubling_workers import golden_npz
from senmei.errors import ModelUnavailable
from senmei.sessions.golden import GoldenTile


def right_answer(tile: GoldenTile) -> np.ndarray:
    return tile.feeds["input"].repeat(2, axis=1).repeat(2, axis=2)


def test_the_right_answer_differs_by_nothing() -> None:
    tile = GoldenTile.from_npz(golden_npz(9))
    assert tile.size.pixels == 81 and tile.feeds["input"].dtype == np.float32 and tile.feeds["input"].max() <= 1
    assert tile.differs({"output": right_answer(tile)}) == 0
    assert tile.differs({"output": right_answer(tile) + np.float32(0.001)}) == 0


@pytest.mark.parametrize("levels", [1, 2, 3, 100])
def test_one_wrong_pixel_is_seen(levels: int) -> None:
    tile = GoldenTile.from_npz(golden_npz())
    answer = right_answer(tile)
    answer[0, 5, 7, 1] += (levels if answer[0, 5, 7, 1] < 0.5 else -levels) / 255
    assert tile.differs({"output": answer}) == levels


def test_what_a_network_overshoots_is_cut_off_as_in_a_result() -> None:
    tile = GoldenTile(np.full((1, 4, 4, 3), 255, np.uint8), np.full((1, 8, 8, 3), 255, np.uint8))
    assert tile.differs({"output": np.full((1, 8, 8, 3), 1.3, np.float32)}) == 0


def test_what_is_no_picture_of_the_right_size_is_wrong() -> None:
    tile = GoldenTile.from_npz(golden_npz())
    answer = right_answer(tile)
    holed = answer.copy()
    holed[0, 0, 0, 0] = np.nan
    endless = answer.copy()
    endless[0, 3, 3, 2] = np.inf
    for wrong in (holed, endless, answer[:, :-1], answer[0], answer[..., :1], answer.transpose(0, 3, 1, 2)):
        assert tile.differs({"output": wrong}) is None
    assert tile.differs({"other": answer}) is None


def test_swapped_channels_and_axes_are_seen() -> None:
    tile = GoldenTile.from_npz(golden_npz())
    answer = right_answer(tile)
    for wrong in (answer[..., ::-1], answer.transpose(0, 2, 1, 3), answer[:, ::-1], 1 - answer):
        assert (tile.differs({"output": wrong}) or 0) > 2


def test_what_else_the_network_takes_is_fed_as_it_is() -> None:
    with np.load(io.BytesIO(golden_npz(6))) as arrays:
        pictures = dict(arrays)
    means, given = np.arange(5, dtype=np.float32), np.ones(1, np.float32)
    file = io.BytesIO()
    np.savez(file, **pictures, means=means, given=given)
    tile = GoldenTile.from_npz(file.getvalue())
    for feeds in (tile.feeds, tile.enlarged(2)):
        assert feeds.keys() == {"input", "means", "given"}
        assert np.array_equal(feeds["means"], means) and np.array_equal(feeds["given"], given)


def test_a_larger_tile_is_the_same_picture_beside_itself() -> None:
    tile = GoldenTile.from_npz(golden_npz(6))
    large = tile.enlarged(3)["input"]
    assert large.shape == (1, 18, 18, 3) and large.flags.c_contiguous
    assert np.array_equal(large[:, 6:12, 12:], tile.feeds["input"])


@given(st.binary(max_size=200))
def test_whatever_is_no_golden_tile_is_told(data: bytes) -> None:
    with pytest.raises(ModelUnavailable, match="damaged"):
        GoldenTile.from_npz(data)


@pytest.mark.parametrize(
    "arrays",
    [
        {"input": np.zeros((1, 4, 4, 3), np.uint8)},
        {"input": np.zeros((1, 4, 4, 3), np.float32), "output": np.zeros((1, 8, 8, 3), np.uint8)},
        {"input": np.zeros((4, 4, 3), np.uint8), "output": np.zeros((1, 8, 8, 3), np.uint8)},
        {"input": np.zeros((1, 4, 4, 1), np.uint8), "output": np.zeros((1, 8, 8, 3), np.uint8)},
        {"input": np.zeros((1, 4, 4, 3), np.uint8), "output": np.zeros((1, 8, 8, 3), np.uint8), "means": np.zeros(3)},
    ],
)
def test_arrays_of_another_kind_are_told(arrays: dict[str, np.ndarray]) -> None:
    file = io.BytesIO()
    np.savez(file, **arrays)
    with pytest.raises(ModelUnavailable, match="damaged"):
        GoldenTile.from_npz(file.getvalue())
