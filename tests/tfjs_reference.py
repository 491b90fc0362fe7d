"""TF.js itself, run by Node: what a converted TF.js model must answer."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_SCRIPT = Path(__file__).with_suffix(".mjs")


def run_tfjs(model: Mapping[str, Any], shards: Mapping[str, bytes], picture: Floats, *, folder: Path) -> Floats:
    """The answer [1, H, W, C] of the TF.js model for `picture` (1, H, W, C); its files are written into `folder`.

    model: what model.json holds; shards: the weight files by path.
    """
    node = shutil.which("node")
    assert node is not None, "npm, which the set-up asks for, comes with node"
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")
    (folder / "shape.json").write_text(json.dumps(picture.shape), encoding="utf-8")
    (folder / "input.bin").write_bytes(picture.astype("<f4").tobytes())
    for path, content in shards.items():
        (folder / path).write_bytes(content)
    finished = subprocess.run([node, _SCRIPT, folder], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    shape = json.loads(finished.stdout.splitlines()[-1])
    return np.frombuffer((folder / "output.bin").read_bytes(), "<f4").reshape(shape)
