"""The benchmarks: `.venv/bin/python tests/bench [NAME ...]`, once tests/run.py has set up."""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "py")]

from bench import alpha, animation, gif_quality, job, memory, start, wire  # noqa: E402 - found through the path above
from sitebuild import chromium  # noqa: E402
from sitebuild.project import Project  # noqa: E402

BENCHES = {
    "start": start.main,
    "job": job.main,
    "alpha": alpha.main,
    "gif": gif_quality.main,
    "animation": animation.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests/bench", description="Print what Senmei costs as ratios.")
    names = [*BENCHES, "memory", "wire"]
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all but the last two when left out"
    )
    parser.add_argument("--repeats", type=int, default=7, help="of each side; the medians are compared")
    parser.add_argument("--side", type=int, default=8192, help="memory: of the square picture, in pixels")
    parser.add_argument("--model", action="append", help="memory: an id, once or more (realesr-animevideov3-4x)")
    parser.add_argument("--busy", action="store_true", help="memory: no flat paper, so every tile is computed")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    os.environ.setdefault(chromium.VARIABLE, chromium.remembered(Project(ROOT)))
    for name in options.names or BENCHES:
        if name == "memory":
            memory.main(side=options.side, models=options.model or ["realesr-animevideov3-4x"], busy=options.busy)
        elif name == "wire":
            wire.main()
        else:
            BENCHES[name](options.repeats)


if __name__ == "__main__":
    main()
