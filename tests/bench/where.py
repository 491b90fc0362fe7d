"""Where the time of a run goes, by the profiling of onnxruntime-web itself, one thread, for each network's second graph
(and its first, for comparison)."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

from bench.browser_bench import bench_browser
from bench.native import one_of_each_network
from browser.watched import to_base64
from models_folder import FOLDER

SIDE = 240

KINDS = {
    ".products": "products",
    ".rows": "transforms",
    ".columns": "transforms",
    ".blocks": "transforms",
}
"""What the nodes of a layer that is written out do, by the ends of their names; see models/convert/winograd.py."""

OF_OPERATORS = {
    "Conv": "convolutions",
    "FusedConv": "convolutions",
    "ConvTranspose": "convolutions",
    "Transpose": "transpositions",
    "Slice": "cutting to size",
    "Gemm": "kernels",
    "Cast": "kernels",
    "Pad": "kernels",
    "PRelu": "activations",
}


def kind_of(event: dict[str, Any]) -> str:
    name = event["name"].removesuffix("_kernel_time")
    of_layer = next((kind for ending, kind in KINDS.items() if name.endswith(ending)), None)
    return of_layer or OF_OPERATORS.get(event["args"]["op_name"], "the rest")


def profiled(page: Page, model: str, ending: str, repeats: int) -> dict[str, float]:
    """Milliseconds by kind, of each node the shortest of its runs."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    direct = (FOLDER / f"{model}.onnx").read_bytes()
    options: dict[str, Any] = {"graph": to_base64((FOLDER / f"{model}.{ending}").read_bytes()), "profile": True}
    if ending != "onnx":
        options["weights"] = {"path": f"{model}.onnx", "data": to_base64(direct)}
    with np.load(FOLDER / f"{model}.golden.npz") as golden:
        dims = {name: list(golden[name].shape) for name in golden.files if name != "output"}
    page.evaluate(
        """async ([options, dims, repeats]) => {
            const one = await session(options);
            await times(one, dims, repeats);
            one.endProfiling();
            await one.release();
        }""",
        [options, dims | {"input": [1, SIDE, SIDE, 3]}, repeats],
    )
    page.wait_for_timeout(500)
    shortest: dict[str, tuple[str, float]] = {}
    for line in "\n".join(said).splitlines():
        if '"cat" : "Node"' not in line or "_kernel_time" not in line:
            continue
        event = json.loads(line.strip().rstrip(","))
        _, before = shortest.get(event["name"], ("", float("inf")))
        shortest[event["name"]] = (kind_of(event), min(before, event["dur"] / 1000))
    spent: dict[str, float] = defaultdict(float)
    for kind, taken_ms in shortest.values():
        spent[kind] += taken_ms
    return dict(spent)


def main(repeats: int) -> None:
    """Prints two lines a network."""
    print(f"Where the time of a run on {SIDE} × {SIDE} pixels goes, one thread, of each node the shortest of {repeats}")
    with bench_browser() as browser:
        for model in one_of_each_network():
            for ending in ("onnx", "winograd.onnx"):
                if not Path(FOLDER / f"{model}.{ending}").is_file():
                    continue
                page = browser.open("runtime.html")
                spent = profiled(page, model, ending, repeats)
                page.context.close()
                total = sum(spent.values())
                shares = sorted(spent.items(), key=lambda item: -item[1])
                parts = ", ".join(f"{kind} {taken_ms / total:.0%}" for kind, taken_ms in shares)
                print(f"  {model:28} {ending.removesuffix('onnx'):9} {total:6.0f} ms: {parts}", flush=True)
