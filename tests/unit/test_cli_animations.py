"""Animations on the command line: files, frames, choices, and what an interrupt leaves."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import senmei
from drawings import drawing, opened
from senmei import cli
from senmei.animation import Animation, Frame
from senmei.codecs import EncodeOptions, encode
from senmei.picture import Picture

pytestmark = pytest.mark.usefixtures("capsys")


def moving(count: int = 4, *, width: int = 48, height: int = 32) -> tuple[Frame, ...]:
    background = np.array(drawing(width, height) // 64 * 64, np.uint8)
    frames = []
    for index in range(count):
        pixels = background.copy()
        pixels[4:12, 4 * index : 4 * index + 8] = (255, 10, 20)
        frames.append(Frame(Picture(pixels), 100.0 + 10 * index))
    return tuple(frames)


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    path = tmp_path / "cat.gif"
    path.write_bytes(encode(Animation(moving(), 2), EncodeOptions(format="gif")))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert cli.main(["upscale", *map(str, arguments), "--json"]) == 0
    report: dict[str, object] = json.loads(capsys.readouterr().out)
    return report


def animation(path: Path) -> Animation:
    made = senmei.decode(path.read_bytes())
    assert isinstance(made, Animation)
    return made


def test_in_a_folder_it_keeps_its_kind(cat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(capsys, cat, "-o", cat.parent / "out")
    target = cat.parent / "out" / "cat@2x.gif"
    made = animation(target)
    assert report["output"] == str(target) and (report["format"], report["frames"]) == ("gif", 4)
    assert [frame.duration_ms for frame in made.frames] == [100, 110, 120, 130] and made.loop_count == 2
    assert made.size.width == 96
    assert isinstance(report["tiles_run"], int) and report["tiles_run"] <= report["tiles"]


@pytest.mark.parametrize(("ending", "signature"), [("png", b"\x89PNG"), ("apng", b"\x89PNG"), ("webp", b"RIFF")])
def test_the_ending_tells_the_kind(
    cat: Path, ending: str, signature: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    target = cat.with_name(f"large.{ending}")
    run(capsys, cat, "-o", target)
    assert target.read_bytes().startswith(signature) and len(animation(target).frames) == 4


def test_frames_as_a_zip_a_sheet_or_one(cat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, cat, "-o", cat.with_name("frames.zip"), "--frames", "zip")
    with zipfile.ZipFile(io.BytesIO(cat.with_name("frames.zip").read_bytes())) as archive:
        assert len(archive.namelist()) == 5
    assert str(run(capsys, cat, "-o", cat.parent / "out", "--frames", "zip")["output"]).endswith("cat@2x-frames.zip")
    assert str(run(capsys, cat, "-o", cat.parent / "out", "--frames", "sheet")["output"]).endswith("cat@2x-sheet.png")
    report = run(capsys, cat, "-o", cat.parent / "out", "--frames", "3")
    assert str(report["output"]).endswith("cat@2x-frame3.png")
    assert opened(Path(str(report["output"])).read_bytes()).shape == (64, 96, 3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-o", "large.jpg"], "JPEG holds one picture"),
        (["-o", "large.gif", "--frames", "zip"], "ZIP"),
        (["-o", "large.zip"], "ZIP"),
        (["-o", "out", "--frames", "film"], "“film” is unknown"),
        (["-o", "out", "--frames", "9"], "no frame 9"),
        (["-o", "large.webp", "--dither", "none"], "GIF has"),
        (["-o", "large.gif", "--palette", "mine"], "“mine” is unknown"),
        (["-o", "large.gif", "--delays", "mine"], "“mine” is unknown"),
    ],
)
def test_wrong_wishes_get_a_sentence(
    cat: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(cat.parent / arguments[1])
    assert cli.main(["upscale", str(cat), arguments[0], target, *arguments[2:]]) == 1
    assert sentence in capsys.readouterr().err


def test_choices_of_a_gif_reach_the_file(cat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fast = cat.with_name("fast.png")
    frames = tuple(Frame(frame.picture, 10.0) for frame in moving())
    fast.write_bytes(encode(Animation((*frames, frames[-1]), 0), EncodeOptions(format="png")))
    run(capsys, fast, "-o", fast.with_name("a.gif"), "--delays", "browser", "--palette", "local", "--dither", "none")
    made = animation(fast.with_name("a.gif"))
    assert [frame.duration_ms for frame in made.frames] == [100] * 5
    run(capsys, fast, "-o", fast.with_name("b.gif"), "--merge")
    assert [frame.duration_ms for frame in animation(fast.with_name("b.gif")).frames] == [10, 10, 10, 20]


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signal to a process")
def test_an_interrupt_keeps_the_frames_that_are_done(tmp_path: Path) -> None:
    source, target = tmp_path / "long.gif", tmp_path / "large.gif"
    frames = [Frame(Picture(drawing(120, 90, seed=seed, noise=4) // 32 * 32), 100.0) for seed in range(60)]
    source.write_bytes(encode(Animation(tuple(frames), 0), EncodeOptions(format="gif")))
    command = [sys.executable, "-m", "senmei.cli", "upscale", str(source), "-o", str(target), "--keep-started"]
    # Where the tests run in the background, an interrupt is ignored, and what they start would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)
    part = tmp_path / ".large.gif.part"
    while process.poll() is None and not (part.exists() and part.stat().st_size):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    assert b"of 60 frames" in out + errors
    assert 1 <= len(animation(target).frames) < 60
