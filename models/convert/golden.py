"""Golden tiles: a small picture and what a network rightly makes of it, shipped with the network.

Whoever is about to run a network with another runtime, on another processor or on a GPU, runs the golden tile first: an
answer more than two levels of 255 away from the golden one is wrong.
"""

import io

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from convert.catalogue import Model
from convert.shared_means import pooled_values

LARGEST_INPUT = (32, 24)
LARGEST_OUTPUT = (64, 48)
"""Width and height at most of the tile, without what the network trims, and of the answer: few enough bytes to be
loaded along with every network, and unequal, so that swapped axes show."""

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_SATURATED = (
    (0, 0, 0),
    (255, 255, 255),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (0, 255, 255),
    (255, 0, 255),
    (255, 255, 0),
)


def golden_tile(content: bytes, model: Model) -> bytes:
    """The golden tile of ``model``, whose .onnx file is ``content``, as a compressed .npz, the same bytes every time.

    ``input`` uint8 [1, height, width, 3]; ``output`` uint8 [1, scale·(height − 2·trim), scale·(width − 2·trim), 3],
    what native onnxruntime answers to input/255, times 255 and rounded. Of a network that pools, ``means`` float32 and
    ``given`` float32 too, zeros both: it uses the means that it finds. Everything but ``output`` is what is run.
    """
    inner = (min(side, answer // model.scale) for side, answer in zip(LARGEST_INPUT, LARGEST_OUTPUT, strict=True))
    width, height = (_multiple(side + 2 * model.trim, of=model.multiple_of) for side in inner)
    picture = golden_picture(width, height)[np.newaxis]
    means = _no_means(content)
    with io.BytesIO() as stream:
        np.savez_compressed(stream, input=picture, output=_answer(content, picture, means), allow_pickle=False, **means)
        return stream.getvalue()


def golden_picture(width: int, height: int) -> Pixels:
    """A picture [height, width, 3] of whatever a wrong network shows at: made of integers only.

    Gradients that differ in every channel and along every axis, flat squares of saturated colours, black on white in
    pixel-wide steps, a slanted edge, and grain.
    """
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack(
        (60 + 150 * x // width, 220 - 180 * y // height, 40 + 160 * (x + y) // (width + height)), axis=-1
    )
    picture[3 * x > 2 * y + width] += np.array((25, -30, 35))
    grain = (x * 7919 + y * 104729 + 13) * (x + 3 * y + 5) % 61 - 30
    picture += np.where(y < height // 3, grain, 0)[..., np.newaxis]
    size = 4 if width >= LARGEST_INPUT[0] else 2
    left, top = width // 2 - 4 * size, height // 2 - 2 * size
    for number, colour in enumerate(_SATURATED):
        row, column = top + size * (number // 4), left + size * (number % 4)
        picture[row : row + size, column : column + size] = colour
    fine = np.s_[top : top + 2 * size, left + 5 * size : left + 7 * size]
    picture[fine] = np.where((x[fine] + y[fine]) % 2, 255, 0)[..., np.newaxis]
    return picture.clip(0, 255).astype(np.uint8)


def _no_means(content: bytes) -> dict[str, Floats]:
    count = pooled_values(onnx.load_from_string(content))
    return {"means": np.zeros(count, np.float32), "given": np.zeros(1, np.float32)} if count else {}


def _answer(content: bytes, picture: Pixels, means: dict[str, Floats]) -> Pixels:
    options = onnxruntime.SessionOptions()
    # The sums are the same however many threads take part, but one is enough and says so.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (answer,) = session.run(["output"], {"input": picture.astype(np.float32) / np.float32(255), **means})
    pixels: Pixels = np.rint(answer * 255).astype(np.uint8)
    return pixels


def _multiple(side: int, *, of: int) -> int:
    return -(-side // of) * of
