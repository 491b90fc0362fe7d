"""Running pip, npm and the converter: their noise goes to the log, their failure becomes one sentence."""

import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from .errors import SetUpError
from .progress import Line
from .project import Project

HEARTBEAT_S = 0.5

NETWORK_SIGNS = (
    "name resolution",
    "NameResolutionError",
    "NewConnectionError",
    "ConnectTimeoutError",
    "Network is unreachable",
    "ProxyError",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ENETUNREACH",
    "ETIMEDOUT",
    "ERR_SOCKET_TIMEOUT",
)


class ProgramError(SetUpError):
    """A program that the set-up started has failed; `lines` is what it said."""

    def __init__(self, sentence: str, lines: Sequence[str]) -> None:
        super().__init__(sentence)
        self.lines = tuple(lines)

    def names_the_network(self) -> bool:
        """Whether what the program said shows that it could not reach its server."""
        return any(sign in line for line in self.lines for sign in NETWORK_SIGNS)


def run_program(
    command: Sequence[str | Path],
    *,
    project: Project,
    line: Line,
    doing: str,
    tell: Callable[[str], str | None],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[str]:
    """Run a program to its end and return the lines it wrote, standard output and error together.

    `tell` turns a line of the program into what the step's line shows, or None to leave that as it is. `doing` begins
    the sentence of the ProgramError raised when the program fails.
    """
    project.log.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    with project.log.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(str(part) for part in command)}\n")
        log.flush()
        # close_fds=False lets the program inherit the set-up lock; lock.py says why.
        with subprocess.Popen(
            [str(part) for part in command],
            cwd=folder or project.root,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            close_fds=False,
        ) as process:
            try:
                started_s, shown = time.monotonic(), ""
                for text in _lines_and_heartbeats(process):
                    if text is not None:
                        lines.append(text)
                        log.write(text + "\n")
                        shown = tell(text) or shown
                    line.update(f"{shown} {time.monotonic() - started_s:.0f} s".lstrip())
            except BaseException:
                process.kill()
                raise
        log.write(f"exit status {process.returncode}\n\n")
    if process.returncode != 0:
        raise ProgramError(f"{doing} failed: {telling_line(lines)} ({project.relative(project.log)} has it all)", lines)
    return lines


def _lines_and_heartbeats(process: "subprocess.Popen[str]") -> Iterator[str | None]:
    """The program's lines as they come, and None whenever it has been silent for a moment."""
    assert process.stdout is not None
    spoken: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(process.stdout, spoken), daemon=True).start()
    while True:
        try:
            text = spoken.get(timeout=HEARTBEAT_S)
        except queue.Empty:
            yield None
            continue
        if text is None:
            return
        yield text


def _pump(stream: IO[str], spoken: "queue.Queue[str | None]") -> None:
    for text in stream:
        spoken.put(text.rstrip())
    spoken.put(None)


def telling_line(lines: Sequence[str]) -> str:
    """The line among a failed program's output that tells a person most."""
    said = [text.strip() for text in lines if text.strip()]
    for marker in ("npm error", "npm ERR!"):
        told = [text.removeprefix(marker).strip() for text in said if text.startswith(marker)]
        told = [
            text for text in told if text and not text.startswith(("code ", "errno ", "syscall ", "A complete log"))
        ]
        if told:
            return told[0]
    errors = [text for text in said if text.upper().startswith("ERROR")]
    return (errors or said or ["it said nothing"])[-1]
