"""The command line: the same engine on native onnxruntime."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from . import jobs
from .catalogue import Catalogue, ModelCard
from .engine import Finished, UpscaleOptions, upscale
from .errors import InvalidOption, ModelUnavailable, SenmeiError
from .sessions.ort_native import OrtNativeSession

DEFAULT_MODEL = "upconv7-anime-2x-n1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status: 0, 1 when something could not be done, 2 for a wrong call."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
    except SenmeiError as error:
        print(f"senmei: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("senmei: stopped; pictures that were done are kept.", file=sys.stderr)
        return 130
    return status


def models_folder() -> Path:
    """Where the models are: the folder SENMEI_MODELS names, else models/build of the source tree."""
    named = os.environ.get("SENMEI_MODELS")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "models" / "build"


def load_catalogue(folder: Path) -> Catalogue:
    """Raises ModelUnavailable when the folder holds no catalogue."""
    try:
        return Catalogue.from_json((folder / "catalogue.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelUnavailable(
            f"There are no models in {folder}; make them with “python3 serve.py --build”, "
            "or name their folder in SENMEI_MODELS."
        ) from error


class _OpenSessions:
    """Sessions that stay open from one picture to the next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sessions: dict[str, OrtNativeSession] = {}

    async def __call__(self, card: ModelCard) -> OrtNativeSession:
        if card.id not in self._sessions:
            self._sessions[card.id] = OrtNativeSession(card, self._folder)
        return self._sessions[card.id]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="senmei", description="Enlarge and clean pictures with neural networks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    enlarge = commands.add_parser("upscale", help="enlarge PNG, JPEG and WebP pictures into PNG")
    enlarge.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="a picture")
    enlarge.add_argument(
        "-o", "--output", required=True, type=Path, metavar="OUT_OR_FOLDER", help="a .png file, or a folder for many"
    )
    enlarge.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="ID", help="see “senmei models” (default: %(default)s)"
    )
    enlarge.add_argument("--scale", type=float, metavar="N", help="1 to 16 (default: the model's own)")
    enlarge.add_argument("--tile", type=int, metavar="N", help="longest side of a tile in pixels (default: planned)")
    enlarge.add_argument("--json", action="store_true", help="print one JSON object a picture instead of a bar")
    enlarge.set_defaults(command=_upscale_command)

    models = commands.add_parser("models", help="list the models")
    models.add_argument("--json", action="store_true", help="print a JSON list")
    models.set_defaults(command=_models_command)
    return parser


def _upscale_command(options: argparse.Namespace) -> int:
    folder = models_folder()
    catalogue = load_catalogue(folder)
    targets = _plan_outputs(options.inputs, options.output, options.scale or catalogue.get(options.model).scale)
    settings = UpscaleOptions(model=options.model, scale=options.scale, tile=options.tile)
    return asyncio.run(_upscale_all(targets, settings, catalogue, _OpenSessions(folder), as_json=options.json))


def _plan_outputs(inputs: Sequence[Path], output: Path, scale: float) -> list[tuple[Path, Path]]:
    """Each input with the file it becomes. A single input goes to `output` itself when that ends in .png."""
    if output.suffix.lower() == ".png" and not output.is_dir():
        if len(inputs) > 1:
            raise InvalidOption(f"{len(inputs)} pictures cannot go into the one file {output}; name a folder.")
        pairs = [(inputs[0], output)]
    elif output.suffix and not output.is_dir():
        raise InvalidOption(f"{output} cannot be written; give the output a name ending in .png, or name a folder.")
    else:
        pairs = [(source, output / f"{source.stem}@{scale:g}x.png") for source in inputs]
    targets = [target.resolve() for _, target in pairs]
    for source, target in pairs:
        if targets.count(target.resolve()) > 1:
            raise InvalidOption(f"Several pictures would become {target}; enlarge them into different folders.")
        if target.resolve() in (path.resolve() for path in inputs):
            raise InvalidOption(f"The result of {source} would overwrite {target}, which is one of the inputs.")
    return pairs


async def _upscale_all(
    targets: Sequence[tuple[Path, Path]],
    settings: UpscaleOptions,
    catalogue: Catalogue,
    open_session: _OpenSessions,
    *,
    as_json: bool,
) -> int:
    """A picture that fails does not keep the others from being done; the status then is 1."""
    failed = False
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=as_json) as bars:
        for source, target in targets:
            bar = bars.add_task(source.name, total=1.0)
            try:
                report = await _upscale_one(source, target, settings, catalogue, open_session, bars, bar)
            except (SenmeiError, OSError) as error:
                failed = True
                bars.update(bar, description=f"{source.name} failed")
                _report_failure(source, error, console, as_json=as_json)
            else:
                if as_json:
                    print(json.dumps(report), flush=True)
                else:
                    console.print(
                        f"{target}  {report['width']} × {report['height']}  {report['elapsed_ms']:.0f} ms",
                        highlight=False,
                        markup=False,
                        soft_wrap=True,
                    )
    return 1 if failed else 0


async def _upscale_one(
    source: Path,
    target: Path,
    settings: UpscaleOptions,
    catalogue: Catalogue,
    open_session: _OpenSessions,
    bars: Progress,
    bar: TaskID,
) -> dict[str, str | int | float]:
    started = time.perf_counter()
    data = await asyncio.to_thread(source.read_bytes)
    events = upscale(data, settings, catalogue=catalogue, open_session=open_session, cancel=jobs.CancelToken())
    async with aclosing(events):
        async for event in events:
            match event:
                case jobs.Progress():
                    bars.update(bar, completed=event.fraction)
                case Finished():
                    finished = event
    _write_whole(target, finished.data)
    return {
        "input": str(source),
        "output": str(target),
        "width": finished.size.width,
        "height": finished.size.height,
        "model": finished.model,
        "provider": finished.provider,
        "elapsed_ms": round(1000 * (time.perf_counter() - started), 1),
    }


def _write_whole(target: Path, data: bytes) -> None:
    """Writes beside the target and renames, so that a stopped run leaves no half picture behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _report_failure(source: Path, error: SenmeiError | OSError, console: Console, *, as_json: bool) -> None:
    sentence = str(error) if isinstance(error, SenmeiError) else f"{error.strerror or error}."
    if as_json:
        code = error.code if isinstance(error, SenmeiError) else "file-error"
        print(json.dumps({"input": str(source), "error": {"code": code, "message": sentence}}), flush=True)
    console.print(f"senmei: {source}: {sentence}", highlight=False, markup=False, soft_wrap=True)


def _models_command(options: argparse.Namespace) -> int:
    cards = list(load_catalogue(models_folder()))
    if options.json:
        print(json.dumps([asdict(card) for card in cards], indent=2))
        return 0
    table = Table("id", "family", "task", "content", "scale", "denoise", "licence", "kB", box=None)
    for card in cards:
        noise = "none" if card.noise is None else str(card.noise)
        size_kb = f"{card.size_bytes / 1000:.0f}"
        table.add_row(card.id, card.family, card.task, card.content, f"{card.scale}×", noise, card.licence, size_kb)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
