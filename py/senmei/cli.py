"""The command line: the same engine on native onnxruntime."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .catalogue import Catalogue
from .cli_pictures import enlarge_all, format_of_output, refuse_overwriting
from .codecs import OUTPUT_FORMATS, EncodeOptions
from .engine import UpscaleOptions
from .errors import ModelUnavailable, SenmeiError
from .planner import MAX_SCALE

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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="senmei", description="Enlarge and clean pictures with neural networks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_upscale(commands.add_parser("upscale", help="enlarge and clean pictures"))
    models = commands.add_parser("models", help="list the models")
    models.add_argument("--json", action="store_true", help="print a JSON list")
    models.set_defaults(command=_models_command)
    return parser


def _add_upscale(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="a picture of any common format")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=Path,
        metavar="OUT_OR_FOLDER",
        help="a file, whose ending tells the format, or a folder for many",
    )
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="ID", help="see “senmei models” (default: %(default)s)"
    )
    size = parser.add_argument_group("size")
    size.add_argument("--scale", type=float, metavar="N", help=f"1 to {MAX_SCALE} (default: the model's own)")
    size.add_argument("--width", type=int, metavar="PX", help="instead of a scale; alone it keeps the aspect")
    size.add_argument("--height", type=int, metavar="PX", help="likewise; with both the picture fits inside")
    size.add_argument("--stretch", action="store_true", help="take exactly that width and height")
    result = parser.add_argument_group("result")
    result.add_argument("--strength", type=float, default=1.0, metavar="S", help="1 the network's, 0 plain bicubic")
    result.add_argument("--tta", action="store_true", help="average eight turns: slightly better, eight times slower")
    result.add_argument("--tile", type=int, metavar="N", help="longest side of a tile in pixels (default: planned)")
    result.add_argument("--partial", action="store_true", help="of a damaged file take what can be read")
    moving = parser.add_argument_group("animation")
    moving.add_argument(
        "--frames",
        type=_frames,
        default="animation",
        metavar="AS",
        help="animation, zip or sheet, or the number of one frame, from 1 on (default: %(default)s)",
    )
    moving.add_argument("--merge", action="store_true", help="make one frame of neighbours that show the same")
    moving.add_argument("--palette", metavar="auto|global|local", help="of a GIF")
    moving.add_argument("--dither", metavar="none|ordered|diffused", help="of a GIF")
    moving.add_argument(
        "--delays",
        default="file",
        metavar="file|browser",
        help="browser: write delays below 20 ms as the 100 ms that browsers make of them (default: %(default)s)",
    )
    moving.add_argument(
        "--keep-started", action="store_true", help="when it is interrupted, keep the frames that are done"
    )
    machine = parser.add_argument_group("machine")
    machine.add_argument(
        "--threads", type=int, metavar="N", help="that compute a tile together (default: every core that may be used)"
    )
    machine.add_argument(
        "--workers", type=int, default=1, metavar="N", help="tiles that are computed at once (default: %(default)s)"
    )
    machine.add_argument(
        "--graph",
        default="auto",
        metavar="auto|direct|winograd",
        help="winograd: with the convolutions that are faster in browsers; natively auto takes direct",
    )
    file = parser.add_argument_group("file")
    file.add_argument(
        "--format", choices=OUTPUT_FORMATS, help="default: by the output's ending, else png, or an animation's own"
    )
    file.add_argument("--quality", type=int, metavar="Q", help="1 to 100, for jpeg, webp and avif")
    file.add_argument("--subsampling", metavar="4:4:4", help="4:4:4, 4:2:2 or 4:2:0, for jpeg and avif")
    file.add_argument("--lossless", action="store_true", help="for webp")
    file.add_argument("--depth", type=int, metavar="BITS", help="8 or 16, for png and tiff (default: the picture's)")
    file.add_argument("--metadata", default="keep", metavar="keep|strip", help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON object a picture instead of a bar")
    parser.set_defaults(command=_upscale_command)


def _frames(value: str) -> str | int:
    return int(value) if value.isdigit() else value


def _upscale_command(options: argparse.Namespace) -> int:
    folder = models_folder()
    settings = UpscaleOptions(
        model=options.model,
        scale=options.scale,
        width=options.width,
        height=options.height,
        stretch=options.stretch,
        strength=options.strength,
        tta=options.tta,
        frames=options.frames,
        merge=options.merge,
        partial=options.partial,
        tile=options.tile,
        output=EncodeOptions(
            format=format_of_output(options.output, options.format, frames=options.frames),
            quality=options.quality,
            subsampling=options.subsampling,
            lossless=options.lossless,
            depth=options.depth,
            metadata=options.metadata,
            palette=options.palette,
            dither=options.dither,
            delays=options.delays,
        ),
    )
    catalogue = load_catalogue(folder)
    settings.wanted.check()
    refuse_overwriting(options.inputs, options.output)
    return asyncio.run(
        enlarge_all(
            options.inputs,
            options.output,
            settings,
            catalogue,
            folder,
            as_json=options.json,
            keep_started=options.keep_started,
            workers=options.workers,
            threads=options.threads,
            graph=options.graph,
        )
    )


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
