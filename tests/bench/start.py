"""Page open until the engine is ready ÷ bare loadPyodide with numpy and Pillow, in headless Chromium.

"Ready" is a resolved `Upscaler.create`: Python, the senmei wheel, every inference worker and the model. Cold pages have
an empty cache, warm ones have been opened before; repeats are interleaved and the medians compared.
"""

from __future__ import annotations

from statistics import median

from playwright.sync_api import Page

from bench.browser_bench import bench_browser
from bench.repeats import print_ratio

BARE = "() => timed(() => answered(module('./bare-start.js')))"
READY = """() => timed(async () => {
    const { Upscaler } = await import('../senmei.js');
    await Upscaler.create({ model: 'upconv7-anime-2x-n1' });
})"""


def reopened(page: Page, call: str) -> float:
    page.reload()
    page.wait_for_function("globalThis.isReady")
    elapsed_ms: float = page.evaluate(call)
    return elapsed_ms


def main(repeats: int) -> None:
    """Prints one line for cold and one for warm pages."""
    print("Engine ready ÷ bare loadPyodide + numpy + Pillow")
    times: dict[str, dict[str, list[float]]] = {kind: {BARE: [], READY: []} for kind in ("cold", "warm")}
    with bench_browser() as browser:
        for _ in range(repeats):
            for call in (BARE, READY):
                page = browser.open()
                times["cold"][call].append(page.evaluate(call))
                times["warm"][call].append(reopened(page, call))
                page.context.close()
    for kind, calls in times.items():
        print_ratio(kind, median(calls[READY]), median(calls[BARE]), goal="≤ 1.25")
