"""The command line, on native onnxruntime with every core, ÷ Senmei in Chromium, PNG to PNG: how near a browser comes
to what the machine can do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.browser_bench import bench_browser
from bench.repeats import interleaved, print_ratio
from drawings import drawing, saved
from models_folder import catalogue

WIDTH, HEIGHT = 512, 384


def one_of_each_network() -> list[str]:
    """The first model of each family and scale; what else a family has differs in its weights alone."""
    first: dict[tuple[str, int], str] = {}
    for card in catalogue():
        first.setdefault((card.family, card.scale), card.id)
    return list(first.values())


def native_ms(png: bytes, model: str, folder: Path) -> float:
    """How long the command line takes for a picture when its session is open: the second of one call."""
    pictures = [folder / "first.png", folder / "second.png"]
    for path in pictures:
        path.write_bytes(png)
    options = ["-o", str(folder / "enlarged"), "--model", model, "--json"]
    (folder / "enlarged").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "senmei.cli", "upscale", *map(str, pictures), *options]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    elapsed_ms: float = json.loads(said.splitlines()[-1])["elapsed_ms"]
    return elapsed_ms


def main(repeats: int, models: list[str] | None) -> None:
    """Prints one line a network. models: their ids, None for one of each network."""
    print(f"The command line (native onnxruntime, every core) ÷ Senmei in Chromium, {WIDTH}×{HEIGHT}")
    png = saved(drawing(WIDTH, HEIGHT))
    with bench_browser() as browser, TemporaryDirectory() as folder:
        for model in models or one_of_each_network():
            contender = browser.open_senmei(model)
            contender.hold(png)

            def native(model: str = model) -> float:
                return native_ms(png, model, Path(folder))

            medians = interleaved({"native": native, "browser": contender.job_ms}, repeats)
            print_ratio(model, medians["native"], medians["browser"])
            contender.close()
