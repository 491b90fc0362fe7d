"""How much memory a job will take, known before its first pixel is read: integers only."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from .animation import AnimationInfo
from .codecs import EncodeOptions, FramesAs, Header, animation_encoder_bytes, encoder_bytes
from .errors import TooLarge
from .geometry import Size
from .planner import JobPlan, Pass
from .rows import BAND_SAMPLES

BROWSER_BUDGET_BYTES = 3_400_000_000
"""What Pyodide's heap can hand out of its 4 GB, measured 3968 MB in all, with Python and numpy in it."""

LARGEST_ARRAY_BYTES = sys.maxsize
"""The most that one array holds: 2 GiB in the browser, whose pointers have 32 bits."""

# Pillow holds every colour picture with four bytes a pixel.
_PILLOW_COLOUR_BYTES = 4


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Bytes that a job holds.

    input_bytes: the file and its decoded picture. decode_bytes: the most while it is decoded. tiles_bytes: the networks
    at work, in every worker. rows_bytes: the rows between the networks and the file. output_bytes: what the encoder
    holds, of most formats the whole result. engine_bytes: the most that Python holds at once;
    peak_bytes: with the networks.
    """

    input_bytes: int
    decode_bytes: int
    tiles_bytes: int
    rows_bytes: int
    output_bytes: int

    @property
    def engine_bytes(self) -> int:
        return max(self.decode_bytes, self.input_bytes + self.rows_bytes + self.output_bytes)

    @property
    def peak_bytes(self) -> int:
        return self.engine_bytes + self.tiles_bytes


def plan_memory(header: Header, job: JobPlan, *, file_bytes: int, output: EncodeOptions) -> MemoryPlan:
    """The memory of `job` on the picture that `header` describes. output: how the result is written."""
    sample_bytes = header.depth // 8
    picture_bytes = header.size.pixels * header.channels * sample_bytes
    colours = header.channels - (header.channels in (2, 4))
    pillow_bytes = header.size.pixels * (_PILLOW_COLOUR_BYTES if header.channels > 1 or header.depth > 8 else 1)
    has_alpha = header.channels in (2, 4)
    # Alpha joins the colours in a copy, and spreading them under it works on floats at half the size.
    bleeding_bytes = picture_bytes + header.size.pixels * (colours + 1) * 2 if has_alpha else 0
    input_bytes = file_bytes + picture_bytes
    tiles_bytes = rows_bytes = 0
    for number, step in enumerate(job.passes):
        shape = step.tiles.shape
        most_pixels = max(shape.pixels, _sample_pixels(job, number))
        tiles_bytes += step.arrangement.workers * most_pixels * step.card.working_bytes(step.arrangement.graph)
        rows_bytes += _in_flight_bytes(step, header.channels * sample_bytes)
        core_height = step.tiles.tiles[0].core.height
        # Rows of tiles come together, one more is on its way, and the next stage keeps what it still needs.
        rows_bytes += (step.open_rows + 2) * _rows_bytes(
            step.output, core_height * step.card.scale, header.channels, sample_bytes
        )
    rows_bytes += 6 * BAND_SAMPLES * sample_bytes + _crops_bytes(job, header.channels * sample_bytes)
    output_bytes = encoder_bytes(
        job.target,
        channels=colours,
        has_alpha=has_alpha,
        depth=output.written_depth(header.depth),
        options=output,
    )
    return MemoryPlan(
        input_bytes=input_bytes,
        decode_bytes=input_bytes + max(pillow_bytes + picture_bytes // 8, bleeding_bytes),
        tiles_bytes=tiles_bytes,
        rows_bytes=rows_bytes,
        output_bytes=output_bytes,
    )


FRAMES_KNOWN = 3
"""Of so many frames an animation's answers are kept: of two that are under way and the one before."""


def plan_animation_memory(
    header: Header,
    job: JobPlan,
    info: AnimationInfo,
    *,
    file_bytes: int,
    output: EncodeOptions,
    frames_as: FramesAs,
) -> MemoryPlan:
    """The memory of `job` on the frames that `header` describes; how many there are does not matter, but for a sheet.

    info: of the result. output: as for `plan_memory`.
    """
    still = plan_memory(header, job, file_bytes=file_bytes, output=output)
    sample_bytes = header.depth // 8
    known = sum(step.output.pixels for step in job.passes) * header.channels * sample_bytes * FRAMES_KNOWN
    source = header.size.pixels * header.channels * sample_bytes
    result = job.target.pixels * header.channels * info.depth // 8
    return MemoryPlan(
        # Coalescing holds a frame to come back to, and two frames are under way.
        input_bytes=still.input_bytes + 4 * source,
        decode_bytes=still.decode_bytes + 4 * source,
        tiles_bytes=still.tiles_bytes,
        rows_bytes=2 * (still.rows_bytes + result) + known,
        output_bytes=animation_encoder_bytes(info, output, frames_as=frames_as),
    )


def refuse_too_large(header: Header, job: JobPlan, memory: MemoryPlan, *, budget_bytes: int) -> None:
    """Raises TooLarge, before anything is decoded, when `memory` does not fit `budget_bytes`."""
    picture_bytes = header.size.pixels * header.channels * (header.depth // 8)
    if memory.decode_bytes > budget_bytes or picture_bytes > LARGEST_ARRAY_BYTES:
        raise TooLarge(
            f"The picture has {header.size} pixels, {header.size.pixels / 1e6:.0f} million, and reading it would take "
            f"{_gigabytes(memory.decode_bytes)} of memory; up to {_gigabytes(budget_bytes)} can be had here."
        )
    if memory.engine_bytes > budget_bytes:
        raise TooLarge(
            f"The result would have {job.target} pixels, {job.target.pixels / 1e6:.0f} million, and making it would "
            f"take {_gigabytes(memory.engine_bytes)} of memory; up to {_gigabytes(budget_bytes)} can be had here. "
            "Choose a smaller size, or PNG, which is written while it is made."
        )


def _in_flight_bytes(step: Pass, pixel_bytes: int) -> int:
    """Tiles that are under way: cut, and as the network is fed with them, and their results. What it answers is turned
    into samples as it comes, of each worker one tile."""
    result = step.card.scale**2
    feed_bytes = answer_bytes = 3 * 4
    waiting = step.arrangement.in_flight * (pixel_bytes + feed_bytes + result * pixel_bytes)
    return step.tiles.shape.pixels * (waiting + step.arrangement.workers * result * answer_bytes)


def _sample_pixels(job: JobPlan, number: int) -> int:
    """Source pixels of one run for the sample, in the pass of this number."""
    step = job.passes[number]
    if job.sample is None or number >= len(job.sample.stages):
        return 0
    stage = job.sample.stages[number]
    return step.crops_a_run(stage, len(job.sample.crops)) * stage.source.size.pixels if step.card.pooled else 0


def _crops_bytes(job: JobPlan, pixel_bytes: int) -> int:
    """A sample's crops as one pass sees them and as the next does, and as a network is fed with them."""
    if job.sample is None:
        return 0
    largest = max(stage.source.size.pixels for stage in job.sample.stages)
    feed_bytes = 3 * 4
    return len(job.sample.crops) * largest * (2 * pixel_bytes + feed_bytes)


def _rows_bytes(size: Size, height: int, channels: int, sample_bytes: int) -> int:
    return min(height, size.height) * size.width * channels * sample_bytes


def _gigabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"
