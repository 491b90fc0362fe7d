"""The command line of serve.py."""

import argparse
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from .errors import SetUpError
from .pipeline import set_up
from .project import Project
from .server import SiteServer


class SentenceParser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence and exit status 1, like every other failure here."""

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"{self.prog}: {message}. See {self.prog} --help.\n")


def port_number(text: str) -> int:
    """An argument as a port."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 0 (any free port) to 65535")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The options of serve.py."""
    own = SentenceParser(prog="serve.py", description="Set Senmei up where that is needed, build site/ and serve it.")
    own.add_argument("--host", default="127.0.0.1", help="the address to serve on (%(default)s)")
    own.add_argument(
        "--port", type=port_number, default=8000, help="the port to serve on (%(default)s; 0: any free one)"
    )
    own.add_argument("--build", action="store_true", help="stop when site/ is built")
    own.add_argument("--no-browser", action="store_true", help="do not open the page")
    return own


def run_as_command(prog: str, work: Callable[[], int]) -> int:
    """Do `work` as a program does: failures become one sentence and status 1, and signals end it cleanly."""
    for stream in (sys.stdout, sys.stderr):
        _forgive(stream)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        return work()
    except SetUpError as error:
        sentence = str(error)
    except OSError as error:
        sentence = f"{error}."
    except KeyboardInterrupt:
        sentence = "interrupted."
        print(f"\n{prog}: {sentence}", file=sys.stderr)
        return 130
    print(f"{prog}: {sentence}", file=sys.stderr)
    return 1


def _forgive(stream: TextIO) -> None:
    """Terminals that lack a sign of ours show another, instead of ending the program."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _as_interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: Sequence[str], root: Path) -> int:
    """Run serve.py and return its exit status."""
    options = parser().parse_args(arguments)
    return run_as_command("serve.py", lambda: _serve(Project(root), options))


def _serve(project: Project, options: argparse.Namespace) -> int:
    if options.build:
        set_up(project)
        print(f"The site is in {project.site}{os.sep}", flush=True)
        return 0
    # Bound before the set-up: a taken port is told at once, not after the downloads.
    with SiteServer(project.site, host=options.host, port=options.port) as server:
        set_up(project)
        server.listen()
        print(f"Senmei is at {server.url} (Ctrl-C ends it)", flush=True)
        if not options.no_browser and can_show_pages():
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nGoodbye.", flush=True)
    return 0


def can_show_pages() -> bool:
    """Whether a page can be opened in a window: a text browser would take the terminal over."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"))
