"""What the engine worker knows of the browser before it tries anything, and what it loads before Python is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from browser.fleet_page import fleet_page

MODEL = "upconv7-anime-2x-n1.onnx"
CARD = {"file": MODEL, "winograd": {"file": "upconv7-anime-2x-n1.winograd.onnx"}}
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15"
)
CHROME_ON_IOS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/137.0.7151.79 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 "
    "Safari/537.36 Edg/137.0.0.0"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(scope="module")
def shared_page(chromium: Browser, origin: str) -> Iterator[Page]:
    with fleet_page(chromium, origin) as (page, _):
        yield page


def facts_of(page: Page) -> dict[str, Any]:
    facts: dict[str, Any] = page.evaluate(
        "async () => (await import('../workers/facts.js')).browserFacts('what was remembered')"
    )
    return facts


@pytest.mark.parametrize("isolated", [True, False])
def test_threads_need_an_isolated_page(chromium: Browser, origin: str, isolated: bool) -> None:
    with fleet_page(chromium, origin, isolated=isolated) as (page, watch):
        facts = facts_of(page)
        assert facts["sharedMemory"] is isolated
        assert facts["cores"] == page.evaluate("() => navigator.hardwareConcurrency")
        assert facts["browser"] == page.evaluate("() => navigator.userAgent")
        assert facts["remembered"] == "what was remembered"
        assert facts["jspi"] is True
        assert watch.complaints == []


def test_threads_need_memory_that_can_be_shared(chromium: Browser, origin: str) -> None:
    with fleet_page(chromium, origin) as (page, _):
        page.evaluate("() => { WebAssembly.Memory = function () { throw new RangeError('no'); }; }")
        assert facts_of(page)["sharedMemory"] is False


@pytest.mark.parametrize(
    ("user_agent", "is_webkit"), [(SAFARI, True), (CHROME_ON_IOS, True), (EDGE, False), (FIREFOX, False)]
)
def test_webkit_is_known_by_its_name(chromium: Browser, origin: str, user_agent: str, is_webkit: bool) -> None:
    with fleet_page(chromium, origin, user_agent=user_agent) as (page, _):
        assert facts_of(page)["webkit"] is is_webkit


@pytest.mark.parametrize(
    ("answer", "gpu"),
    [
        ("new Promise(() => undefined)", None),
        ("Promise.reject(new Error('no'))", None),
        ("Promise.resolve(null)", None),
        (
            "Promise.resolve({ info: { vendor: 'a', architecture: '', device: '', description: 'b' } })",
            {"identity": "a b", "isFallback": False},
        ),
        (
            "Promise.resolve({ info: { vendor: 'a', architecture: 'x', isFallbackAdapter: true } })",
            {"identity": "a x", "isFallback": True},
        ),
    ],
)
def test_a_gpu_that_does_not_answer_is_none(
    chromium: Browser, origin: str, answer: str, gpu: dict[str, Any] | None
) -> None:
    with fleet_page(chromium, origin) as (page, watch):
        page.evaluate(f"() => {{ GPU.prototype.requestAdapter = () => {answer}; }}")
        assert page.evaluate("async () => (await import('../workers/facts.js')).gpuFacts()") == gpu
        assert watch.complaints == []


def test_another_runtime_has_another_identity(chromium: Browser, origin: str) -> None:
    with fleet_page(chromium, origin) as (page, _):
        identity = """async (sizes) => (await import('../workers/facts.js')).runtimeIdentity(sizes)"""
        sizes = {"vendor/onnxruntime/a.wasm": 12, "index.html": 4}
        same = page.evaluate(identity, {**sizes, "index.html": 5})
        assert page.evaluate(identity, sizes) == same != ""
        assert page.evaluate(identity, {**sizes, "vendor/onnxruntime/a.wasm": 13}) != same


ANY = {"provider": "auto", "threads": None, "workers": None, "graph": "auto"}
ONE = {"provider": "wasm", "threads": 1, "graph": "winograd"}
TWO = {"provider": "wasm", "threads": 2, "graph": "winograd"}
GPU = {"provider": "webgpu", "threads": 1, "graph": "direct"}
DIRECT = {"graph": "direct"}
REAL = {"identity": "a", "isFallback": False}
SOFTWARE = {"identity": "a", "isFallback": True}


def first(rung: object) -> str:
    return json.dumps({"first": {MODEL: rung}, "more": 1})


@pytest.mark.parametrize(
    ("choice", "shared", "remembered", "gpu", "rung"),
    [
        (ANY, True, None, REAL, ONE),
        (ANY, True, first(GPU), REAL, GPU),
        (ANY, True, first(GPU), SOFTWARE, ONE),
        (ANY, True, first(GPU), None, ONE),
        (ANY, True, first(TWO), None, TWO),
        (ANY, False, first(TWO), None, ONE),
        (ANY, True, json.dumps({"first": {"another.onnx": TWO}}), None, ONE),
        (ANY, True, first({"provider": "abacus", "threads": 2}), None, ONE),
        (ANY, True, first({"provider": "wasm", "threads": "2"}), None, ONE),
        (ANY, True, first(None), None, ONE),
        (ANY, True, "[1", None, ONE),
        (ANY, True, "null", None, ONE),
        ({**ANY, "provider": "wasm"}, True, first(GPU), REAL, ONE),
        ({**ANY, "provider": "wasm"}, True, first(TWO), REAL, TWO),
        ({**ANY, "provider": "webgpu"}, True, first(TWO), SOFTWARE, GPU),
        ({**ANY, "threads": 2}, True, first(GPU), REAL, TWO),
        ({**ANY, "threads": 2}, False, first(GPU), REAL, ONE),
        (ANY, True, first(TWO | DIRECT), None, TWO | DIRECT),
        (ANY, False, first(TWO | DIRECT), None, ONE | DIRECT),
        (ANY, True, first({"provider": "wasm", "threads": 1}), None, ONE),
        (ANY, True, first(ONE | {"graph": 5}), None, ONE),
        (ANY | DIRECT, True, None, REAL, ONE | DIRECT),
        (ANY | DIRECT, True, first(GPU), REAL, GPU),
        ({**ANY, "graph": "winograd"}, True, first(GPU), REAL, ONE),
        ({**ANY, "graph": "winograd"}, True, first(ONE | DIRECT), None, ONE),
    ],
)
def test_what_is_loaded_before_python_is_there(
    shared_page: Page,
    choice: dict[str, Any],
    shared: bool,
    remembered: str | None,
    gpu: dict[str, Any] | None,
    rung: dict[str, Any],
) -> None:
    likely = shared_page.evaluate(
        """([cards, choice, facts, gpu]) => Promise.all(cards.map(async (card) => {
            const { likelyRung } = await import('../workers/head-start.js');
            return likelyRung(card, choice, facts, Promise.resolve(gpu));
        }))""",
        [[CARD, CARD | {"winograd": None}], choice, {"sharedMemory": shared, "remembered": remembered}, gpu],
    )
    assert likely == [rung, rung | DIRECT]
