"""Inference workers that fail as a test wants it: what they are made of is the site's own, with this in front of it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page, Route

from browser.watched import PATIENCE_MS

# The messages that come before the real script listens are kept for it. The runtime is asked for by the same address as
# the real script asks for it, so that it is the same one.
IN_FRONT = """
import { runtimeOf } from './runtime-builds.js';

const early = [];
let begin;
const begun = new Promise((resolve) => { begin = resolve; });
const keep = (event) => { early.push(event); begin(event.data); };
addEventListener('message', keep);

const siteRoot = new URL('../', import.meta.url);
const { provider, threads } = await begun;
const runtime = import(new URL(runtimeOf(provider).script, siteRoot).href);
const ort = await runtime.catch(() => null);
const fault = async (at, facts) => {
  const asked = new URLSearchParams({ at, provider, threads, worker: self.name, ...facts });
  return (await fetch(new URL(`fault?${asked}`, siteRoot))).text();
};
const never = new Promise(() => undefined);
// What the runtime, the browser and C++ say, who is first to find none.
const WITHOUT_MEMORY = {
  memory: new Error('failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc'),
  'no buffer': new RangeError('Array buffer allocation failed'),
  'a number': 12345678,
};
const suffer = async (kind) => {
  if (kind === 'throws') throw new Error('This was wanted to fail.');
  if (kind in WITHOUT_MEMORY) throw WITHOUT_MEMORY[kind];
  if (kind === 'hangs') await never;
  if (kind === 'killed') {
    self.close();
    await never;
  }
  if (kind === 'lost') (await ort.env.webgpu.device).destroy();
  if (kind.startsWith('takes ')) await new Promise((resolve) => setTimeout(resolve, Number(kind.slice(6))));
};
const digest = (data) => {
  let sum = 17;
  for (const word of new Uint32Array(data.buffer, data.byteOffset, data.length)) sum = (Math.imul(sum, 31) + word) | 0;
  return sum;
};
if (ort) {
  const create = ort.InferenceSession.create;
  ort.InferenceSession.create = async (...asked) => {
    const graph = asked[1]?.externalData ? 'winograd' : 'direct';
    const start = await fault('start', { graph });
    await suffer(start);
    if (start === 'by the processor') {
      asked[1] = { executionProviders: ['wasm'] };
      Object.defineProperty(ort.env.webgpu, 'device', { value: Promise.resolve({ lost: never }) });
    }
    const session = await create.apply(ort.InferenceSession, asked);
    const run = session.run;
    session.run = async (feeds) => {
      const kind = await fault('run', { graph, tile: digest(feeds.input.data), side: Math.max(...feeds.input.dims) });
      await suffer(kind);
      if (kind === 'wrong') feeds.input.data.forEach((value, index, data) => { data[index] = 1 - value; });
      return run.call(session, feeds);
    };
    return session;
  };
}
removeEventListener('message', keep);
await import('./inference.js?real');
for (const { data, ports } of early) dispatchEvent(new MessageEvent('message', { data, ports: [...ports] }));
"""

Decision = Callable[[dict[str, str]], str]
"""What is to happen to a start or a run, told as {at: "start" | "run", provider, threads, worker, graph, tile, side},
the side the longer one in pixels: "throws", "memory", "no buffer" and "a number" (memory is short too), "hangs",
"killed", "lost", "wrong", "takes <ms>", "by the processor" (a start: WebGPU's build does without a GPU), or "" for
nothing."""


class FaultyWorkers:
    """asked: every start and run so far. suffered: how many of each kind were done."""

    def __init__(self, decide: Decision) -> None:
        self.decide = decide
        self.asked: list[dict[str, str]] = []
        self.suffered: Counter[str] = Counter()

    def answer(self, route: Route) -> None:
        facts = dict(parse_qsl(urlsplit(route.request.url).query))
        self.asked.append(facts)
        kind = self.decide(facts)
        if kind:
            self.suffered[kind] += 1
        route.fulfill(body=kind, content_type="text/plain")

    @property
    def started(self) -> list[tuple[str, int]]:
        """The provider and threads of every session so far."""
        return [(one["provider"], int(one["threads"])) for one in self.asked if one["at"] == "start"]


def never(_: dict[str, str]) -> str:
    return ""


@contextmanager
def faulty_workers(page: Page, decide: Decision = never) -> Iterator[FaultyWorkers]:
    """Before the page is opened: from now on its inference workers ask what is to happen to them."""
    workers = FaultyWorkers(decide)

    def in_front(route: Route) -> None:
        if route.request.url.endswith("?real"):
            route.fallback()
            return
        real = route.fetch()
        route.fulfill(response=real, body=IN_FRONT)

    page.context.route("**/workers/inference.js*", in_front)
    page.context.route("**/fault?*", workers.answer)
    yield workers
    page.context.unroute("**/fault?*")


def with_gpu(page: Page) -> None:
    """Before the page is opened: makes its browser one that says it has a GPU. Its sessions are to be started "by the
    processor"."""
    asked = "return Promise.race([askForGpu(), nothingAfter(PATIENCE_MS)]);"

    def patched(route: Route) -> None:
        script = route.fetch()
        assert script.text().count(asked) == 1
        gpu = "return Promise.resolve({ identity: 'a fast GPU', isFallback: false });"
        route.fulfill(response=script, body=script.text().replace(asked, gpu))

    page.context.route("**/workers/facts.js", patched)


def sometimes(seed: int, chance: float, kinds: list[str], *, most: int, most_in_a_row: int = 4) -> Decision:
    """`most` runs fail, by chance, but none of a tile so often in a row that the last rung gives up."""
    rolls = random.Random(seed)
    in_a_row: Counter[str] = Counter()
    in_all: Counter[str] = Counter()

    def decide(facts: dict[str, str]) -> str:
        if facts["at"] != "run":
            return ""
        tile = facts["tile"]
        is_enough = in_all.total() >= most
        if not is_enough and rolls.random() < chance and in_a_row[tile] < most_in_a_row:
            in_a_row[tile] += 1
            kind = rolls.choice(kinds)
            in_all[kind] += 1
            return kind
        in_a_row[tile] = 0
        return ""

    return decide


def report(page: Page) -> dict[str, Any]:
    """What `up` tells of the engine."""
    told: dict[str, Any] = page.evaluate("() => up.engine()")
    return told


def rung(told: dict[str, Any], provider: str, threads: int) -> dict[str, Any]:
    """One rung of a `report`, with the graph that is taken."""
    one: dict[str, Any] = next(one for one in told["rungs"] if (one["provider"], one["threads"]) == (provider, threads))
    return one


def settled(page: Page) -> dict[str, Any]:
    """The report once nothing is tried any more: other threads than one and all only when a job wants them, another
    graph than the chosen one only to be compared."""
    ends = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < ends:
        told = report(page)
        threads = (1, told["cores"]) if told["provider"] == "wasm" else (1,)
        taken = {(one["provider"], one["threads"]): one for one in reversed(told["rungs"]) if one["threads"] in threads}
        # What an earlier visit measured is not tried again by itself.
        is_tried = all(one["state"] != "untested" or one["megapixelMs"] for one in taken.values())
        if is_tried and not any(one["state"] == "testing" for one in told["rungs"]):
            return told
        page.wait_for_timeout(200)
    raise AssertionError(told)
