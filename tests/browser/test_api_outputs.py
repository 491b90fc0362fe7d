"""web/senmei.js: where results lie while they are made, and what is left of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, Route

from browser.api_page import MODEL, file_of, open_page, upscale
from browser.watched import NativeFile, Watch, farthest, to_base64
from drawings import saved
from senmei.codecs import decode
from senmei.picture import Picture

FILES = """async () => {
    const files = [];
    const walk = async (directory, path) => {
        for await (const [name, handle] of directory.entries()) {
            if (handle.kind === 'directory') await walk(handle, `${path}${name}/`);
            else files.push(`${path}${name}`);
        }
    };
    await walk(await navigator.storage.getDirectory(), '');
    return files;
}"""


def files(page: Page) -> list[str]:
    """What lies in the private file system of the page's origin."""
    found: list[str] = page.evaluate(FILES)
    return found


def noise(width: int, height: int) -> bytes:
    """A picture that no compression makes small."""
    return saved(np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8))


def spill_early(context: BrowserContext, kept_bytes: int = 200_000) -> None:
    """Makes results outgrow memory at a size that a test can afford."""

    def patched(route: Route) -> None:
        script = route.fetch()
        text = script.text()
        for name, size in (("KEPT_BYTES", kept_bytes), ("BLOB_BYTES", 50_000), ("WRITE_BYTES", 30_000)):
            text, count = re.subn(rf"const {name} = [^;]+;", f"const {name} = {size};", text)
            assert count == 1
        route.fulfill(response=script, body=text)

    context.route("**/workers/output-sink.js", patched)


def without_file_system(context: BrowserContext) -> None:
    """As WebKit has it on plain HTTP."""
    context.add_init_script("delete StorageManager.prototype.getDirectory; delete globalThis.FileSystemFileHandle;")

    def patched(route: Route) -> None:
        script = route.fetch()
        route.fulfill(response=script, body=f"delete globalThis.FileSystemFileHandle;\n{script.text()}")

    context.route("**/workers/engine.js", patched)


def start(page: Page, *sources: bytes) -> None:
    page.evaluate(
        """async ([model, ...sources]) => {
            globalThis.up = await Upscaler.create({ model });
            globalThis.sources = sources.map(bytes);
        }""",
        [MODEL, *map(to_base64, sources)],
    )


def samples(file: bytes) -> Any:
    picture = decode(file)
    assert isinstance(picture, Picture)
    return picture.pixels


def test_a_large_result_lies_on_disk(fresh_api: tuple[Page, Watch], native_file: NativeFile, tmp_path: Path) -> None:
    page, watch = fresh_api
    data = noise(860, 860)
    start(page, data)
    facts = page.evaluate(
        """async () => {
            globalThis.result = await up.upscale(sources[0], { strength: 0, scale: 4, depth: 16, name: 'noise' });
            const { blob, release, ...facts } = result;
            return { ...facts, size: blob.size, type: blob.type };
        }"""
    )
    assert facts["size"] > 64_000_000 and facts["type"] == "image/png" and facts["depth"] == 16
    assert len(files(page)) == 1
    # The engine may go; what was made stays.
    page.evaluate("() => up.dispose()")
    with page.expect_download() as download:
        page.evaluate(
            """() => {
                const link = document.createElement('a');
                link.href = URL.createObjectURL(result.blob);
                link.download = result.name;
                link.click();
            }"""
        )
    assert download.value.suggested_filename == "noise@4x.png"
    download.value.save_as(tmp_path / "made.png")
    made = (tmp_path / "made.png").read_bytes()
    assert len(made) == facts["size"]
    oracle = samples(native_file(data, strength=0, scale=4, depth=16))
    assert farthest(samples(made), oracle) <= 257
    page.evaluate("() => result.release()")
    assert files(page) == []
    assert watch.complaints == []


SMALL = noise(300, 200)


@pytest.fixture(scope="module")
def kept_in_memory(shared_api: tuple[Page, Watch]) -> bytes:
    page, _ = shared_api
    made = upscale(page, SMALL, strength=0)
    assert files(page) == []
    return file_of(made)


@pytest.mark.parametrize("place", ["disk", "blobs", "full disk"])
def test_every_place_gives_the_same_file(fresh_api: tuple[Page, Watch], kept_in_memory: bytes, place: str) -> None:
    page, watch = fresh_api
    spill_early(page.context)
    if place == "blobs":
        without_file_system(page.context)
        page.reload()
        page.wait_for_function("globalThis.isReady")
    if place == "full disk":
        session = page.context.new_cdp_session(page)
        quota = {"origin": page.evaluate("() => location.origin"), "quotaSize": 400_000}
        session.send("Storage.overrideQuotaForOrigin", quota)
    start(page, SMALL)
    result = page.evaluate(
        """async () => {
            globalThis.result = await up.upscale(sources[0], { strength: 0 });
            return outcome(Promise.resolve(result));
        }"""
    )
    assert file_of(result) == kept_in_memory and len(kept_in_memory) > 600_000
    if place != "blobs":
        assert len(files(page)) == 1
        size = page.evaluate(
            """async (path) => {
                let directory = await navigator.storage.getDirectory();
                const parts = path.split('/');
                for (const part of parts.slice(0, -1)) directory = await directory.getDirectoryHandle(part);
                return (await (await directory.getFileHandle(parts.at(-1))).getFile()).size;
            }""",
            files(page)[0],
        )
        if place == "disk":
            assert size == len(file_of(result))
        else:
            assert 200_000 <= size <= 400_000
        page.evaluate("() => result.release()")
        assert files(page) == []
    assert watch.complaints == []


