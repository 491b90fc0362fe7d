"""WebGPU in the built site, computed by the processor: it is right for every model, and its loss ends no job."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from browser.api_page import opened_up, pixels, upscale
from browser.faulty_workers import faulty_workers, report, rung
from browser.fleet_page import fleet_page, output_of
from browser.test_faults import RIGHT
from browser.watched import farthest, watched_page
from drawings import drawing, saved
from senmei.catalogue import Catalogue
from senmei.sessions.golden import MOST_DIFFERS, GoldenTile


def test_a_software_gpu_is_left_alone_unless_it_is_wanted(gpu_chromium: Browser, origin: str) -> None:
    tiny = saved(drawing(24, 20, seed=5))
    with watched_page(gpu_chromium, origin) as (page, _), faulty_workers(page) as workers:
        opened_up(page, origin, graph="direct")
        gpu = rung(report(page), "webgpu", 1)
        assert gpu["state"] == "dropped" and "computed by the processor" in gpu["reason"]
        by_wasm = upscale(page, tiny)
        assert by_wasm["provider"] == "wasm" and by_wasm["notes"] == []
        page.evaluate("() => up.dispose()")
        opened_up(page, origin, provider="webgpu", graph="direct")
        by_gpu = upscale(page, tiny)
        assert (by_gpu["provider"], by_gpu["notes"]) == ("webgpu", [])
        assert farthest(pixels(by_gpu), pixels(by_wasm)) <= RIGHT
        lost: list[str] = []

        def decide(facts: dict[str, str]) -> str:
            if facts["at"] == "run" and not lost:
                lost.append(facts["worker"])
                return "lost"
            return ""

        workers.decide = decide
        mended = upscale(page, tiny)
        assert lost and farthest(pixels(mended), pixels(by_wasm)) <= RIGHT
        assert mended["provider"] == "webgpu"
        assert mended["notes"] == ["Tiles had to be computed again: the GPU was lost once."]
        workers.decide = lambda facts: "lost" if facts["at"] == "run" and facts["provider"] == "webgpu" else ""
        fallen = upscale(page, tiny)
        assert fallen["provider"] == "wasm" and farthest(pixels(fallen), pixels(by_wasm)) <= 1
        assert any("WebGPU failed (The GPU device was lost" in note for note in fallen["notes"])


def test_every_network_computes_the_same_on_webgpu(gpu_chromium: Browser, origin: str, site: Path) -> None:
    """One model of each family, of those that pool one; others have the same kinds of layers, with other weights or
    another last one."""
    catalogue = Catalogue.from_json((site / "models" / "catalogue.json").read_text())
    networks = {card.pooled or card.family: card for card in catalogue}
    with fleet_page(gpu_chromium, origin) as (page, _):
        worker = page.evaluate("() => fleet.make('webgpu', 1)")
        for card in networks.values():
            golden = GoldenTile.from_npz((site / "models" / card.golden).read_bytes())
            feeds = {
                name: {"type": "float32", "dims": list(array.shape), "data": array.ravel().tolist()}
                for name, array in golden.feeds.items()
            }
            run = page.evaluate(
                """async ([worker, file, feeds]) => {
                    await fleet.load(worker, file);
                    for (const feed of Object.values(feeds)) feed.data = Float32Array.from(feed.data);
                    // The device does not outlive its last session.
                    return outcome(fleet.run(worker, file, feeds));
                }""",
                [worker, card.file, feeds],
            )
            differs = golden.differs({"output": output_of(run)})
            assert differs is not None and differs <= MOST_DIFFERS, card.id
