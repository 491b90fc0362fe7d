"""A page of the same site that runs told_pictures.py in the site's Pyodide, with the site's packages and wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

from browser import told_pictures
from browser.told_pictures import Arrays, packed, unpacked

PAGE = """<!doctype html><title>Python</title><link rel="icon" href="data:,">
<script type="module">
  const worker = new Worker('./worker.js', { type: 'module' });
  globalThis.ask = (name, request) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => data.error ? reject(new Error(data.error)) : resolve(data.answer);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage({ name, request });
  });
</script>"""

# Python starts as web/workers/engine.js starts it.
WORKER = """
import { loadPyodide } from '../vendor/pyodide/pyodide.mjs';

const site = new URL('../', import.meta.url);
const fetched = async (path) => fetch(new URL(path, site));

async function start() {
  const { wheel, bytecode } = await (await fetched('site.json')).json();
  const indexURL = new URL('vendor/pyodide/', site).href;
  const pyodide = await loadPyodide({ indexURL, packages: ['numpy', 'pillow'] });
  pyodide.unpackArchive(await (await fetched(bytecode)).arrayBuffer(), 'zip', { extractDir: '/' });
  const extractDir = '/lib/python3.12/site-packages';
  pyodide.unpackArchive(await (await fetched(wheel)).arrayBuffer(), 'wheel', { extractDir });
  pyodide.FS.writeFile('/home/pyodide/told_pictures.py', await (await fetched('elsewhere/told_pictures.py')).text());
  return pyodide.pyimport('told_pictures');
}

const started = start();
addEventListener('message', async ({ data: { name, request } }) => {
  try {
    postMessage({ answer: (await started)[name](request) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
"""


def open_pyodide(page: Page, origin: str) -> None:
    source = Path(told_pictures.__file__).read_text(encoding="utf-8")
    parts = {
        "page.html": ("text/html", PAGE),
        "worker.js": ("text/javascript", WORKER),
        "told_pictures.py": ("text/plain", source),
    }
    headers = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}

    def answer(route: Route) -> None:
        kind, body = parts[route.request.url.rpartition("/")[2]]
        route.fulfill(body=body, content_type=f"{kind}; charset=utf-8", headers=headers)

    page.route("**/elsewhere/*", answer)
    page.goto(f"{origin}elsewhere/page.html")


def asked(page: Page, name: str, facts: Any, arrays: Arrays) -> tuple[Any, Arrays]:
    """The answer of a function of told_pictures."""
    return unpacked(page.evaluate("([name, request]) => ask(name, request)", [name, packed(facts, arrays)]))
