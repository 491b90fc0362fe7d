"""The two graphs of a model in the built site: the faster one is found and remembered, either can be forced."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route

from browser.api_page import CREATE, MODEL, open_page, opened_up, pixels, upscale
from browser.faulty_workers import faulty_workers, report
from browser.fleet_page import fleet_page, output_of, right_output
from browser.watched import Native, farthest, known_page, to_base64, watched_page
from drawings import drawing, saved

DATA = saved(drawing(220, 160, seed=8))
IS_COMPARED = """() => {
    const { models } = JSON.parse(localStorage.getItem('senmei.rungs') ?? '{"models": {}}');
    return Object.values(models).some(({ gain }) => gain > 0);
}"""
FILES = [f"models/{MODEL}.onnx", f"models/{MODEL}.winograd.onnx"]


def graphs_of(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The one-threaded rungs of a report, by their graphs."""
    return {one["graph"]: one for one in told["rungs"] if (one["provider"], one["threads"]) == ("wasm", 1)}


def test_the_faster_graph_is_found_out_once_and_remembered(chromium: Browser, origin: str) -> None:
    with watched_page(chromium, origin) as (page, watch):
        opened_up(page, origin)
        first = report(page)
        assert (first["graph"], first["gain"]) == ("winograd", None), "a guess, until both were compared"
        page.wait_for_function(IS_COMPARED)
        told = report(page)
        assert told["gain"] > 0
        assert told["graph"] == ("winograd" if told["gain"] > 1 else "direct")
        chosen, other = (graphs_of(told)[one] for one in sorted(graphs_of(told), key=lambda one: one != told["graph"]))
        assert (chosen["state"], other["state"]) == ("chosen", "slower")
        ratio = graphs_of(told)["direct"]["megapixelMs"] / graphs_of(told)["winograd"]["megapixelMs"]
        assert ratio == pytest.approx(told["gain"], rel=0.1)
        assert max(one["differs"] for one in (chosen, other)) <= 2
        result = upscale(page, DATA)
        assert (result["graph"], result["notes"]) == (told["graph"], [])
        fetched = Counter(url.removeprefix(origin) for url in watch.requests)
        assert [fetched[file] for file in FILES] == [1, 1]
        page.evaluate("() => up.dispose()")
        opened_up(page, origin)
        again = report(page)
        assert (again["gain"], again["graph"]) == (told["gain"], told["graph"])
        assert all(one["megapixelMs"] for one in graphs_of(again).values())
        assert upscale(page, DATA)["data"] == result["data"]
        assert watch.complaints == []


def test_either_graph_can_be_forced_and_both_make_the_same(api: Page, native: Native) -> None:
    made = {}
    for graph in ("direct", "winograd"):
        result, told = api.evaluate(
            """async ([data, model, graph]) => {
                const one = await Upscaler.create({ model, graph });
                const result = await outcome(one.upscale(bytes(data)));
                const report = await one.engine();
                await one.dispose();
                return [result, report];
            }""",
            [to_base64(DATA), MODEL, graph],
        )
        assert (result["graph"], result["provider"], result["notes"], told["graph"]) == (graph, "wasm", [], graph)
        assert graphs_of(told)[graph]["state"] == "chosen"
        made[graph] = pixels(result)
    assert farthest(made["direct"], made["winograd"]) <= 1
    natively = native(DATA, graph="winograd")
    assert all(farthest(natively, one) <= 1 for one in made.values())


def test_a_graph_without_weights_takes_them_from_another_file(chromium: Browser, origin: str, site: Path) -> None:
    with fleet_page(chromium, origin) as (page, watch):
        model, graph = (file.removeprefix("models/") for file in FILES)
        alone, run, direct = page.evaluate(
            """async ([graph, model]) => {
                const [one, other] = [await fleet.make('wasm', 1), await fleet.make('wasm', 1)];
                const alone = await failure(fleet.load(other, graph, null));
                await Promise.all([fleet.load(one, graph, model), fleet.load(one, model, null)]);
                const [run, direct] = [fleet.run(one, graph, feeds(48)), fleet.run(one, model, feeds(48))];
                return [alone, await outcome(run), await outcome(direct)];
            }""",
            [graph, model],
        )
        assert alone is not None, "it holds none itself"
        assert np.abs(output_of(run) - output_of(direct)).max() < 1e-3
        assert np.abs(output_of(run) - right_output(site / "models" / model, 48)).max() < 1e-3
        assert [watch.requests.count(f"{origin}{file}") for file in FILES] == [1, 1]


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"graph": "winograd", "provider": "webgpu"}, "The graph “winograd” is for “wasm”; WebGPU runs “direct”."),
        ({"graph": "fast"}, "The option “graph” is “auto”, “direct” or “winograd”, not “fast”."),
    ],
)
def test_a_graph_that_cannot_be_had_is_refused(api: Page, choice: dict[str, str], told: str) -> None:
    failed = api.evaluate("(choice) => outcome(Upscaler.create(choice))", {"model": MODEL, **choice})
    assert (failed["code"], failed["message"]) == ("invalid-option", told)


def test_without_its_file_the_direct_graph_computes(chromium: Browser, origin: str) -> None:
    # The browser itself speaks of the request that failed.
    with known_page(chromium, origin) as (page, _):

        def missing(route: Route) -> None:
            route.fulfill(status=404, body="not here")

        page.route("**/*.winograd.onnx", missing)
        opened_up(page, origin)
        result = upscale(page, DATA)
        assert result["graph"] == "direct"
        (note,) = result["notes"]
        assert note.startswith("WebAssembly with Winograd convolutions cannot be had") and "404" in note
        assert graphs_of(report(page))["winograd"]["reason"] == note


def test_what_fails_in_a_job_on_one_graph_is_computed_on_the_other(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, _), faulty_workers(page) as workers:
        open_page(page, origin)
        page.evaluate(CREATE, [MODEL, {"threads": 1}])
        quiet = upscale(page, DATA)
        assert quiet["graph"] == "winograd"
        workers.decide = lambda facts: "throws" if facts["at"] == "run" and facts["graph"] == "winograd" else ""
        result = upscale(page, DATA)
        assert (result["graph"], result["workers"]) == ("direct", quiet["workers"])
        assert any(
            note.startswith("WebAssembly with Winograd convolutions failed") and "; WebAssembly went on." in note
            for note in result["notes"]
        )
        assert farthest(pixels(result), pixels(quiet)) <= 1
