"""The built folder site/ of this working copy, as any static host would serve it."""

import _imp
import gzip
import json
import os
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sitebuild.assemble import web_files
from sitebuild.downloads import sha256_of
from sitebuild.headers import COPIES, ISOLATION_HEADERS, TYPES
from sitebuild.project import Project
from sitebuild.wheel import wheel_step
from unit.sitebuild_fixtures import ROOT, project_with_pip, silent_line

PROJECT = Project(ROOT)
SITE = PROJECT.site


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    assert (SITE / "site.json").is_file(), "python3 tests/run.py --setup-only builds the site that these tests look at"
    facts: dict[str, Any] = json.loads((SITE / "site.json").read_text(encoding="utf-8"))
    return facts


def test_site_json_names_every_file_with_its_size(facts: dict[str, Any]) -> None:
    """But for the compressed copies, whose bytes no page ever sees."""
    files = [path for path in SITE.rglob("*") if path.is_file() and path.suffix not in COPIES]
    there = {path.relative_to(SITE).as_posix(): path.stat().st_size for path in files}
    del there["site.json"]
    assert facts["files"] == there
    assert facts["wheel"] in there
    assert re.fullmatch(rf"python/senmei-{re.escape(facts['version'])}-py3-none-any\.whl", facts["wheel"])


def test_the_site_has_what_the_page_loads(facts: dict[str, Any]) -> None:
    files = set(facts["files"])
    assert {"index.html", "senmei.js", "sample.png", "licences.txt", "_headers", "models/catalogue.json"} <= files
    for path in web_files(PROJECT):
        name = path.relative_to(PROJECT.web).as_posix()
        assert (SITE / name).read_bytes() == path.read_bytes()
    for entry in json.loads((SITE / "vendor/pyodide/pyodide-lock.json").read_text(encoding="utf-8"))[
        "packages"
    ].values():
        assert sha256_of(SITE / "vendor" / "pyodide" / entry["file_name"]) == entry["sha256"]
    for model in json.loads((SITE / "models/catalogue.json").read_text(encoding="utf-8"))["models"]:
        assert facts["files"][f"models/{model['file']}"] == model["size_bytes"]
        assert sha256_of(SITE / "models" / model["file"]) == model["sha256"]
        assert (SITE / "models" / model["golden"]).read_bytes() == (PROJECT.models / model["golden"]).read_bytes()


def test_every_file_that_gains_by_it_has_compressed_copies(facts: dict[str, Any]) -> None:
    for name in [*facts["files"], "site.json"]:
        path = SITE / name
        if path.suffix in (".png", ".whl", ".zip", ""):
            assert not any(path.with_name(path.name + suffix).exists() for suffix in COPIES), name
            continue
        content = path.read_bytes()
        for suffix in COPIES:
            copy = path.with_name(path.name + suffix)
            if copy.exists():
                assert copy.stat().st_size <= 0.95 * len(content), name
                assert copy.stat().st_mtime_ns == path.stat().st_mtime_ns, name
            else:
                assert len(gzip.compress(content)) > 0.9 * len(content), f"{name} has no {suffix}"
        copy = path.with_name(path.name + ".gz")
        assert not copy.exists() or gzip.decompress(copy.read_bytes()) == content, name
    assert (SITE / "vendor/pyodide/pyodide.asm.wasm.br").stat().st_size < 3_000_000


def test_the_site_has_nothing_of_the_workshop(facts: dict[str, Any]) -> None:
    for name in facts["files"]:
        assert not re.search(r"node_modules|package(-lock)?\.json|tsconfig|biome|\.d\.ts$|(^|/)\.|(^|/)types/", name), (
            name
        )


def test_every_file_has_a_type(facts: dict[str, Any]) -> None:
    assert {Path(name).suffix for name in facts["files"]} - {""} <= set(TYPES)


LOADS = re.compile(
    r"""(?:\b(?:src|srcset|action|poster|data)\s*=\s*|\bimport\s*\(?\s*|\bfrom\s+|\bfetch\s*\(\s*|\burl\s*\(\s*
        |\bnew\s+(?:URL|Worker|SharedWorker)\s*\(\s*|<link\b[^>]*\bhref\s*=\s*)["'`]?\s*(https?:)?/(?!/\[?["'])""",
    re.VERBOSE | re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<script src='https://cdn.example/x.js'>", True),
        ('<link rel="stylesheet" href="/style.css">', True),
        ('<link rel="stylesheet" href="style.css">', False),
        ('<a href="https://example.org/">', False),
        ("import x from '/x.js';", True),
        ("import('https://cdn.example/x.js')", True),
        ("import x from './x.js';", False),
        ("new Worker('https://[', options)", False),
        ("new URL('/x.js', import.meta.url)", True),
        ("new Worker(new URL('./x.js', import.meta.url))", False),
        ("background: url(//cdn.example/x.png)", True),
        ("fetch(`/models`)", True),
    ],
)
def test_the_search_for_absolute_urls_finds_them(text: str, found: bool) -> None:
    assert bool(LOADS.search(text)) is found


