"""Compressed copies of the site's files, `.br` and `.gz` beside them, for servers that hand out what lies there."""

import gzip
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .downloads import sha256_of
from .errors import SetUpError
from .headers import COPIES, TYPES
from .node import NPM_ADVICE
from .programs import run_program
from .progress import Line, amount
from .project import Project
from .steps import Step, file_inputs

RUNNER = "brotli.mjs"

COMPRESSED_ALREADY = frozenset({".whl", ".zip", ".png", ".webp", ".ico", ".woff2"})

WORTHWHILE = 0.95
"""A copy that is larger than this share of its file is left out."""

QUALITIES = ((2_000_000, 11), (16_000_000, 10))
"""Brotli's quality for files up to so many bytes. Of the 14 MB of the runtime that every browser fetches, 11 makes
2.30 MB in 37 s of one core, 10 2.39 MB in 21 s, 9 2.67 MB in 5 s."""

QUALITY_OF_THE_LARGEST = 8
"""Of the builds for the GPU, which are fetched only where they are used."""

QUALITY_OF_WEIGHTS = 5
"""Numbers that look like chance: 11 would take a hundred times as long and save 4 % more."""

LEAST_WEIGHTS = 250_000
"""A smaller .onnx file is a graph whose weights lie in another file: words, not numbers."""

GZIP_LEVEL = 9


@dataclass(frozen=True)
class _Plain:
    """One file of the site, and where its copies are kept for the next set-up that meets the same bytes."""

    path: Path
    quality: int
    kept: dict[str, Path]
    """Suffix of the copy → file in .build/compressed."""


def compressed_step(project: Project) -> Step:
    """The copies in site/. Files whose bytes were met before are not compressed again."""
    runner = project.root / "py" / "sitebuild" / RUNNER

    def work(line: Line) -> Sequence[Path]:
        project.compressed.mkdir(parents=True, exist_ok=True)
        files = [_plain(path, project) for path in _compressible(project.site)]
        _make_brotli([file for file in files if not file.kept[".br"].exists()], project, runner, line)
        _make_gzip([file for file in files if not file.kept[".gz"].exists()], project)
        copies = [copy for file in files for copy in _place(file, project)]
        _forget_others(files, project)
        sizes = {suffix: sum(copy.stat().st_size for copy in copies if copy.suffix == suffix) for suffix in COPIES}
        line.summary = ", ".join(f"{amount(size)} of {suffix}" for suffix, size in sizes.items())
        return copies

    return Step(
        name="compressed",
        title="Compressed copies in the site",
        after=("site",),
        inputs=lambda: file_inputs([runner], root=project.root),
        work=work,
    )


def _compressible(site: Path) -> list[Path]:
    """Largest first, so that at the end no core waits for a large one."""
    # What has no type is for hosts to read, not for browsers.
    files = [path for path in site.rglob("*") if path.suffix in TYPES and path.suffix not in COMPRESSED_ALREADY]
    return sorted(files, key=lambda path: (-path.stat().st_size, path))


def _quality(path: Path) -> int:
    size = path.stat().st_size
    if path.suffix == ".onnx" and size >= LEAST_WEIGHTS:
        return QUALITY_OF_WEIGHTS
    return next((quality for limit, quality in QUALITIES if size <= limit), QUALITY_OF_THE_LARGEST)


def _plain(path: Path, project: Project) -> _Plain:
    quality = _quality(path)
    name = sha256_of(path)
    kept = {".br": f"{name}-{quality}.br", ".gz": f"{name}-{GZIP_LEVEL}.gz"}
    return _Plain(path, quality, {suffix: project.compressed / file for suffix, file in kept.items()})


def _make_brotli(files: Sequence[_Plain], project: Project, runner: Path, line: Line) -> None:
    if not files:
        return
    node = shutil.which("node")
    if node is None:
        raise SetUpError(f"node was not found; {NPM_ADVICE}.")
    project.temporary.mkdir(parents=True, exist_ok=True)
    listed = project.temporary / "brotli.json"
    jobs = [[str(file.path), str(file.kept[".br"]), file.quality] for file in files]
    listed.write_text(json.dumps(jobs), encoding="utf-8")
    run_program(
        [node, runner, listed],
        project=project,
        line=line,
        doing="Compressing the site",
        tell=lambda text: Path(text).name,
        environment={"UV_THREADPOOL_SIZE": str(os.cpu_count() or 1)},
    )


def _make_gzip(files: Sequence[_Plain], project: Project) -> None:
    def make(file: _Plain) -> None:
        # Without a time inside, the same bytes come out each time.
        _write_whole(file.kept[".gz"], gzip.compress(file.path.read_bytes(), GZIP_LEVEL, mtime=0), project)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(make, files))


def _write_whole(path: Path, content: bytes, project: Project) -> None:
    half_made = project.temporary / path.name
    half_made.parent.mkdir(parents=True, exist_ok=True)
    half_made.write_bytes(content)
    half_made.replace(path)


def _place(file: _Plain, project: Project) -> list[Path]:
    """The copies of one file that are worth their while, put beside it."""
    times = file.path.stat()
    placed = []
    for suffix, kept in file.kept.items():
        if kept.stat().st_size > WORTHWHILE * times.st_size:
            continue
        half_made = project.temporary / kept.name
        half_made.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, half_made)
        # The seal by which the server knows that the copy is of these bytes.
        os.utime(half_made, ns=(times.st_atime_ns, times.st_mtime_ns))
        copy = file.path.with_name(file.path.name + suffix)
        half_made.replace(copy)
        placed.append(copy)
    return placed


def _forget_others(files: Sequence[_Plain], project: Project) -> None:
    used = {kept for file in files for kept in file.kept.values()}
    for path in project.compressed.iterdir():
        if path not in used:
            path.unlink()
