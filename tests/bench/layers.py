"""What 3 × 3 layers of many widths cost in onnxruntime-web, one thread: its own convolution ÷ the same written out as
Winograd's, and the costs of models/convert/layer_costs.py fitted to them; narrow ones ÷ the same written as transposed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from playwright.sync_api import Page

from bench.browser_bench import bench_browser
from browser.watched import to_base64

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "models"))

from convert.narrow_layers import transpose_narrow_convolutions  # noqa: E402 - found through the path above
from convert.winograd import rewrite_convolutions  # noqa: E402 - likewise

SIDE = 240
WIDTHS = [
    *((3, 16), (3, 64), (12, 16), (16, 16), (16, 32), (32, 16), (32, 32), (32, 64), (64, 3), (64, 12)),
    *((64, 16), (64, 27), (64, 48), (64, 64), (128, 128), (128, 256), (160, 32)),
]
NARROW = [(24, 3), (32, 3), (64, 3), (128, 3), (64, 4), (64, 6)]


def layer(inputs: int, filters: int) -> onnx.ModelProto:
    """A layer and its ReLU, from [1, inputs, height, width]."""
    rng = np.random.default_rng(1)
    weights = {
        "kernel": rng.normal(0, 0.05, (filters, inputs, 3, 3)).astype(np.float32),
        "bias": rng.normal(0, 0.05, filters).astype(np.float32),
    }
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["input", *weights], ["linear"], pads=[1] * 4, kernel_shape=[3, 3]),
            helper.make_node("Relu", ["linear"], ["output"]),
        ],
        "layer",
        [value("input", TensorProto.FLOAT, [1, inputs, "height", "width"])],
        [value("output", TensorProto.FLOAT, [1, filters, "height", "width"])],
        [numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def written_out(model: onnx.ModelProto) -> None:
    rewrite_convolutions(model, pays=lambda inputs, filters: True)


def measured_ns(
    page: Page, inputs: int, filters: int, rewrite: Callable[[onnx.ModelProto], object], repeats: int
) -> tuple[float, float]:
    """The shortest of the runs, which other work disturbs least, for a pixel: directly, and rewritten."""
    models = [layer(inputs, filters), layer(inputs, filters)]
    rewrite(models[1])
    graphs = [to_base64(model.SerializeToString()) for model in models]
    shortest: list[float] = page.evaluate(
        """async ([graphs, dims, repeats]) => {
            const sessions = [];
            for (const graph of graphs) sessions.push(await session({ graph }));
            const shortest = graphs.map(() => Infinity);
            for (let repeat = 0; repeat <= repeats; repeat++) {
                for (const [index, one] of sessions.entries()) {
                    const [taken] = await times(one, { input: dims }, 1);
                    if (repeat) shortest[index] = Math.min(shortest[index], taken);
                }
            }
            for (const one of sessions) await one.release();
            return shortest;
        }""",
        [graphs, [1, inputs, SIDE, SIDE], repeats],
    )
    direct, rewritten = (1e6 * taken / SIDE**2 for taken in shortest)
    print(f"  {inputs:4} → {filters:<4} {direct:7.0f} ÷ {rewritten:7.0f} = {direct / rewritten:.2f}", flush=True)
    return direct, rewritten


def fitted(costs: list[float]) -> str:
    """For each pair of an input and an output channel, each input and each output channel: as far from all widths in
    proportion as can be."""
    counts = np.array([[inputs * filters, inputs, filters] for inputs, filters in WIDTHS])
    weighed = counts / np.array(costs)[:, np.newaxis]
    found, *_ = np.linalg.lstsq(weighed, np.ones(len(costs)), rcond=None)
    return ", ".join(f"{name} {cost:.3f}" for name, cost in zip(("pair", "input", "output"), found, strict=True))


def main(repeats: int) -> None:
    """Prints a line a layer, and what was fitted."""
    print(f"3 × 3 layers on {SIDE} × {SIDE} pixels, ns a pixel: onnxruntime-web's own ÷ written out")
    with bench_browser() as browser:
        page = browser.open("runtime.html")
        found = [measured_ns(page, *widths, written_out, repeats) for widths in WIDTHS]
        for name, costs in zip(("direct", "winograd"), zip(*found, strict=True), strict=True):
            print(f"  {name}: {fitted(list(costs))}")
        print("narrow ones: onnxruntime-web's own ÷ transposed")
        for widths in NARROW:
            measured_ns(page, *widths, transpose_narrow_convolutions, repeats)
