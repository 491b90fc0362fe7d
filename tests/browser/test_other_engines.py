"""The built site in Firefox and WebKitGTK, where they are installed: the same answers as everywhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from browser.api_page import MODEL
from browser.other_engines import MISSING, Evaluate, opened_in
from browser.watched import Native, farthest, to_base64
from drawings import drawing, opened, saved

ENGINES = [
    pytest.param(engine, environment, id=name, marks=pytest.mark.skipif(bool(MISSING[engine]), reason=MISSING[engine]))
    for name, engine, environment in (
        ("Firefox", "firefox", {}),
        # Like Safari's on iOS and on plain hosts: no shared memory, so no threads.
        ("WebKit", "webkit", {}),
        ("WebKit with shared memory", "webkit", {"JSC_useSharedArrayBuffer": "1"}),
    )
]

UPSCALE = """async (model, data, create) => {
    const { Upscaler } = await import('/senmei.js');
    const up = await Upscaler.create({ model, ...create });
    const picture = new Blob([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))]);
    const { blob, provider, workers, threads, notes } = await up.upscale(picture);
    const engine = await up.engine();
    await up.dispose();
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const file = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    return { file, provider, workers, threads, notes, engine, hasShared: typeof SharedArrayBuffer !== 'undefined' };
}"""


@pytest.fixture
def page(engine: str, environment: dict[str, str], origin: str) -> Iterator[Evaluate]:
    # A page of the site that starts nothing by itself.
    with opened_in(engine, f"{origin}licences.txt", **environment) as evaluate:
        yield evaluate


def pixels(result: dict[str, Any]) -> Any:
    return opened(base64.b64decode(result["file"]))


@pytest.mark.parametrize(("engine", "environment"), ENGINES)
def test_the_result_is_the_command_lines(page: Evaluate, native: Native, environment: dict[str, str]) -> None:
    data = saved(drawing(97, 61))
    result = page(UPSCALE, MODEL, to_base64(data), {})
    assert farthest(pixels(result), native(data)) <= 1
    assert result["provider"] == "wasm"
    assert result["notes"] == []
    assert result["engine"]["sharedMemory"] == result["hasShared"]


FAILURE = """async (model, create) => {
    const { Upscaler } = await import('/senmei.js');
    try {
        await (await Upscaler.create({ model, ...create })).dispose();
        return null;
    } catch ({ code, message }) {
        return { code, message };
    }
}"""


@pytest.mark.parametrize(("engine", "environment"), ENGINES[:2])
def test_threads_where_memory_can_be_shared(page: Evaluate, native: Native, engine: str) -> None:
    forced = {"provider": "wasm", "workers": 1, "threads": 2}
    if engine == "webkit":
        failure = page(FAILURE, MODEL, forced)
        assert failure["code"] == "engine-failed"
        assert "SharedArrayBuffer" in failure["message"]
        return
    data = saved(drawing(97, 61))
    result = page(UPSCALE, MODEL, to_base64(data), forced)
    assert (result["workers"], result["threads"], result["notes"]) == (1, 2, [])
    assert farthest(pixels(result), native(data)) <= 1
