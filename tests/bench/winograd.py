"""What the second graphs gain: whole jobs with the direct graph ÷ with Winograd's, PNG to PNG, in headless Chromium;
how far the results are apart, and how much longer a session takes to start."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Page

from bench.browser_bench import BenchBrowser, bench_browser
from bench.native import one_of_each_network
from bench.repeats import interleaved, print_ratio
from browser.watched import to_base64
from drawings import drawing, saved
from models_folder import FOLDER, catalogue
from senmei.catalogue import ModelCard

WIDTH, HEIGHT = 512, 384

GOALS = {"upconv7": "≥ 2.0", "realesr-animevideov3": "≥ 1.5", "cunet": "≥ 1.5", "realesrgan-x4plus-anime": "≥ 1.4"}

GRAPHS = ("direct", "winograd")


def graph_options(card: ModelCard, graph: str) -> dict[str, Any]:
    """What `session` of pages/runtime.js makes a session of."""
    direct = to_base64((FOLDER / card.file).read_bytes())
    if graph == "direct":
        return {"graph": direct}
    assert card.winograd is not None
    second = to_base64((FOLDER / card.winograd.file).read_bytes())
    return {"graph": second, "weights": {"path": card.file, "data": direct}}


def start_ms(page: Page, options: dict[str, Any]) -> float:
    """How long a session takes to start in a runtime that is up."""
    taken: float = page.evaluate(
        """async (options) => {
            const started = performance.now();
            const one = await session(options);
            const taken = performance.now() - started;
            await one.release();
            return taken;
        }""",
        options,
    )
    return taken


def starts(browser: BenchBrowser, card: ModelCard, repeats: int) -> str:
    """The medians of both graphs, and of what lies between them, in words."""
    page = browser.open("runtime.html")
    options = [graph_options(card, graph) for graph in GRAPHS]
    pairs = [[start_ms(page, one) for one in options] for _ in range(repeats + 1)][1:]
    page.context.close()
    direct, second = (median(taken) for taken in zip(*pairs, strict=True))
    more = median(second - direct for direct, second in pairs)
    return f"a session starts in {direct:.0f} and {second:.0f} ms, {more:+.0f} (goal ≤ +300)"


def main(repeats: int, models: list[str] | None) -> None:
    """Prints two lines a network. models: their ids, None for one of each network."""
    print(f"Whole jobs in Chromium, {WIDTH}×{HEIGHT}: the direct graph ÷ Winograd's")
    png = saved(drawing(WIDTH, HEIGHT))
    with bench_browser() as browser:
        for card in map(catalogue().get, models or one_of_each_network()):
            if card.winograd is None:
                print(f"  {card.id}: no layer gains")
                continue
            sides = {graph: browser.open_senmei(card.id, graph=graph) for graph in GRAPHS}
            for side in sides.values():
                side.hold(png)
            medians = interleaved({graph: side.job_ms for graph, side in sides.items()}, repeats)
            direct, second = (side.enlarged().astype(int) for side in sides.values())
            apart = np.abs(direct - second)
            for side in sides.values():
                side.close()
            differ = f"{apart.max()} of 255 levels apart at most, in {(apart > 0).mean():.2%} of the values"
            print_ratio(card.id, medians["direct"], medians["winograd"], goal=GOALS.get(card.family, "–"), note=differ)
            print(f"    {starts(browser, card, max(5, repeats))}", flush=True)
