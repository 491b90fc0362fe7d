import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import senmei
from drawings import drawing, opened, saved
from models_folder import catalogue
from senmei import cli
from senmei.sessions.ort_native import usable_cores


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    path.write_bytes(saved(drawing(40, 30)))
    return path


def test_one_picture_into_one_file(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = picture.with_name("large.png")
    assert cli.main(["upscale", str(picture), "-o", str(target), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report.pop("elapsed_ms") > 0
    assert report == {
        "input": str(picture),
        "output": str(target),
        "width": 80,
        "height": 60,
        "format": "png",
        "depth": 8,
        "model": cli.DEFAULT_MODEL,
        "provider": "cpu",
        "workers": 1,
        "threads": usable_cores(),
        "graph": "direct",
        "notes": [],
        "frames": 1,
        "tiles": 1,
        "tiles_run": 1,
    }
    assert opened(target.read_bytes()).shape == (60, 80, 3)


def test_many_pictures_into_a_folder_and_one_that_fails(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = picture.with_name("broken.png")
    broken.write_bytes(b"no picture")
    folder = picture.with_name("out")
    missing = picture.with_name("missing.png")
    arguments = ["upscale", str(broken), str(missing), str(picture), "-o", str(folder)]
    assert cli.main([*arguments, "--scale", "3", "--json"]) == 1
    captured = capsys.readouterr()
    refused, lost, done = (json.loads(line) for line in captured.out.splitlines())
    assert refused["error"]["code"] == "unsupported-format" and refused["input"] == str(broken)
    assert lost["error"] == {"code": "file-error", "message": "No such file or directory."}
    assert done["output"] == str(folder / "cat@3x.png") and (done["width"], done["height"]) == (120, 90)
    assert "This is no picture" in captured.err and "Traceback" not in captured.err
    assert [path.name for path in folder.iterdir()] == ["cat@3x.png"]


def test_the_tile_changes_nothing_but_the_way(picture: Path, tmp_path: Path) -> None:
    for tile in (16, 64):
        assert (
            cli.main(["upscale", str(picture), "-o", str(tmp_path / f"{tile}.png"), "--tile", str(tile), "--json"]) == 0
        )
    small, large = (opened((tmp_path / f"{tile}.png").read_bytes()).astype(int) for tile in (16, 64))
    assert np.abs(small - large).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "workers", "threads"),
    [
        (["--threads", "1"], 1, 1),
        (["--threads", "3"], 1, 3),
        (["--workers", "3", "--threads", "2"], 3, 2),
        (["--workers", "2"], 2, max(1, usable_cores() // 2)),
    ],
)
def test_workers_and_threads_change_nothing_but_the_way(
    picture: Path, arguments: list[str], workers: int, threads: int, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, chosen = picture.with_name("plain.png"), picture.with_name("chosen.png")
    assert cli.main(["upscale", str(picture), "-o", str(plain), "--tile", "16", "--json"]) == 0
    capsys.readouterr()
    assert cli.main(["upscale", str(picture), "-o", str(chosen), "--tile", "16", "--json", *arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["provider"], report["workers"], report["threads"]) == ("cpu", workers, threads)
    one, other = (opened(path.read_bytes()).astype(int) for path in (plain, chosen))
    assert np.abs(one - other).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "upconv7-anime"], "There is no model “upconv7-anime”"),
        (["--scale", "17"], "The scale 17 is outside 1 to 16."),
        (["--tile", "3"], "The tile size 3 is too small"),
        (["--threads", "0"], "The number of threads 0 is too small; 1 or more is accepted."),
        (["--workers", "-2"], "The number of workers -2 is too small; 1 or more is accepted."),
        (["--scale", "2", "--width", "90"], "not both"),
        (["--width", "641"], "up to 640 × 480 can be made"),
        (["--stretch", "--width", "90"], "both a width and a height are needed"),
        (["--strength", "2"], "The strength 2 is outside 0 to 1."),
        (["--quality", "80"], "PNG loses nothing"),
        (["--format", "webp"], "would be written as webp"),
        (["--depth", "12"], "12"),
        (["--metadata", "some"], "accepted: keep, strip"),
    ],
)
def test_wrong_wishes_get_a_sentence(
    picture: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["upscale", str(picture), "-o", str(picture.with_name("x.png")), *arguments]) == 1
    error = capsys.readouterr().err
    assert sentence in error and "Traceback" not in error
    assert not picture.with_name("x.png").exists()


def test_no_input_is_ever_overwritten(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = picture.with_name("other") / "cat.jpg"
    before = picture.read_bytes()
    calls = {
        "would overwrite": [str(picture), "-o", str(picture)],
        "Several pictures are called cat": [str(picture), str(other), "-o", str(picture.with_name("out"))],
        "name a folder": [str(picture), str(other), "-o", str(picture.with_name("x.png"))],
        "accepted endings: .png, .jpg": [str(picture), "-o", str(picture.with_name("x.bmp"))],
    }
    for sentence, arguments in calls.items():
        assert cli.main(["upscale", *arguments]) == 1
        assert sentence in capsys.readouterr().err
    assert picture.read_bytes() == before


def made_by(picture: Path, output: Path, *arguments: str) -> Image.Image:
    assert cli.main(["upscale", str(picture), "-o", str(output), *arguments, "--json"]) == 0
    image = Image.open(output)
    image.load()
    return image


@pytest.mark.parametrize(
    ("ending", "arguments", "file_format"),
    [
        (".jpg", ["--quality", "50", "--subsampling", "4:2:0"], "JPEG"),
        (".webp", ["--lossless"], "WEBP"),
        (".webp", ["--quality", "40"], "WEBP"),
        (".tif", [], "TIFF"),
        (".png", ["--depth", "8", "--metadata", "strip"], "PNG"),
    ],
)
def test_the_ending_tells_the_format(picture: Path, ending: str, arguments: list[str], file_format: str) -> None:
    image = made_by(picture, picture.with_name(f"large{ending}"), *arguments)
    assert image.format == file_format and image.size == (80, 60)


def test_every_choice_reaches_the_result(picture: Path, tmp_path: Path) -> None:
    usual = made_by(picture, tmp_path / "usual.png")
    assert made_by(picture, tmp_path / "stretched.png", "--width", "50", "--height", "99", "--stretch").size == (50, 99)
    assert made_by(picture, tmp_path / "inside.png", "--width", "50", "--height", "99").size == (50, 38)
    assert made_by(picture, tmp_path / "half.png", "--scale", "1.5").size == (60, 45)
    plain = np.asarray(Image.open(picture).resize((80, 60), Image.Resampling.BICUBIC)).astype(int)
    weak = np.asarray(made_by(picture, tmp_path / "weak.png", "--strength", "0")).astype(int)
    assert np.abs(weak - plain).max() <= 2
    averaged = np.asarray(made_by(picture, tmp_path / "tta.png", "--tta")).astype(int)
    difference = np.abs(averaged - np.asarray(usual))
    assert difference.max() > 0 and difference.mean() < 3
    deep = made_by(picture, tmp_path / "deep.png", "--depth", "16")
    assert senmei.read_header((tmp_path / "deep.png").read_bytes()).depth == 16
    assert np.abs(np.asarray(deep).astype(int) - np.asarray(usual)).max() <= 1


def test_a_damaged_picture_is_read_in_part_when_asked(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = saved(drawing(64, 64, noise=20))
    picture.write_bytes(data[: len(data) // 2])
    target = picture.with_name("large.png")
    assert cli.main(["upscale", str(picture), "-o", str(target)]) == 1
    assert "PNG" in capsys.readouterr().err and not target.exists()
    assert made_by(picture, target, "--partial").size == (128, 128)
    assert json.loads(capsys.readouterr().out)["notes"]


def test_the_graph_changes_nothing_but_the_way(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = {}
    for graph in ("auto", "winograd"):
        target = picture.with_name(f"{graph}.png")
        assert cli.main(["upscale", str(picture), "-o", str(target), "--graph", graph, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["graph"] == ("direct" if graph == "auto" else graph)
        made[graph] = opened(target.read_bytes()).astype(int)
    assert np.abs(made["auto"] - made["winograd"]).max() <= 1
    assert cli.main(["upscale", str(picture), "-o", str(picture.with_name("x.png")), "--graph", "fast"]) == 1
    assert "The graph “fast” is unknown; accepted: auto, direct, winograd." in capsys.readouterr().err


def test_exact_sizes_name_the_file(picture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert cli.main(["upscale", str(picture), "-o", str(folder), "--width", "100", "--format", "tiff", "--json"]) == 0
    assert [path.name for path in folder.iterdir()] == ["cat@100x75.tiff"]


def test_a_result_in_a_folder_does_not_overwrite_an_input(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    enlarged = picture.with_name("cat@2x.png")
    enlarged.write_bytes(picture.read_bytes())
    arguments = ["upscale", str(picture), str(enlarged), "-o", str(picture.parent)]
    assert cli.main(arguments) == 1
    assert "one of the inputs" in capsys.readouterr().err
    assert enlarged.read_bytes() == picture.read_bytes()


def test_models_are_listed_for_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in listed] == [card.id for card in catalogue()]
    assert {"family", "task", "scale", "licence", "size_bytes"} <= listed[0].keys()
    assert cli.main(["models"]) == 0
    table = capsys.readouterr().out
    assert all(card.id in table for card in catalogue())


def test_without_models_it_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENMEI_MODELS", str(tmp_path))
    assert cli.main(["models"]) == 1
    assert "serve.py --build" in capsys.readouterr().err


def test_the_installed_command_shows_a_bar(picture: Path) -> None:
    command = Path(sys.executable).with_name("senmei")
    done = subprocess.run(
        [command, "upscale", str(picture), "-o", str(picture.with_name("out"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "100 %" in done.stderr and "80 × 60" in done.stderr and done.stdout == ""
