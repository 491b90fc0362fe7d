"""web/workers/buffer-pool.js, and that the fleet's feeds come from it and go back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from browser.fleet_page import fleet_page, output_of, right_output
from browser.test_fleet import MODEL, SAME


@pytest.fixture
def page(chromium: Browser, origin: str) -> Iterator[Page]:
    with fleet_page(chromium, origin) as (page, watch):
        yield page
        assert watch.complaints == []


def test_the_memory_of_one_tile_serves_the_next(page: Page, site: Path) -> None:
    made, run = page.evaluate(
        """async (model) => {
            let made = 0;
            const Plain = ArrayBuffer;
            globalThis.ArrayBuffer = class extends Plain {
                constructor(...how) {
                    super(...how);
                    made += 1;
                }
            };
            const worker = await fleet.make('wasm', 1);
            await fleet.load(worker, model);
            const pooled = (seed, side) => {
                const sent = feeds(side, seed);
                const data = fleet.array('float32', sent.input.data.length);
                data.set(sent.input.data);
                sent.input.data = data;
                return sent;
            };
            made = 0;
            let run;
            for (const seed of [1, 2, 3]) run = await outcome(fleet.run(worker, model, pooled(seed, 30)));
            const oneByOne = made;
            await Promise.all([4, 5].map((seed) => fleet.run(worker, model, pooled(seed, 30))));
            const twoAtOnce = made;
            await fleet.run(worker, model, pooled(6, 31));
            globalThis.ArrayBuffer = Plain;
            return [[oneByOne, twoAtOnce, made], run];
        }""",
        MODEL,
    )
    assert made == [1, 2, 3]
    assert np.abs(output_of(run) - right_output(site / "models" / MODEL, 30, 3)).max() < SAME


def test_a_pool_keeps_no_more_than_it_may(page: Page) -> None:
    kept = page.evaluate(
        """async () => {
            const { BufferPool } = await import('../workers/buffer-pool.js');
            const pool = new BufferPool(100);
            const given = [40, 50, 50].map((bytes) => new ArrayBuffer(bytes));
            for (const buffer of given) pool.give(buffer);
            return [40, 50, 50, 50].map((bytes) => given.includes(pool.take(bytes)));
        }"""
    )
    assert kept == [False, True, True, False]
