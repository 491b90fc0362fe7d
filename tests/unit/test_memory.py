from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repeating import arrangement, card
from senmei.codecs import EncodeOptions, Header
from senmei.errors import TooLarge
from senmei.geometry import Size
from senmei.memory import BROWSER_BUDGET_BYTES, MemoryPlan, plan_memory, refuse_too_large
from senmei.planner import JobPlan, Pass, plan_job
from senmei.tiling import plan_tiles


def header(width: int, height: int, *, channels: int = 3, depth: int = 8) -> Header:
    return Header("PNG", Size(width, height), depth, channels, 1)


def job(source: Size, scale: int = 4, passes: int = 2, workers: int = 2) -> JobPlan:
    on = (arrangement(workers),)
    return plan_job(source, [card()] * passes, target=source.scaled(scale), arrangements=lambda _: on)


def planned(head: Header, plan: JobPlan, *, output_format: str = "png") -> MemoryPlan:
    return plan_memory(head, plan, file_bytes=1000, output=EncodeOptions(format=output_format))


def test_a_streamed_result_of_a_gigapixel_fits_the_browser() -> None:
    source = Size(8192, 8192)
    memory = planned(header(8192, 8192), job(source))
    assert memory.output_bytes < 20_000_000
    assert memory.engine_bytes < 1_000_000_000
    refuse_too_large(header(8192, 8192), job(source), memory, budget_bytes=BROWSER_BUDGET_BYTES)


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from([1, 2, 3, 4]), st.sampled_from([8, 16]))
def test_no_plan_is_below_what_is_certainly_held(width: int, height: int, channels: int, depth: int) -> None:
    head = header(width, height, channels=channels, depth=depth)
    samples = width * height * channels * depth // 8
    memory = planned(head, job(head.size), output_format="jpeg")
    assert memory.decode_bytes >= samples + 1000 and memory.input_bytes == samples + 1000
    assert memory.output_bytes >= 16 * width * height
    assert memory.engine_bytes >= max(memory.decode_bytes, memory.input_bytes + memory.output_bytes)
    assert memory.peak_bytes == memory.engine_bytes + memory.tiles_bytes


def test_more_workers_hold_more_tiles() -> None:
    source = Size(4000, 4000)
    one, eight = (planned(header(4000, 4000), job(source, workers=count)).tiles_bytes for count in (1, 8))
    assert eight > 4 * one


def on(*, tile: int, **facts: Any) -> MemoryPlan:
    """Of a tall picture, cut into tiles of this side."""
    source, model = Size(512, 8192), card(overlap=4, winograd_bytes=300)
    tiles = plan_tiles(source, model.margins, shape=model.margins.source(Size(tile, tile)))
    plan = JobPlan(source, (Pass(model, tiles, arrangement(**facts)),), source.scaled(2))
    return planned(header(512, 8192), plan)


def test_every_tile_under_way_is_counted_with_its_samples_its_feed_and_its_result() -> None:
    pixels = 136**2
    less, more = (on(tile=128, workers=2, queue=queue).rows_bytes for queue in (1, 2))
    assert more - less == 2 * pixels * (3 + 12 + 4 * 3)
    assert on(tile=128, workers=2).tiles_bytes == 2 * pixels * card().tile_bytes_per_pixel
    assert on(tile=128, workers=2, graph="winograd").tiles_bytes == 2 * pixels * 300


def test_rows_of_tiles_that_are_open_at_once_are_counted() -> None:
    """Four tiles lie side by side: of 64 workers' tiles, dozens of rows are under way."""
    row = 128 * 2 * 512 * 2 * 3
    few, many = (on(tile=128, workers=workers, queue=1).rows_bytes for workers in (2, 64))
    assert many - few > (64 // 4 - 1) * row


def test_alpha_costs_its_channel_and_its_bleeding() -> None:
    source = Size(4000, 4000)
    opaque, transparent = (planned(header(4000, 4000, channels=n), job(source)) for n in (3, 4))
    assert transparent.decode_bytes > opaque.decode_bytes + source.pixels


def test_a_picture_that_cannot_be_decoded_is_named_and_so_is_a_result() -> None:
    source = Size(30_000, 30_000)
    head = header(30_000, 30_000)
    with pytest.raises(TooLarge, match=r"The picture has 30000 × 30000 pixels, 900 million.*6\.\d GB.*3\.4 GB"):
        refuse_too_large(head, job(source), planned(head, job(source)), budget_bytes=BROWSER_BUDGET_BYTES)
    small = Size(8000, 8000)
    memory = planned(header(8000, 8000), job(small), output_format="webp")
    with pytest.raises(TooLarge, match=r"The result would have 32000 × 32000 pixels, 1024 million.*or PNG"):
        refuse_too_large(header(8000, 8000), job(small), memory, budget_bytes=BROWSER_BUDGET_BYTES)


def test_one_array_must_hold_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser's numpy has 32-bit lengths, whatever memory there is."""
    monkeypatch.setattr("senmei.memory.LARGEST_ARRAY_BYTES", 2**31 - 1)
    head = header(27_000, 27_000)
    plan = job(head.size)
    with pytest.raises(TooLarge, match="The picture has"):
        refuse_too_large(head, plan, planned(head, plan), budget_bytes=10**12)
