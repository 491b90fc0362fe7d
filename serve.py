"""Set Senmei up once, build site/ and serve it: `python3 serve.py`. `python3 serve.py --help` names the options."""

import sys


def main() -> int:
    """Run the command and return its exit status."""
    # Said before anything newer is imported; an old Python would stop at a syntax error instead.
    if sys.version_info < (3, 11):  # noqa: UP036
        version = sys.version.split()[0]
        sys.stderr.write("serve.py: Senmei needs Python 3.11 or newer; this is Python " + version + ".\n")
        return 1
    from pathlib import Path

    root = Path(__file__).resolve().parent
    sys.path.insert(0, str(root / "py"))
    from sitebuild import serve_command

    return serve_command.main(sys.argv[1:], root)


if __name__ == "__main__":
    sys.exit(main())
