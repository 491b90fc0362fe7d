"""Names of results."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senmei.codecs import OUTPUT_FORMATS
from senmei.geometry import Size
from senmei.naming import result_name

HD = Size(1920, 1080)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("cat.jpg", "cat@2x.png"),
        ("cat", "cat@2x.png"),
        ("/home/me/cat.jpg", "cat@2x.png"),
        ("C:\\pictures\\cat.jpg", "cat@2x.png"),
        ("猫の絵.webp", "猫の絵@2x.png"),
        ("👩‍🎨.png", "👩‍🎨@2x.png"),
        ("archive.tar.gz", "archive.tar@2x.png"),
        ("plan v1.2", "plan v1.2@2x.png"),
        ("Mr. Smith", "Mr. Smith@2x.png"),
        (".hidden", "hidden@2x.png"),
        ('a<b>:"c|d?e*.png', "abcde@2x.png"),
        ("a\x00b\nc\x7f.png", "abc@2x.png"),
        ("\u202egpj.exe", "gpj@2x.png"),
        ("nul.x.png", "_nul.x@2x.png"),
        ("", "picture@2x.png"),
        (None, "picture@2x.png"),
        ("..", "picture@2x.png"),
        (".png", "picture@2x.png"),
        ("???.jpg", "picture@2x.png"),
        ("dir/", "picture@2x.png"),
    ],
)
def test_names_come_from_the_source(source: str | None, name: str) -> None:
    assert result_name(source, scale=2.0, size=HD, format="png") == name


@pytest.mark.parametrize(
    ("scale", "format_", "name"),
    [
        (1.0, "png", "cat@1x.png"),
        (1.5, "jpeg", "cat@1.5x.jpg"),
        (16.0, "webp", "cat@16x.webp"),
        (None, "tiff", "cat@1920x1080.tiff"),
        (None, "png", "cat@1920x1080.png"),
    ],
)
def test_names_tell_the_size(scale: float | None, format_: str, name: str) -> None:
    assert result_name("cat.jpg", scale=scale, size=HD, format=format_) == name


@given(st.text(max_size=400), st.sampled_from([None, 1.0, 1.5, 4.0]), st.sampled_from(OUTPUT_FORMATS))
def test_any_source_gives_a_name_that_a_file_system_takes(source: str, scale: float | None, format_: str) -> None:
    name = result_name(source, scale=scale, size=HD, format=format_)
    assert Path(name).name == name and name.rpartition("@")[0].strip()
    assert not set('/\\:*?"<>|') & set(name)
    assert not any(ord(sign) < 32 or ord(sign) == 127 for sign in name)
    assert len(os.fsencode(name)) <= 255 and not name.startswith(".")
