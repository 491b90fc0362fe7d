"""web/senmei.js: cancelling, sharing, failing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route

from browser.api_page import MODEL, pixels
from browser.watched import Native, Watch, farthest, to_base64, wait_until_workers_end
from drawings import drawing, saved
from models_folder import catalogue


def test_an_abort_ends_the_job_with_an_aborterror_and_the_next_one_works(api: Page) -> None:
    data, small = saved(drawing(700, 600)), saved(drawing(30, 20))
    results = api.evaluate(
        """async ([data, small]) => {
            const aborted = AbortSignal.abort();
            const late = new AbortController();
            let tilesAfter = 0, wasAborted = false;
            const during = outcome(up.upscale(bytes(data), {
                signal: late.signal,
                onProgress: ({ stage, done }) => {
                    if (stage !== 'infer' || done !== 1) return;
                    late.abort('a reason');
                    wasAborted = true;
                },
                onTile: () => { if (wasAborted) tilesAfter += 1; },
            }));
            return {
                before: await outcome(up.upscale(bytes(data), { signal: aborted })),
                during: await during,
                next: await outcome(up.upscale(bytes(small), { signal: new AbortController().signal })),
                creating: await outcome(Upscaler.create({ model: up.model, signal: aborted })),
                tilesAfter,
            };
        }""",
        [to_base64(data), to_base64(small)],
    )
    for name in ("before", "during", "creating"):
        assert results[name]["error"] == "AbortError", results[name]
    assert pixels(results["next"]).shape == (40, 60, 3)
    # What was computing when the signal fired may still arrive; of the 9 tiles and more no further one is begun.
    assert results["tilesAfter"] <= 4


def test_jobs_one_after_the_other_and_at_once_keep_apart(api: Page, native: Native) -> None:
    first, second = saved(drawing(90, 60, seed=1)), saved(drawing(50, 70, seed=2))
    expected = [native(first, model=MODEL), native(second, model=MODEL)]
    results = api.evaluate(
        """async ([first, second]) => [
            await outcome(up.upscale(bytes(first))),
            await outcome(up.upscale(bytes(second))),
            ...await Promise.all([outcome(up.upscale(bytes(first))), outcome(up.upscale(bytes(second)))]),
        ]""",
        [to_base64(first), to_base64(second)],
    )
    for result, oracle in zip(results, expected * 2, strict=True):
        assert farthest(pixels(result), oracle) <= 1


def test_models_at_once_share_the_pool(api: Page, native: Native) -> None:
    data = saved(drawing(90, 60))
    other = "upconv7-photo-2x"
    results = api.evaluate(
        """async ([data, other]) => {
            const second = await Upscaler.create({ model: other });
            const results = await Promise.all([outcome(up.upscale(bytes(data))), outcome(second.upscale(bytes(data)))]);
            await second.dispose();
            return results;
        }""",
        [to_base64(data), other],
    )
    assert farthest(pixels(results[0]), native(data, model=MODEL)) <= 1
    assert farthest(pixels(results[1]), native(data, model=other)) <= 1


@pytest.mark.parametrize(
    ("call", "code", "sentence"),
    [
        ("up.upscale(new Blob(['no picture']))", "unsupported-format", "no picture"),
        ("up.upscale(new Blob([]))", "unsupported-format", "empty"),
        ("up.upscale(bytes('iVBORw0KGgpnYXJiYWdl'))", "corrupt-image", "damaged"),
        ("up.upscale(new Blob([]), { scale: 17 })", "invalid-option", "17 is outside 1 to 16"),
        ("up.upscale(new Blob([]), { scale: '2' })", "invalid-option", "“scale” is a number from 1 to 16, not “2”"),
        ("up.upscale(new Blob([]), { scale: NaN })", "invalid-option", "not NaN"),
        ("up.upscale(new Blob([]), { scale: 2, width: 9 })", "invalid-option", "not both"),
        ("up.upscale(new Blob([]), { width: 2.5 })", "invalid-option", "“width” is a whole number of pixels, not 2.5"),
        ("up.upscale(new Blob([]), { height: 0 })", "invalid-option", "height 0 is too small"),
        ("up.upscale(new Blob([]), { strength: 1.5 })", "invalid-option", "1.5 is outside 0 to 1"),
        ("up.upscale(new Blob([]), { tta: 1 })", "invalid-option", "“tta” is true or false, not 1"),
        ("up.upscale(new Blob([]), { format: 'bmp' })", "invalid-option", "“bmp”"),
        ("up.upscale(new Blob([]), { format: 7 })", "invalid-option", "“format” is a text such as “png”, not 7"),
        ("up.upscale(new Blob([]), { format: 'jpeg', quality: 0 })", "invalid-option", "quality 0"),
        ("up.upscale(new Blob([]), { quality: 90, format: 'png' })", "invalid-option", "PNG loses nothing"),
        ("up.upscale(new Blob([]), { depth: 12 })", "invalid-option", "depth 12 is unknown"),
        ("up.upscale(new Blob([]), { metadata: 'all' })", "invalid-option", "“all” is unknown"),
        ("up.upscale(new Blob([]), { signal: {} })", "invalid-option", "“signal” is an AbortSignal, not a Object"),
        ("up.upscale(new Blob([]), { onTile: true })", "invalid-option", "“onTile” is a function, not true"),
        ("up.upscale(new Blob([]), { writeTo: 'a.png' })", "invalid-option", "a FileSystemFileHandle, not “a.png”"),
        ("up.upscale(new Blob([]), { scales: 2 })", "invalid-option", "no option “scales”"),
        ("up.upscale(new Blob([]), 2)", "invalid-option", "options are an object, not 2"),
        ("up.plan(new Blob(['no picture']))", "unsupported-format", "no picture"),
        ("up.plan(new Blob([]), { scale: 17 })", "invalid-option", "17 is outside 1 to 16"),
        ("up.preview(new Blob(['no picture']))", "unsupported-format", "no picture"),
        ("up.preview(new Blob([]), { longest: 0 })", "invalid-option", "“longest”"),
        ("up.upscale({})", "invalid-option", "A Object is no picture source"),
        ("up.upscale(new Image())", "invalid-option", "no picture yet"),
        ("up.upscale(new OffscreenCanvas(0, 5))", "invalid-option", "canvas is empty"),
        ("up.upscale('')", "invalid-option", "URL of the picture is empty"),
        (
            "up.upscale('data:image/png;base64')",
            "invalid-option",
            "“data:image/png;base64” is malformed: it has no comma",
        ),
        (
            "up.upscale(`data:image/png;base64,${'é'.repeat(99)}`)",
            "invalid-option",
            "ééé…” is malformed: its data is not",
        ),
        ("up.upscale(new URL('data:image/png;base64,iVBO!'))", "invalid-option", "not base64"),
        ("up.upscale('data:,no%20picture')", "unsupported-format", "no picture"),
        ("Upscaler.create({ model: 'upconv7' })", "model-unavailable", "no model “upconv7”"),
        ("Upscaler.create({})", "invalid-option", "undefined"),
        (
            "Upscaler.create({ model: 'any', provider: 'gpu' })",
            "invalid-option",
            "“provider” is “auto”, “webgpu” or “wasm”, not “gpu”",
        ),
        ("Upscaler.create({ model: 'any', threads: 0 })", "invalid-option", "“threads” is a whole number, 1 or more"),
        ("Upscaler.create({ model: 'any', workers: 1.5 })", "invalid-option", "“workers” is a whole number, 1 or more"),
    ],
)
def test_wrong_calls_get_a_code_and_a_sentence(api: Page, call: str, code: str, sentence: str) -> None:
    result = api.evaluate(f"() => outcome({call})")
    assert result["error"] == "SenmeiError" and result["isSenmei"], result
    assert result["code"] == code and sentence in result["message"]
    assert "Traceback" not in result["message"]


def test_a_missing_url_is_a_network_error(shared_api: tuple[Page, Watch]) -> None:
    page, _ = shared_api
    result = page.evaluate("() => outcome(up.upscale('../missing.png'))")
    assert (result["code"], result["message"]) == (
        "network",
        "“../missing.png” cannot be fetched; the server answered 404.",
    )


def test_the_models_are_listed(api: Page) -> None:
    listed = api.evaluate("() => listModels()")
    assert [model["id"] for model in listed] == [card.id for card in catalogue()]
    assert {"id", "content", "scale", "noise", "family", "title", "licence"} <= listed[0].keys()


def test_upscalers_share_one_engine_and_the_last_one_ends_it(fresh_api: tuple[Page, Watch]) -> None:
    page, watch = fresh_api
    page.evaluate(
        """async (model) => {
            globalThis.one = await Upscaler.create({ model });
            globalThis.workers = 0;
            globalThis.two = await Upscaler.create({ model: 'upconv7-photo-2x' });
        }""",
        MODEL,
    )
    cores = page.evaluate("() => Math.min(navigator.hardwareConcurrency, 2 * (navigator.deviceMemory ?? 4))")
    # The workers after the first are made once Python is there.
    page.evaluate("() => one.warmup()")
    assert len(page.workers) == 1 + cores
    data = to_base64(saved(drawing(30, 20)))
    result = page.evaluate(
        """async (data) => {
            await two.warmup();
            const pending = outcome(one.upscale(bytes(data), { scale: 16 }));
            await one.dispose();
            await one.dispose();
            return [await pending, await outcome(one.upscale(bytes(data))), await outcome(two.upscale(bytes(data)))];
        }""",
        data,
    )
    assert [entry.get("code") for entry in result] == ["disposed", "disposed", None]
    page.evaluate("() => two.dispose()")
    wait_until_workers_end(page)
    assert pixels(
        page.evaluate(
            "async ([data, model]) => outcome((await Upscaler.create({ model })).upscale(bytes(data)))", [data, MODEL]
        )
    ).shape == (40, 60, 3)
    assert watch.complaints == []


@pytest.mark.parametrize(
    "lost", ["models/upconv7-anime-2x-n1.onnx", "vendor/pyodide/python_stdlib.zip", "python/*.whl"]
)
def test_a_failed_download_is_told_and_can_be_tried_again(fresh_api: tuple[Page, Watch], lost: str) -> None:
    page, _ = fresh_api

    def fail(route: Route) -> None:
        route.fulfill(status=503, body="not now")

    page.context.route(f"**/{lost}", fail)
    result = page.evaluate("(model) => outcome(Upscaler.create({ model }))", MODEL)
    assert result["error"] == "SenmeiError" and result["code"] in ("network", "engine-failed"), result
    assert "Traceback" not in result["message"] and "\n" not in result["message"]
    page.context.unroute(f"**/{lost}", fail)
    data = to_base64(saved(drawing(30, 20)))
    again = page.evaluate(
        "async ([data, model]) => outcome((await Upscaler.create({ model })).upscale(bytes(data)))", [data, MODEL]
    )
    assert pixels(again).shape == (40, 60, 3)


def test_a_callback_that_throws_harms_only_itself(shared_api: tuple[Page, Watch]) -> None:
    page, watch = shared_api
    watch.complaints.clear()
    result = page.evaluate(
        """(data) => {
            const onProgress = () => { throw new Error('a fault of the page'); };
            return outcome(up.upscale(bytes(data), { onProgress }));
        }""",
        to_base64(saved(drawing(30, 20))),
    )
    assert pixels(result).shape == (40, 60, 3)
    assert watch.complaints and all("a fault of the page" in complaint for complaint in watch.complaints)
