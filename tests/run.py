"""Set everything up once and run the tests: `python3 tests/run.py [--setup-only] [pytest arguments]`."""

import sys


def main() -> int:
    """Run the command and return its exit status."""
    # Said before anything newer is imported; an old Python would stop at a syntax error instead.
    if sys.version_info < (3, 11):  # noqa: UP036
        version = sys.version.split()[0]
        sys.stderr.write("tests/run.py: the tests need Python 3.11 or newer; this is Python " + version + ".\n")
        return 1
    from pathlib import Path

    root = Path(__file__).resolve().parent.parent
    sys.path.insert(0, str(root / "py"))
    from sitebuild import check_command

    return check_command.main(sys.argv[1:], root)


if __name__ == "__main__":
    sys.exit(main())