def test_nothing_is_loaded_by_an_absolute_url(facts: dict[str, Any]) -> None:
    pages = [name for name in facts["files"] if Path(name).suffix in (".html", ".css", ".js", ".mjs", ".webmanifest")]
    own = [name for name in pages if not name.startswith("vendor/")]
    assert len(own) > 5
    for name in own:
        text = (SITE / name).read_text(encoding="utf-8")
        found = LOADS.search(text)
        assert found is None, f"{name}: {text[found.start() :][:80]}"


def test_headers_are_there_for_hosts_that_read_them() -> None:
    lines = (SITE / "_headers").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "/*"
    assert {f"  {name}: {value}" for name, value in ISOLATION_HEADERS.items()} <= set(lines)


def test_licences_of_everything_carried(facts: dict[str, Any]) -> None:
    text = (SITE / "licences.txt").read_text(encoding="utf-8")
    contents = text.split("=" * 100)[0]
    for work in ("Senmei", "comlink", "img-comparison-slider", "onnxruntime-web", "Pyodide", "CPython"):
        assert work in contents
    for name in facts["files"]:
        if name.startswith("vendor/pyodide/") and name.endswith(".whl"):
            assert Path(name).name in contents
    for model in json.loads((SITE / "models/catalogue.json").read_text(encoding="utf-8"))["models"]:
        assert model["id"] in contents
        assert f"Copyright (c) {model['author']}" in text
    for phrase in (
        "Mozilla Public License Version 2.0",
        "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2",
        "Redistribution and use in source and binary forms",
        "Apache License",
        "Copyright (c) 2026 The Senmei authors",
    ):
        assert phrase in text


def test_the_wheel_is_pure_and_has_no_other_package(facts: dict[str, Any]) -> None:
    with zipfile.ZipFile(SITE / facts["wheel"]) as wheel:
        tops = {name.split("/")[0] for name in wheel.namelist()}
        assert tops == {"senmei", f"senmei-{facts['version']}.dist-info"}
        assert not [name for name in wheel.namelist() if name.endswith((".pyc", ".so"))]


def test_the_compiled_modules_are_unchecked_and_go_beside_their_sources(facts: dict[str, Any]) -> None:
    packages = "lib/python3.12/site-packages/"
    with zipfile.ZipFile(SITE / facts["bytecode"]) as archive:
        compiled = {name.removeprefix(packages): archive.read(name) for name in archive.namelist()}
    for module in ("numpy/__pycache__/__init__", "PIL/__pycache__/Image", "micropip/__pycache__/__init__"):
        assert f"{module}.cpython-312.pyc" in compiled
    with zipfile.ZipFile(SITE / facts["wheel"]) as wheel:
        source = wheel.read("senmei/engine.py")
    # PEP 552: the flags are 1 for a hash that is not looked up, and the hash of the source follows. Its key is the
    # magic number of the Python that compiled, so importlib's own function, which takes this Python's, does not serve.
    assert all(content[4:8] == b"\1\0\0\0" for content in compiled.values())
    engine = compiled["senmei/__pycache__/engine.cpython-312.pyc"]
    assert engine[8:16] == _imp.source_hash(int.from_bytes(engine[:4], "little"), source)


def test_the_wheel_is_the_same_bytes_wherever_and_whenever_it_is_built(tmp_path: Path) -> None:
    built = []
    for number, moment_s in enumerate((1_000_000_000, 1_700_000_000)):
        project = project_with_pip(tmp_path / f"copy{number}")
        shutil.copytree(ROOT / "py" / "senmei", project.root / "py" / "senmei", copy_function=shutil.copyfile)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copyfile(ROOT / name, project.root / name)
        for path in (project.root / "py").rglob("*.py"):
            os.utime(path, (moment_s, moment_s))
            path.chmod((0o644, 0o600)[number])
        (wheel,) = wheel_step(project).work(silent_line())
        built.append((wheel.name, wheel.read_bytes()))
    assert built[0] == built[1]
