"""Steps that run once: each has a digest of its inputs, and a stamp written when its products stand whole.

A step is up to date when its stamp holds the digest of today's inputs and every product is there in its stamped size.
Only small inputs are hashed and products are only looked at, so that "nothing changed" is known in milliseconds.
A step's digest takes in the digests of the steps it comes after, so a change runs down the chain and nowhere else.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import SetUpError
from .progress import Line, step_line
from .project import Project

FOLDER = -1
"""The size noted in a stamp for a product that is a folder."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One piece of the set-up. `work` makes the products whole or raises, and returns their paths."""

    name: str
    title: str
    inputs: Callable[[], Iterable[bytes]]
    work: Callable[[Line], Sequence[Path]]
    after: tuple[str, ...] = ()


def file_inputs(paths: Iterable[Path], *, root: Path) -> Iterable[bytes]:
    """Names and contents of files as inputs of a step.

    Raises SetUpError when one is missing.
    """
    for path in sorted(paths):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise SetUpError(
                f"{path.relative_to(root).as_posix()} is missing; restore it from the repository."
            ) from None
        yield path.relative_to(root).as_posix().encode()
        yield content


def source_files(folder: Path, pattern: str = "*") -> list[Path]:
    """The files under `folder`, without what Python leaves beside its sources."""
    return sorted(
        path
        for path in folder.rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts[len(folder.parts) :]
    )


def digest_of(parts: Iterable[bytes]) -> str:
    """One sha256 over parts, each with its length, so that no two lists of parts run together."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()


def run_steps(steps: Sequence[Step], project: Project) -> list[str]:
    """Run what is not up to date, in order, and return the names of the steps that ran."""
    digests: dict[str, str] = {}
    ran: list[str] = []
    for number, step in enumerate(steps, start=1):
        earlier = [digests[name].encode() for name in step.after]
        digest = digest_of([step.name.encode(), *earlier, *step.inputs()])
        digests[step.name] = digest
        stamp = project.stamps / f"{step.name}.json"
        if _is_current(stamp, digest, project.root):
            continue
        stamp.unlink(missing_ok=True)
        with step_line(f"[{number}/{len(steps)}] {step.title}") as line:
            products = step.work(line)
        _write_stamp(stamp, digest, products, project)
        ran.append(step.name)
    return ran


def _size(path: Path) -> int | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return FOLDER if path.is_dir() else status.st_size


def _is_current(stamp: Path, digest: str, root: Path) -> bool:
    try:
        noted = json.loads(stamp.read_text(encoding="utf-8"))
        products: dict[str, int] = noted["products"]
        return noted["digest"] == digest and all(_size(root / name) == size for name, size in products.items())
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return False  # no stamp, or one that this version did not write: the step runs again


def _write_stamp(stamp: Path, digest: str, products: Sequence[Path], project: Project) -> None:
    sizes: dict[str, int] = {}
    for path in products:
        size = _size(path)
        if size is None:
            raise SetUpError(f"{project.relative(path)} was not made; {project.relative(project.log)} tells more.")
        sizes[project.relative(path)] = size
    stamp.parent.mkdir(parents=True, exist_ok=True)
    temporary = project.temporary / stamp.name
    temporary.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text(json.dumps({"digest": digest, "products": sizes}, indent=1), encoding="utf-8")
    temporary.replace(stamp)