def test_a_cancelled_job_leaves_no_file(fresh_api: tuple[Page, Watch]) -> None:
    page, watch = fresh_api
    spill_early(page.context)
    start(page, noise(900, 900))
    outcomes = page.evaluate(
        f"""async () => {{
            const files = {FILES};
            const stopped = async (stop) => {{
                const controller = new AbortController();
                const job = outcome(up.upscale(sources[0], {{ strength: 0, signal: controller.signal }}));
                while ((await files()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
                stop(controller);
                return job;
            }};
            const aborted = await stopped((controller) => controller.abort());
            while ((await files()).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
            let disposal;
            const disposed = await stopped(() => {{ disposal = up.dispose(); }});
            await disposal;
            return [aborted.error, disposed.code, await files()];
        }}"""
    )
    assert outcomes == ["AbortError", "disposed", []]
    assert watch.complaints == []


def test_files_of_pages_that_died_are_removed_and_those_of_living_ones_kept(
    fresh_api: tuple[Page, Watch], origin: str
) -> None:
    page, watch = fresh_api
    spill_early(page.context)
    data = noise(300, 200)
    large = "async () => { globalThis.result = await up.upscale(sources[0], { strength: 0 }); }"
    start(page, data)
    page.evaluate(large)
    [first] = files(page)
    second_page = page.context.new_page()
    open_page(second_page, origin)
    start(second_page, data)
    second_page.evaluate(large)
    assert len(files(second_page)) == 2 and first in files(second_page)
    assert page.evaluate("async () => (await result.blob.arrayBuffer()).byteLength === result.blob.size")
    page.evaluate("() => { globalThis.result = null; }")
    third_page = page.context.new_page()
    open_page(third_page, origin)
    page.close()
    start(third_page, data)
    third_page.evaluate(large)
    left = files(third_page)
    assert len(left) == 2 and first not in left
    assert second_page.evaluate("async () => (await result.blob.arrayBuffer()).byteLength === result.blob.size")
    assert watch.complaints == []


def test_a_result_is_written_to_a_chosen_file(fresh_api: tuple[Page, Watch]) -> None:
    page, watch = fresh_api
    start(page, noise(500, 400))
    outcomes = page.evaluate(
        """async () => {
            const root = await navigator.storage.getDirectory();
            const handle = await root.getFileHandle('mine.png', { create: true });
            const text = async () => (await handle.getFile()).text();
            const writable = await handle.createWritable();
            await writable.write('old');
            await writable.close();
            const options = { strength: 0, writeTo: handle };
            const damaged = (await outcome(up.upscale(sources[0].slice(0, 5000), options))).code;
            const afterDamaged = await text();
            const controller = new AbortController();
            const cancelled = (await outcome(up.upscale(sources[0], {
                ...options,
                signal: controller.signal,
                onProgress: ({ stage }) => stage === 'encode' && controller.abort(),
            }))).error;
            const afterCancelled = await text();
            const expected = await outcome(up.upscale(sources[0], { strength: 0 }));
            const { blob, name, release } = await up.upscale(sources[0], { ...options, format: 'png' });
            await release();
            const isFile = blob instanceof File && blob.name === 'mine.png';
            const made = await outcome(Promise.resolve({ blob }));
            const isSame = made.data === expected.data;
            const stored = await handle.getFile();
            const tiff = await up.upscale(sources[0], { ...options, format: 'tiff' });
            return {
                damaged, afterDamaged, cancelled, afterCancelled, isFile, isSame, name, type: made.type,
                size: [blob.size, stored.size], tiff: [tiff.blob.type, tiff.blob.name],
            };
        }"""
    )
    size = outcomes.pop("size")
    assert size[0] == size[1] > 1_500_000
    assert outcomes == {
        "damaged": "corrupt-image",
        "afterDamaged": "old",
        "cancelled": "AbortError",
        "afterCancelled": "old",
        "isFile": True,
        "isSame": True,
        "name": "picture@2x.png",
        "type": "image/png",
        "tiff": ["image/tiff", "mine.png"],
    }
    assert files(page) == ["mine.png"]
    assert watch.complaints == []


def test_a_chosen_file_that_cannot_be_written_is_told_before_the_work(fresh_api: tuple[Page, Watch]) -> None:
    page, watch = fresh_api
    start(page, noise(400, 400))
    result, stages = page.evaluate(
        """async () => {
            const root = await navigator.storage.getDirectory();
            const held = await root.getFileHandle('held.png', { create: true });
            // While a file is open like this, nobody else may write it.
            const code = `onmessage = async ({ data }) => {
                globalThis.access = await data.createSyncAccessHandle();
                postMessage('held');
            }`;
            const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
            await new Promise((resolve) => { worker.onmessage = resolve; worker.postMessage(held); });
            const stages = [];
            const result = await outcome(up.upscale(sources[0], {
                writeTo: held, strength: 0, onProgress: ({ stage }) => stages.push(stage),
            }));
            worker.terminate();
            return [result, stages];
        }"""
    )
    assert result["code"] == "invalid-option" and "“held.png” cannot be written" in result["message"]
    assert stages == []
    session = page.context.new_cdp_session(page)
    session.send(
        "Storage.overrideQuotaForOrigin",
        {"origin": page.evaluate("() => location.origin"), "quotaSize": 300_000},
    )
    result = page.evaluate(
        """async () => {
            const root = await navigator.storage.getDirectory();
            const handle = await root.getFileHandle('small.png', { create: true });
            return outcome(up.upscale(sources[0], { writeTo: handle, strength: 0 }));
        }"""
    )
    assert (result["code"], result["message"]) == (
        "too-large",
        "There is not enough room on the disk for “small.png”.",
    )
    assert watch.complaints == []
