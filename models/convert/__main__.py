"""The command: every model of catalogue.toml from its package to ``<id>.onnx``, and ``catalogue.json`` at last."""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import onnx

from convert.catalogue import Catalogue, Model, read_catalogue
from convert.errors import ConversionError
from convert.golden import golden_tile
from convert.multiply_adds import multiply_adds_per_pixel
from convert.onnx_file import build_onnx, build_winograd
from convert.shared_means import pooled_values
from convert.working_memory import working_bytes_per_pixel

# What a user of the models needs to know; the rest of an entry says where its weights came from.
_PUBLISHED = (
    "id",
    "family",
    "title",
    "task",
    "content",
    "scale",
    "noise",
    "overlap",
    "padding",
    "trim",
    "multiple_of",
    "flat_tiles",
    "enlarges_alpha",
    "next_pass",
    "licence",
    "author",
    "source",
)


def main(arguments: list[str] | None = None) -> int:
    """Convert what the arguments name; returns the exit status: 0, or 1 after one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="convert", description="Convert every model of the catalogue to ONNX.")
    parser.add_argument("--packages", type=Path, required=True, help="folder that holds the downloaded packages")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for the .onnx files, the golden tiles and catalogue.json"
    )
    parser.add_argument(
        "--catalogue", type=Path, default=Path(__file__).parents[1] / "catalogue.toml", help="default: %(default)s"
    )
    options = parser.parse_args(arguments)
    try:
        convert_all(read_catalogue(options.catalogue), packages=options.packages, output=options.output)
    except ConversionError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or options.output}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def convert_all(catalogue: Catalogue, *, packages: Path, output: Path) -> None:
    """Write ``<id>.onnx``, its golden tile and, where one gains, its second graph for every model into ``output``, then
    ``catalogue.json``.

    Prints one line for each model.

    Raises ConversionError for the first model that cannot be converted, OSError when ``output`` cannot be written.
    """
    output.mkdir(parents=True, exist_ok=True)
    entries = []
    for number, model in enumerate(catalogue.models, start=1):
        package = packages / catalogue.packages[model.package].file
        content = build_onnx(model, package=package)
        file, golden, winograd = (f"{model.id}.{ending}" for ending in ("onnx", "golden.npz", "winograd.onnx"))
        _write_whole(output / file, content)
        _write_whole(output / golden, golden_tile(content, model))
        second = build_winograd(model, package=package, direct=content, file=file)
        if second is not None:
            _write_whole(output / winograd, second)
        entries.append(
            _entry(model, content=content)
            | {"golden": golden, "winograd": second and _file_entry(winograd, second, as_written=True)}
            | _file_entry(file, content)
        )
        print(f"{number}/{len(catalogue.models)} {file} {len(content) / 1e6:.2f} MB", flush=True)
    listing = json.dumps({"models": entries}, ensure_ascii=False, indent=1) + "\n"
    _write_whole(output / "catalogue.json", listing.encode())


def _entry(model: Model, *, content: bytes) -> dict[str, Any]:
    known = asdict(model)
    network = onnx.load_from_string(content)
    return {
        **{key: known[key] for key in _PUBLISHED},
        "pooled": pooled_values(network),
        "macs_per_pixel": multiply_adds_per_pixel(network),
    }


def _file_entry(file: str, content: bytes, *, as_written: bool = False) -> dict[str, Any]:
    """What is to be known of one of a model's graphs. as_written: see ``working_bytes_per_pixel``."""
    return {
        "tile_bytes_per_pixel": working_bytes_per_pixel(onnx.load_from_string(content), as_written=as_written),
        "file": file,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _write_whole(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())
