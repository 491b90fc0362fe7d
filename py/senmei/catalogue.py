"""The models that can be chosen, as the set-up wrote them down."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Literal

from .errors import ModelUnavailable
from .tiling import Margins


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model: what it is for, how its tiles must look, and the file it is in.

    scale: output pixels per input pixel, each way. noise: denoise level 0–3, or None.
    overlap: input pixels on each side of a tile that its result depends on; padding: those of them that are invented
    around the picture, with what the network itself takes for its outside beyond them; trim: those that the network
    cuts off itself.
    multiple_of: what the sides and offsets of its tiles must be multiples of.
    flat_tiles: a tile of one colour comes out as one repeated block, scale · multiple_of pixels a side, so that it need
    not be run. enlarges_alpha: transparency is enlarged by the network too, as a gray picture.
    next_pass: the model for further passes when one is not enough, None for the same.
    pooled: how many means its poolings over all pixels make, 0 for a network without any. Where there are some, it has
    two more inputs and one more output: `means` float32 [pooled] and `given` float32 [1], with 0 for the means that it
    finds and 1 for those of `means`; `means_found` float32 [pooled].
    tile_bytes_per_pixel: working memory of one run for each pixel of a tile's source, without the weights, as
    onnxruntime-web takes it; native onnxruntime takes up to twice as much.
    macs_per_pixel: multiply-adds of one run for each pixel of a tile's source.
    file: its name beside the catalogue; size_bytes and sha256 are those of the file.
    golden: the name of the golden tile beside it, an .npz of `input` uint8 [1, height, width, 3], `output` uint8, the
    right answer to input/255, times 255 and rounded, and what other inputs the network has.
    """

    id: str
    family: str
    title: str
    task: Literal["upscale"]
    content: Literal["drawing", "photo"]
    scale: int
    noise: int | None
    overlap: int
    padding: int
    trim: int
    multiple_of: int
    flat_tiles: bool
    enlarges_alpha: bool
    next_pass: str | None
    pooled: int
    tile_bytes_per_pixel: int
    macs_per_pixel: int
    licence: str
    author: str
    source: str
    file: str
    size_bytes: int
    sha256: str
    golden: str

    @property
    def margins(self) -> Margins:
        return Margins(overlap=self.overlap, padding=self.padding, multiple_of=self.multiple_of)


class Catalogue:
    """The model cards by id, in the order of the file."""

    def __init__(self, cards: list[ModelCard]) -> None:
        self._cards = {card.id: card for card in cards}

    @classmethod
    def from_json(cls, text: str) -> Catalogue:
        """Reads the catalogue.json that `models/convert` writes. Raises ModelUnavailable when it is not one."""
        try:
            return cls([_read(entry) for entry in json.loads(text)["models"]])
        except (ValueError, TypeError, KeyError) as error:
            raise ModelUnavailable(f"The catalogue of models is damaged ({error!r}); build the site again.") from error

    def __iter__(self) -> Iterator[ModelCard]:
        return iter(self._cards.values())

    def get(self, model_id: str) -> ModelCard:
        """Raises ModelUnavailable, naming the nearest ids, when there is no such model."""
        card = self._cards.get(model_id)
        if card is None:
            near = difflib.get_close_matches(model_id, self._cards, n=3, cutoff=0.3) or list(self._cards)
            raise ModelUnavailable(f"There is no model “{model_id}”. Did you mean {' or '.join(near)}?")
        return card


def _read(entry: dict[str, Any]) -> ModelCard:
    names = [field.name for field in fields(ModelCard)]
    missing = [name for name in names if name not in entry]
    if missing:
        raise ModelUnavailable(
            f"The catalogue of models is damaged: {entry.get('id', 'an entry')} lacks {', '.join(missing)}; "
            "build the site again."
        )
    return ModelCard(**{name: entry[name] for name in names})
