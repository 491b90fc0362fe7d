"""The benchmarks: `.venv/bin/python tests/bench [NAME ...]`, once tests/run.py has set up.

Each prints ratios of what was measured in one run, sides taking turns, medians compared. Times depend on the machine
and on what else it does; ratios much less, and no test judges them. Without a name, the speed table is made.

    speed   job         a whole job ÷ its tiles in bare onnxruntime-web
            headers     a host without COOP and COEP ÷ one with them
            upscalerjs  UpscalerJS ÷ Senmei, the same weights
            waifuxl     a pipeline in JavaScript after WaifuXL ÷ Senmei, the same model
            native      the command line on native onnxruntime ÷ Senmei in the browser
            megapixels  what a megapixel costs, from small pictures to large ones
            start       page open until ready ÷ bare Pyodide, cold and warm
    other   alpha       transparent edges against the truth
            borders     the picture's border by the padding around it
            gif         written GIFs against other writers'
            animation   a figure over a still background ÷ every frame
            memory      what one large picture takes
            pooling     networks that pool: with the means of a sample against the whole picture
            wire        the bytes of a first visit, file by file
            layers      3 × 3 layers in onnxruntime-web ÷ the same written out as Winograd's
            winograd    whole jobs with the direct graph ÷ with Winograd's
            where       where the time of a run goes, by kind of step
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "py")]

from bench import (  # noqa: E402 - found through the path above
    alpha,
    animation,
    borders,
    gif_quality,
    headers,
    job,
    layers,
    megapixels,
    memory,
    native,
    pooling,
    start,
    upscalerjs,
    waifuxl,
    where,
    winograd,
    wire,
)
from sitebuild import chromium  # noqa: E402
from sitebuild.project import Project  # noqa: E402

Run = Callable[[argparse.Namespace], None]

SPEED: dict[str, Run] = {
    "job": lambda options: job.main(options.repeats),
    "headers": lambda options: headers.main(options.repeats),
    "upscalerjs": lambda options: upscalerjs.main(options.repeats),
    "waifuxl": lambda options: waifuxl.main(options.repeats),
    "native": lambda options: native.main(options.repeats, options.model),
    "megapixels": lambda options: megapixels.main(
        options.repeats, largest=options.largest, model=options.model and options.model[0]
    ),
    "start": lambda options: start.main(options.repeats),
}
OTHER: dict[str, Run] = {
    "alpha": lambda options: alpha.main(options.repeats),
    "borders": lambda _: borders.main(),
    "gif": lambda options: gif_quality.main(options.repeats),
    "animation": lambda options: animation.main(options.repeats),
    "memory": lambda options: memory.main(
        side=options.side, models=options.model or ["realesr-animevideov3-4x"], busy=options.busy
    ),
    "pooling": lambda _: pooling.main(),
    "wire": lambda options: wire.main(),
    "layers": lambda options: layers.main(options.repeats),
    "winograd": lambda options: winograd.main(options.repeats, options.model),
    "where": lambda options: where.main(options.repeats, options.model),
}
BENCHES = {**SPEED, **OTHER}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tests/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of those above; the speed table when left out")
    parser.add_argument("--repeats", type=int, default=7, help="of each side; the medians are compared")
    parser.add_argument("--largest", type=float, default=16, help="megapixels: the largest picture (16)")
    parser.add_argument("--side", type=int, default=8192, help="memory: of the square picture, in pixels (8192)")
    parser.add_argument(
        "--model", action="append", help="memory, native, winograd, where: an id, once or more; megapixels: an id"
    )
    parser.add_argument("--busy", action="store_true", help="memory: no flat paper, so every tile is computed")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    os.environ.setdefault(chromium.VARIABLE, chromium.remembered(Project(ROOT)))
    for name in options.names or SPEED:
        BENCHES[name](options)


if __name__ == "__main__":
    main()
