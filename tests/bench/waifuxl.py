"""A pipeline in JavaScript after WaifuXL ÷ Senmei with the same model, PNG to PNG: see pages/waifuxl-worker.js.

WaifuXL's own network is a 2× Real-ESRGAN trained on drawings and cannot be had from a package; of the catalogue's,
Real-ESRGAN's network for drawings comes nearest.
"""

from __future__ import annotations

from bench.browser_bench import Contender, bench_browser
from bench.rivals import compete
from models_folder import catalogue

MODEL = "realesr-animevideov3-2x"

OPEN = """async ([model, scale]) => {
    const worker = module('./waifuxl-worker.js');
    globalThis.enlarge = async () => new Uint8Array(await answered(worker, { picture }));
    return await answered(worker, { model: `../models/${model}.onnx`, scale });
}"""


def main(repeats: int) -> None:
    """Prints one line for each size."""
    print(f"A pipeline in JavaScript after WaifuXL ÷ Senmei, {MODEL}")
    card = catalogue().get(MODEL)
    assert card.trim == 0, "its chunks are put together as they come out"
    with bench_browser() as browser:
        page = browser.open()
        threads = page.evaluate(OPEN, [MODEL, card.scale])
        rivals = {f"one session, threads: {threads}": Contender(page)}
        compete(browser.open_senmei(MODEL), rivals, MODEL, repeats, goals=dict.fromkeys(rivals, "≥ 1.85"))
