"""Which compressed copy of a file a browser takes, by its Accept-Encoding (RFC 9110, 12.5.3)."""

from pathlib import Path
from typing import BinaryIO

from .headers import COPIES


def accepted(header: str | None) -> list[str]:
    """The suffixes of the copies that a browser prefers to the plain file, the dearest first."""
    if header is None:
        return []
    weights = _weights(header)
    others = weights.get("*", 0.0)
    plain = weights.get("identity", 0.0)
    wanted = {suffix: weights.get(encoding, others) for suffix, encoding in COPIES.items()}
    return [suffix for suffix in sorted(wanted, key=lambda suffix: -wanted[suffix]) if 0 < wanted[suffix] >= plain]


def _weights(header: str) -> dict[str, float]:
    """Each encoding's weight from 0 to 1; one that cannot be read counts as 0."""
    weights = {}
    for part in header.lower().split(","):
        encoding, *parameters = (word.strip() for word in part.split(";"))
        values = [word.removeprefix("q=") for word in parameters if word.startswith("q=")]
        try:
            weights[encoding.removeprefix("x-")] = float(values[0]) if values else 1.0
        except ValueError:
            weights[encoding] = 0.0
    return weights


def open_for(path: Path, header: str | None) -> tuple[BinaryIO, str | None]:
    """The compressed copy of a file that such a browser takes, or the file itself; and the Content-Encoding of it.

    A copy counts only while it has its file's time of change: whatever writes to one of them breaks this seal.
    Raises OSError when the file cannot be opened.
    """
    for suffix in accepted(header):
        copy = path.with_name(path.name + suffix)
        try:
            if copy.lstat().st_mtime_ns == path.stat().st_mtime_ns:
                return copy.open("rb"), COPIES[suffix]
        except OSError:
            continue
    return path.open("rb"), None
