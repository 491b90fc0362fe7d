import json
from dataclasses import asdict

import pytest

from repeating import card, catalogue_of
from senmei.catalogue import Catalogue
from senmei.errors import ModelUnavailable


def test_it_reads_what_the_converter_writes_and_more() -> None:
    text = json.dumps({"models": [asdict(card("one")) | {"later_field": 1}, asdict(card("two"))]})
    assert [entry.id for entry in Catalogue.from_json(text)] == ["one", "two"]
    assert Catalogue.from_json(text).get("two") == card("two")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"models": [{"id": "one"}]}'])
def test_a_damaged_one_is_refused(text: str) -> None:
    with pytest.raises(ModelUnavailable, match="damaged"):
        Catalogue.from_json(text)


@pytest.mark.parametrize("name", ["flat_tiles", "pooled", "tile_bytes_per_pixel", "macs_per_pixel", "sha256", "golden"])
def test_a_field_that_is_missing_is_named(name: str) -> None:
    entry = asdict(card("one"))
    del entry[name]
    with pytest.raises(ModelUnavailable, match=f"one lacks {name}; build the site again"):
        Catalogue.from_json(json.dumps({"models": [asdict(card("two")), entry]}))


def test_an_unknown_model_names_its_neighbours() -> None:
    catalogue = catalogue_of(card("upconv7-anime-2x"), card("realesr-animevideov3-4x"))
    with pytest.raises(ModelUnavailable, match=r"“upconv-anime-2x”.*upconv7-anime-2x"):
        catalogue.get("upconv-anime-2x")
