import numpy as np
import pytest

from senmei.animation import Animation, Frame
from senmei.geometry import Size
from senmei.picture import Picture

FOUR = np.zeros((2, 3, 3), np.uint8)


@pytest.mark.parametrize(
    ("pixels", "alpha", "sentence"),
    [
        (np.zeros((2, 3, 3), np.float32), None, "float32"),
        (np.zeros((2, 3), np.uint8), None, r"\(2, 3\)"),
        (np.zeros((2, 3, 4), np.uint8), None, r"\(2, 3, 4\)"),
        (np.zeros((0, 3, 3), np.uint8), None, r"\(0, 3, 3\)"),
        (FOUR, np.zeros((3, 2), np.uint8), r"\(3, 2\)"),
        (FOUR, np.zeros((2, 3), np.uint16), "uint16"),
    ],
)
def test_a_picture_refuses_other_shapes(pixels: np.ndarray, alpha: np.ndarray | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Picture(pixels, alpha)


def test_an_animation_has_frames_of_one_kind() -> None:
    frame = Frame(Picture(FOUR), 40)
    assert Animation((frame, frame), 0).size == Size(3, 2)
    with pytest.raises(ValueError, match="one frame"):
        Animation((), 0)
    others = (Picture(FOUR.transpose(1, 0, 2)), Picture(FOUR, FOUR[:, :, 0]), Picture(FOUR.astype("u2")))
    for other in others:
        with pytest.raises(ValueError, match="all alike"):
            Animation((frame, Frame(other, 40)), 0)
