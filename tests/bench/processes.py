"""What Linux tells of the Chromium that this program has started: its processes, their memory, their threads' time."""

from __future__ import annotations

import os
from pathlib import Path


def processes() -> dict[int, tuple[int, str]]:
    """Parent and command line of every process."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            status = (folder / "stat").read_text()
            command = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        found[int(folder.name)] = (int(status.rpartition(")")[2].split()[1]), command)
    return found


def chromium_processes() -> dict[int, str]:
    """Those that this program started, each with its type: "renderer" for tabs, "browser" for their parent."""
    everything = processes()

    def is_ours(number: int) -> bool:
        while number > 1 and number in everything:
            number = everything[number][0]
            if number == os.getpid():
                return True
        return False

    kinds = {}
    for number, (_, command) in everything.items():
        if "--user-data-dir" not in command and "--type=" not in command:
            continue
        if is_ours(number):
            kinds[number] = command.partition("--type=")[2].partition(" ")[0] or "browser"
    return kinds


def resident_bytes(number: int) -> int:
    try:
        pages = int(Path(f"/proc/{number}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def processor_ms() -> dict[int, float]:
    """How long each thread of Chromium has computed since it began, by its number. Unlike elapsed time it is hardly
    longer when others compute too."""
    found = {}
    for number in chromium_processes():
        for folder in Path(f"/proc/{number}/task").iterdir():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(folder.name)] = 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found
