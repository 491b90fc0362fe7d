"""How true the networks are at a picture's border, by how many pixels are invented around it: what `padding` in
models/catalogue.toml was chosen by.

In dB, mean squared errors of three pictures within 2 pixels of the border, drawn and grainy; and of a picture of one
colour how many levels of 255 its worst pixel is off its middle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from drawings import drawing
from models_folder import FOLDER, catalogue
from senmei.catalogue import ModelCard

SIZE = (192, 144)
NEAR = 2
COLOURS = ((255, 255, 255), (128, 128, 128), (240, 225, 200), (200, 30, 30), (20, 60, 220))

Picture = NDArray[np.uint8]


def grain(width: int, height: int, seed: int) -> Picture:
    """Noise of six sizes, the coarse the stronger."""
    chance = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for size in (2, 4, 8, 16, 32, 64):
        noise = chance.normal(size=(height // size + 2, width // size + 2, 3)).astype(np.float32)
        channels = [
            Image.fromarray(noise[:, :, one]).resize((width, height), Image.Resampling.BICUBIC) for one in range(3)
        ]
        total += np.dstack(channels) * size**0.8
    return np.uint8(255 * (total - total.min()) / np.ptp(total))


def main() -> None:
    """Prints one line for each model without trim and each padding."""
    for card in catalogue():
        if card.trim or card.noise is not None:
            continue
        session = onnxruntime.InferenceSession(str(FOLDER / card.file), providers=["CPUExecutionProvider"])
        for padding in sorted({0, 2, 4, card.padding, card.overlap}):
            kinds = (
                [drawing(SIZE[0] * card.scale, SIZE[1] * card.scale, seed=seed) for seed in range(3)],
                [grain(SIZE[0] * card.scale, SIZE[1] * card.scale, seed) for seed in range(3)],
            )
            levels = [np.mean([border_error(session, card, truth, padding) for truth in kind]) for kind in kinds]
            drawn, grainy = (-10 * np.log10(level) for level in levels)
            corner = max(flat_error(session, card, colour, padding) for colour in COLOURS)
            print(
                f"  {card.id:24} padding {padding:2}: {drawn:.1f} dB, {grainy:.1f} dB; {corner:.0f} levels", flush=True
            )


def enlarged(session: Any, card: ModelCard, picture: Picture, padding: int) -> NDArray[Any]:
    """(h, w, 3) → (h · scale, w · scale, 3), 0 to 1."""
    around = ((padding, padding), (padding, padding), (0, 0))
    (output,) = session.run(None, {"input": np.pad(picture, around, "edge")[np.newaxis].astype(np.float32) / 255})
    start, (height, width) = padding * card.scale, picture.shape[:2]
    return output[0, start : start + height * card.scale, start : start + width * card.scale].clip(0, 1)


def border_error(session: Any, card: ModelCard, truth: Picture, padding: int) -> float:
    small = np.asarray(Image.fromarray(truth).resize(SIZE, Image.Resampling.BOX))
    errors = ((enlarged(session, card, small, padding) - truth / 255) ** 2).mean(axis=2)
    near = NEAR * card.scale
    inside = np.zeros_like(errors, bool)
    inside[near:-near, near:-near] = True
    return float(errors[~inside].mean())


def flat_error(session: Any, card: ModelCard, colour: tuple[int, ...], padding: int) -> float:
    made = enlarged(session, card, np.full((52, 52, 3), colour, np.uint8), padding)
    blocks = made.reshape(52, card.scale, 52, card.scale, 3)
    return float(np.abs(blocks - blocks[26:27, :, 26:27]).max() * 255)
