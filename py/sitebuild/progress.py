"""What a person sees while the set-up works: one line a step, rewritten in place on a terminal."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

TERMINAL_INTERVAL_S = 0.1
PLAIN_INTERVAL_S = 10.0


def amount(size_bytes: int) -> str:
    """A size as people read it: "38 kB", "4.2 MB", "41 MB"."""
    if size_bytes < 100_000:
        return f"{size_bytes / 1e3:.0f} kB"
    size_mb = size_bytes / 1e6
    return f"{size_mb:.1f} MB" if size_mb < 10 else f"{size_mb:.0f} MB"


@dataclass
class Line:
    """The line of one step: `update` says how far it is, often; `summary` becomes what stays when it is done."""

    head: str
    stream: TextIO
    summary: str = ""
    _shown: str = ""
    _shown_at_s: float = field(default_factory=time.monotonic)

    def update(self, detail: str) -> None:
        """Show how far the step is; calls that come faster than eyes are dropped."""
        terminal = self.stream.isatty()
        now_s = time.monotonic()
        if now_s - self._shown_at_s < (TERMINAL_INTERVAL_S if terminal else PLAIN_INTERVAL_S):
            return
        self._shown_at_s = now_s
        self._write(f"{self.head} … {detail}", last=not terminal)

    def note(self, sentence: str) -> None:
        """Say something that must stay readable, on a line of its own."""
        self._write(f"      {sentence}", last=True)

    def _write(self, text: str, *, last: bool) -> None:
        if self.stream.isatty():
            text = text[: max(20, shutil.get_terminal_size().columns - 1)]
            self.stream.write("\r" + text.ljust(len(self._shown)) + ("\n" if last else ""))
            self._shown = "" if last else text
        else:
            self.stream.write(text + "\n")
        self.stream.flush()


@contextmanager
def step_line(head: str, stream: TextIO | None = None) -> Iterator[Line]:
    """Show one step from its start to its end; when it fails the line stays as it was and the error speaks."""
    line = Line(head, stream or sys.stdout)
    started_s = time.monotonic()
    line._write(f"{head} …", last=not line.stream.isatty())
    try:
        yield line
    except BaseException:
        if line._shown:
            line._write(line._shown, last=True)
        raise
    took_s = time.monotonic() - started_s
    line._write(f"{head}: {line.summary or 'done'} ({took_s:.1f} s)", last=True)
