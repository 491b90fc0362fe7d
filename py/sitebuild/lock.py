"""One set-up at a time in a working copy."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_S = 0.2

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        # A byte far past the text is locked, so that others may still read the process number.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextlib.contextmanager
def set_up_lock(path: Path, *, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock file `path`; while another process holds it, call `waiting` once with a sentence, and wait.

    The operating system lets go of the lock when its holder ends in whatever way, so a stale file never blocks; the
    number in it only tells people whom they wait for. On POSIX the programs that a set-up starts inherit the lock: when
    a set-up is killed, the next one waits until its orphans have stopped writing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        os.set_inheritable(descriptor, True)
        told = False
        while not _try_lock(descriptor):
            if not told:
                holder = path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
                waiting(f"Another set-up (process {holder}) is at work in this folder; waiting for it to end.")
                told = True
            time.sleep(POLL_S)
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)
