"""Where the time of a run goes, by the profiling of onnxruntime-web itself, one thread, for each network's second graph
(and its first, for comparison)."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import numpy as np
from playwright.sync_api import Page

from bench.browser_bench import bench_browser
from bench.native import one_of_each_network
from bench.winograd import GRAPHS, graph_options
from models_folder import FOLDER, catalogue
from senmei.catalogue import ModelCard

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


def profiled(page: Page, card: ModelCard, graph: str, repeats: int) -> dict[str, float]:
    """Milliseconds by kind, of each node the shortest of its runs."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with np.load(FOLDER / card.golden) as golden:
        dims = {name: list(golden[name].shape) for name in golden.files if name != "output"}
    page.evaluate(
        """async ([options, dims, repeats]) => {
            const one = await session(options);
            await times(one, dims, repeats);
            one.endProfiling();
            await one.release();
        }""",
        [
            graph_options(card, graph) | {"profile": True},
            dims | {"input": [1, SIDE, SIDE, 3]},
            repeats,
        ],
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


def main(repeats: int, models: list[str] | None) -> None:
    """Prints a line a graph. models: their ids, None for one of each network."""
    print(f"Where the time of a run on {SIDE} × {SIDE} pixels goes, one thread, of each node the shortest of {repeats}")
    with bench_browser() as browser:
        for card in map(catalogue().get, models or one_of_each_network()):
            for graph in GRAPHS if card.winograd is not None else GRAPHS[:1]:
                page = browser.open("runtime.html")
                spent = profiled(page, card, graph, repeats)
                page.context.close()
                total = sum(spent.values())
                shares = sorted(spent.items(), key=lambda item: -item[1])
                parts = ", ".join(f"{kind} {taken_ms / total:.0%}" for kind, taken_ms in shares)
                print(f"  {card.id:28} {graph:8} {total:6.0f} ms: {parts}", flush=True)
