"""web/senmei.js: a network that has not the memory for a tile gets smaller ones."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route

from browser.api_page import MODEL, open_page, pixels, upscale
from browser.faulty_workers import faulty_workers
from browser.watched import Native, Watch, farthest, to_base64, watched_page
from drawings import drawing, saved

RUN = "await session.run(inputs)"


def fail_above(page: Page, side: int, failure: str) -> list[int]:
    """Makes the runtime fail for dark tiles with a longer side, which the self-test's are not; returns a list that will
    hold 1 once it was served so."""
    served: list[int] = []

    def patched(route: Route) -> None:
        script = route.fetch()
        assert script.text().count(RUN) == 1
        body = script.text().replace(
            RUN,
            f"""await (Math.max(...inputs.input.dims) > {side} && inputs.input.data.every((value) => value < 0.5)
                ? Promise.reject({failure}) : session.run(inputs))""",
        )
        served.append(1)
        route.fulfill(response=script, body=body)

    page.context.route("**/workers/inference.js", patched)
    return served


@pytest.mark.parametrize(
    "failure",
    [
        "new Error('failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc')",
        "new RangeError('Array buffer allocation failed')",
        "12345678",
    ],
)
def test_tiles_that_do_not_fit_are_halved(fresh_api: tuple[Page, Watch], native: Native, failure: str) -> None:
    page, watch = fresh_api
    served = fail_above(page, 120, failure)
    data = saved(drawing(230, 170) // 3)
    result = page.evaluate(
        "async ([data, model]) => outcome((await Upscaler.create({ model })).upscale(bytes(data)))",
        [to_base64(data), MODEL],
    )
    assert served
    assert farthest(pixels(result), native(data, model=MODEL)) <= 1
    assert watch.complaints == []


@pytest.mark.parametrize(("fault", "code"), [("memory", "too-large"), ("throws", "engine-failed")])
def test_what_never_fits_or_fails_otherwise_ends_the_job(chromium: Browser, origin: str, fault: str, code: str) -> None:
    with watched_page(chromium, origin) as (page, watch), faulty_workers(page) as workers:
        open_page(page, origin)
        page.evaluate("async (model) => { globalThis.up = await Upscaler.create({ model }); }", MODEL)
        workers.decide = lambda facts: fault if facts["at"] == "run" else ""
        result = upscale(page, saved(drawing(90, 70)))
        assert workers.suffered[fault] and result["code"] == code, result
        assert "Traceback" not in result["message"]
        assert watch.complaints == []
