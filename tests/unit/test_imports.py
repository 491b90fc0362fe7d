"""The package's imports go one way, so that each part can be read and tested without the ones above it."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import senmei

ROOT = Path(senmei.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

# From the ground up; a module may import only from lines above its own (and from its own package).
LAYERS = [
    {"errors", "arrangement"},
    {"geometry"},
    {"picture", "tiling"},
    {"animation", "pixels", "naming", "known_tiles", "catalogue", "pooled_means"},
    {"codecs", "alpha", "jobs", "resampling", "rows"},
    {"sessions", "motion", "pace"},
    {"grids", "sampling"},
    {"planner"},
    {"memory", "tile_runner"},
    {"upscaler", "events"},
    {"row_stages", "tally", "frame_stages", "job_options", "sample_job"},
    {"pipeline", "frame_tally"},
    {"still_job", "animation_job"},
    {"engine"},
    {"browser", "cli_pictures"},
    {"cli"},
]
BROWSER_ONLY = {"browser.py", "sessions/ort_web.py"}
THIRD_PARTY = {
    "browser.py": {"js", "pyodide", "numpy"},
    "cli.py": {"rich"},
    "cli_pictures.py": {"rich"},
    "sessions/ort_native.py": {"onnxruntime"},
    "sessions/ort_web.py": {"js", "pyodide", "numpy"},
}


def level(part: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if part in layer)


def imports(path: Path) -> tuple[set[str], set[str]]:
    """The parts of the package that a module imports, and the top names of all else."""
    inside, outside = set(), set()
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            outside |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            outside.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            target = (*base, *(node.module.split(".") if node.module else ()))
            inside |= {target[0]} if target else {name.name for name in node.names}
    return inside, outside


@pytest.mark.parametrize("path", MODULES, ids=[path.relative_to(ROOT).as_posix() for path in MODULES])
def test_imports_go_down(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    own = name.split("/")[0].removesuffix(".py")
    inside, outside = imports(path)
    if own != "__init__":
        assert {part for part in inside if part != own and level(part) >= level(own)} == set()
    if name not in BROWSER_ONLY:
        assert not outside & {"js", "pyodide"}
    standard = {module for module in outside if module in __import__("sys").stdlib_module_names}
    assert outside - standard <= THIRD_PARTY.get(name, {"numpy", "PIL"})


def test_every_part_has_its_layer() -> None:
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
    assert parts == set().union(*LAYERS)


def modules_imported(path: Path) -> set[str]:
    """The package's own modules that one names, dotted, without the package's name."""
    package = path.relative_to(ROOT).parts[:-1]
    known = {".".join(one.relative_to(ROOT).with_suffix("").parts) for one in MODULES}
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join((*package[: len(package) - node.level + 1], *filter(None, [node.module])))
            named = {f"{base}.{name.name}".lstrip(".") for name in node.names} & known
            found |= named or {base if base in known else f"{base}.__init__".lstrip(".")}
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {".".join(path.relative_to(ROOT).with_suffix("").parts): modules_imported(path) for path in MODULES}
    assert set().union(*graph.values()) <= set(graph)
    TopologicalSorter(graph).prepare()


FORMATS = {"bmp", "containers", "gif", "jpeg", "png", "targa", "tiff", "webp"}
# An EXIF block is a small TIFF.
SHARED = {("metadata", "tiff")}


def test_formats_know_nothing_of_each_other() -> None:
    codecs = ROOT / "codecs"
    for path in codecs.glob("*/*.py"):
        own = path.parent.name
        others = {name.split(".")[1] for name in modules_imported(path) if name.startswith("codecs.")} & FORMATS - {own}
        if path.stem in {"reading", "writing"} and own == "metadata":
            continue
        assert not {(own, other) for other in others} - SHARED, path
