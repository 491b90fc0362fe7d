"""web/senmei.js: what computes can be chosen and is told, and an engine that ends lets nobody wait."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from browser.api_page import MODEL, open_page, pixels
from browser.watched import Native, Watch, farthest, to_base64, wait_until_workers_end
from drawings import drawing, saved

# Keeps every worker that the page makes.
KEPT_WORKERS = """
    globalThis.made = [];
    globalThis.Worker = class extends Worker {
        constructor(...asked) {
            super(...asked);
            made.push(this);
        }
    };
"""


@pytest.mark.parametrize(
    "choice",
    [
        {"provider": "wasm", "threads": 1, "workers": 1},
        {"provider": "wasm", "threads": 2, "workers": 1},
        {"threads": 1, "workers": 2},
    ],
    ids=str,
)
def test_what_computes_can_be_chosen(api: Page, native: Native, choice: dict[str, Any]) -> None:
    data = saved(drawing(160, 120))
    result, report = api.evaluate(
        """async ([data, model, choice]) => {
            const one = await Upscaler.create({ model, ...choice });
            const result = await outcome(one.upscale(bytes(data)));
            const report = JSON.parse(JSON.stringify(await one.engine()));
            await one.dispose();
            return [result, report];
        }""",
        [to_base64(data), MODEL, choice],
    )
    assert farthest(pixels(result), native(data, model=MODEL)) <= 1
    expected = ("wasm", choice["workers"], choice["threads"])
    assert (result["provider"], result["workers"], result["threads"]) == expected
    assert (report["provider"], report["workers"], report["threads"]) == expected
    (chosen,) = [rung for rung in report["rungs"] if rung["state"] == "chosen"]
    assert (chosen["provider"], chosen["workers"], chosen["threads"]) == expected
    # Nothing of it is undefined, which JSON leaves out.
    assert chosen["reason"] is None and {"memoryGb", "idleShare"} <= report.keys()
    assert chosen["differs"] <= 2 and chosen["megapixelMs"] > 0
    assert report["cores"] == api.evaluate("() => navigator.hardwareConcurrency")
    assert report["gpu"] is None and report["sharedMemory"] is True and report["troubles"] == []


def test_a_gpu_that_is_not_there_is_refused_in_a_sentence(api: Page) -> None:
    result = api.evaluate("(model) => outcome(Upscaler.create({ model, provider: 'webgpu' }))", MODEL)
    assert (result["code"], result["message"]) == ("engine-failed", "This browser offers no GPU.")


def test_an_engine_that_dies_lets_nobody_wait(fresh_api: tuple[Page, Watch], origin: str) -> None:
    page, watch = fresh_api
    page.add_init_script(KEPT_WORKERS)
    open_page(page, origin)
    answers = page.evaluate(
        """async ([data, model]) => {
            const up = await Upscaler.create({ model });
            const job = outcome(up.upscale(bytes(data), { scale: 16 }));
            const [engine] = made;
            engine.terminate();
            const answers = [await job, await outcome(up.plan(bytes(data)))];
            await up.dispose();
            return answers;
        }""",
        [to_base64(saved(drawing(200, 150))), MODEL],
    )
    assert [(answer["code"], answer["message"]) for answer in answers] == [
        ("engine-failed", "The engine worker has died.")
    ] * 2
    wait_until_workers_end(page)
    again = page.evaluate("async (model) => (await Upscaler.create({ model })).model", MODEL)
    assert again == MODEL
    assert watch.complaints == []


def test_dispose_waits_for_no_test(fresh_api: tuple[Page, Watch]) -> None:
    page, watch = fresh_api
    page.evaluate(
        """async (model) => {
            const choices = [{ model }, { model, threads: 2 }];
            const [one, other] = await Promise.all(choices.map((choice) => Upscaler.create(choice)));
            const warming = [outcome(one.warmup()), outcome(other.warmup())];
            await Promise.all([one.dispose(), other.dispose()]);
            await Promise.all(warming);
        }""",
        MODEL,
    )
    wait_until_workers_end(page)
    assert watch.complaints == []
