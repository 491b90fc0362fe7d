"""The benchmarks: `.venv/bin/python tests/bench [start] [job] [alpha] [--repeats N]`, once tests/run.py has set up."""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "py")]

from bench import alpha, job, start  # noqa: E402 - found through the path above
from sitebuild import chromium  # noqa: E402
from sitebuild.project import Project  # noqa: E402

BENCHES = {"start": start.main, "job": job.main, "alpha": alpha.main}


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests/bench", description="Print what Senmei costs as ratios.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; all when left out")
    parser.add_argument("--repeats", type=int, default=7, help="of each side; the medians are compared")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHES.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    os.environ.setdefault(chromium.VARIABLE, chromium.remembered(Project(ROOT)))
    for name in options.names or BENCHES:
        BENCHES[name](options.repeats)


if __name__ == "__main__":
    main()
