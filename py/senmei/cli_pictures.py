"""What `senmei upscale` does with its pictures: names, bars, and files that are whole or not there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from . import jobs
from .catalogue import Catalogue, ModelCard
from .codecs import OUTPUT_FORMATS, FramesAs
from .engine import UpscaleOptions, upscale
from .errors import InvalidOption, SenmeiError
from .events import Encoded, Finished, Planned
from .geometry import Size
from .naming import result_name
from .sessions.graphs import GraphWish
from .sessions.ort_native import OrtNativeSession

_ENDINGS = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".webp": "webp",
    ".gif": "gif",
    ".apng": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".avif": "avif",
}

Report = dict[str, object]


def format_of_output(output: Path, wanted: str | None, *, frames: FramesAs | int = "animation") -> str:
    """The format to write: `wanted`, else what the ending of `output` tells, else for a folder the engine's choice.

    Raises InvalidOption for an ending that is unknown or tells another format.
    """
    is_zip = output.suffix.lower() == ".zip"
    if is_zip != (frames == "zip") and not _is_folder(output):
        raise InvalidOption(
            f"{output} and the frames do not go together; a ZIP of frames ends in .zip and nothing else does."
        )
    if _is_folder(output) or is_zip:
        return wanted or "auto"
    told = _ENDINGS.get(output.suffix.lower())
    if told not in OUTPUT_FORMATS:
        endings = ", ".join(ending for ending, name in _ENDINGS.items() if name in OUTPUT_FORMATS)
        raise InvalidOption(f"{output} cannot be written; accepted endings: {endings}; or name a folder.")
    if wanted and wanted != told:
        raise InvalidOption(f"{output} would be written as {wanted}; give it another ending or leave out the format.")
    return told


def refuse_overwriting(inputs: Sequence[Path], output: Path) -> None:
    """Raises InvalidOption where several pictures would go into one file, or one over an input."""
    if not _is_folder(output):
        if len(inputs) > 1:
            raise InvalidOption(f"{len(inputs)} pictures cannot go into the one file {output}; name a folder.")
        _refuse_input(inputs[0], output, inputs)
        return
    names = [result_name(source.name, scale=1, size=Size(1, 1), format="png") for source in inputs]
    for source, name in zip(inputs, names, strict=True):
        if names.count(name) > 1:
            raise InvalidOption(
                f"Several pictures are called {source.stem}; their results would have one name in {output}. "
                "Enlarge them into different folders."
            )


async def enlarge_all(
    inputs: Sequence[Path],
    output: Path,
    settings: UpscaleOptions,
    catalogue: Catalogue,
    models: Path,
    *,
    as_json: bool,
    keep_started: bool = False,
    workers: int = 1,
    threads: int | None = None,
    graph: GraphWish = "auto",
) -> int:
    """Enlarges every input into `output`, a file or folder. A picture that fails does not keep the others from being
    done; the exit status then is 1. keep_started: an interrupt ends an animation with the frames that are done, and
    only the next one everything. workers, threads, graph: see
    `OrtNativeSession`."""
    failed = False
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=as_json) as bars:
        job = _Job(inputs, output, settings, catalogue, _OpenSessions(models, workers, threads, graph), bars)
        if keep_started:
            _end_early_on_interrupt(job)
        for source in inputs:
            bar = bars.add_task(source.name, total=1.0)
            try:
                report = await job.enlarge(source, bar)
            except (SenmeiError, OSError) as error:
                failed = True
                bars.update(bar, description=f"{source.name} failed")
                _report_failure(source, error, console, as_json=as_json)
            else:
                _report_success(report, console, as_json=as_json)
    return 1 if failed else 0


class _OpenSessions:
    """Sessions that stay open from one picture to the next."""

    def __init__(self, folder: Path, workers: int, threads: int | None, graph: GraphWish) -> None:
        self._folder = folder
        self._workers = workers
        self._threads = threads
        self._graph = graph
        self._sessions: dict[str, OrtNativeSession] = {}

    async def __call__(self, card: ModelCard) -> OrtNativeSession:
        if card.id not in self._sessions:
            self._sessions[card.id] = OrtNativeSession(
                card, self._folder, workers=self._workers, threads=self._threads, graph=self._graph
            )
        return self._sessions[card.id]


class _Job:
    """What is the same for all pictures of one call."""

    def __init__(
        self,
        inputs: Sequence[Path],
        output: Path,
        settings: UpscaleOptions,
        catalogue: Catalogue,
        open_session: _OpenSessions,
        bars: Progress,
    ) -> None:
        self._inputs = inputs
        self._output = output
        self._settings = settings
        self._catalogue = catalogue
        self._open_session = open_session
        self._bars = bars
        self._cancel = jobs.CancelToken()

    def end_early(self) -> None:
        """See `CancelToken.end_early`."""
        self._cancel.end_early()

    async def enlarge(self, source: Path, bar: TaskID) -> Report:
        started = time.perf_counter()
        data = await asyncio.to_thread(source.read_bytes)
        self._cancel = jobs.CancelToken()
        events = upscale(
            data,
            self._settings,
            catalogue=self._catalogue,
            open_session=self._open_session,
            cancel=self._cancel,
            budget_bytes=_memory_bytes(),
        )
        async with aclosing(events):
            planned = await anext(events)
            assert isinstance(planned, Planned), "a job begins with its plan"
            target = self._target(source, planned)
            with _written_whole(target) as file:
                async for event in events:
                    match event:
                        case jobs.Progress():
                            self._bars.update(bar, completed=event.fraction)
                        case Encoded():
                            file.seek(0, os.SEEK_END) if event.offset is None else file.seek(event.offset)
                            file.write(event.data)
                        case Finished():
                            finished = event
        return {
            "input": str(source),
            "output": str(target),
            "width": finished.size.width,
            "height": finished.size.height,
            "format": finished.format,
            "depth": finished.depth,
            "frames": finished.frames,
            "tiles": finished.tiles,
            "tiles_run": finished.tiles_run,
            "model": finished.model,
            "provider": finished.provider,
            "workers": finished.workers,
            "threads": finished.threads,
            "graph": finished.graph,
            "notes": list(finished.notes),
            "elapsed_ms": round(1000 * (time.perf_counter() - started), 1),
        }

    def _target(self, source: Path, planned: Planned) -> Path:
        if not _is_folder(self._output):
            return self._output
        settings = self._settings
        scale = settings.scale or self._catalogue.get(settings.model).scale
        name = result_name(
            source.name,
            scale=None if settings.width or settings.height else scale,
            size=planned.target,
            format=planned.format,
            part=planned.part,
        )
        _refuse_input(source, self._output / name, self._inputs)
        return self._output / name


def _end_early_on_interrupt(job: _Job) -> None:
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        loop.call_soon_threadsafe(job.end_early)

    signal.signal(signal.SIGINT, interrupted)


def _is_folder(output: Path) -> bool:
    return output.is_dir() or not output.suffix


def _refuse_input(source: Path, target: Path, inputs: Sequence[Path]) -> None:
    if target.resolve() in (path.resolve() for path in inputs):
        raise InvalidOption(f"The result of {source} would overwrite {target}, which is one of the inputs.")


def _memory_bytes() -> int:
    """Four fifths of the machine's memory; where it cannot be asked for, of 8 GB."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        memory = 8_000_000_000
    return memory * 4 // 5


@contextlib.contextmanager
def _written_whole(target: Path) -> Iterator[BinaryIO]:
    """A file beside the target that takes its name in the end, so that a stopped run leaves no half picture behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _report_success(report: Report, console: Console, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report), flush=True)
        return
    line = f"{report['output']}  {report['width']} × {report['height']}  {report['elapsed_ms']:.0f} ms"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
    for note in report["notes"] if isinstance(report["notes"], list) else ():
        console.print(f"  {note}", highlight=False, markup=False, soft_wrap=True)


def _report_failure(source: Path, error: SenmeiError | OSError, console: Console, *, as_json: bool) -> None:
    sentence = str(error) if isinstance(error, SenmeiError) else f"{error.strerror or error}."
    if as_json:
        code = error.code if isinstance(error, SenmeiError) else "file-error"
        print(json.dumps({"input": str(source), "error": {"code": code, "message": sentence}}), flush=True)
    console.print(f"senmei: {source}: {sentence}", highlight=False, markup=False, soft_wrap=True)
