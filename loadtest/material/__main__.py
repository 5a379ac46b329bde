"""The command that builds the slides, records the runs that they show, or runs the notebook and keeps its outputs."""

import argparse
import sys

from . import notebook, slides
from .runs import RUNS, record


def main() -> None:
    """Do what the command line asks for. Exit with 1 and one sentence if it fails."""
    parser = argparse.ArgumentParser("python -m loadtest.material", description="Build the material of the workshop.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("slides", help="write workshop/slides/slides.html")
    recording = commands.add_parser("record", help="run the comparisons that the slides show")
    recording.add_argument("runs", nargs="*", metavar="RUN", help=f"all, or some of {', '.join(RUNS)}")
    commands.add_parser("notebook", help="run workshop/notebook.py, and keep its outputs in workshop/notebook.ipynb")
    asked = parser.parse_args()
    try:
        match asked.command:
            case "slides":
                _build()
            case "record":
                _record(asked.runs)
            case "notebook":
                print(f"Notebook: {notebook.build()}")
    except (OSError, ValueError) as error:
        sys.exit(f"{parser.prog} {asked.command}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)  # the status that a shell gives Ctrl-C


def _build() -> None:
    path, doubts = slides.build()
    for doubt in doubts:
        print(f"In brackets: {doubt}")
    print(f"Slides: {path}")


def _record(names: list[str]) -> None:
    if unknown := [name for name in names if name not in RUNS]:
        raise ValueError(f"there is no run {unknown[0]!r}, but {', '.join(RUNS)}")
    for name in names or RUNS:
        print(f"Recording {name}:", flush=True)
        record(name)


if __name__ == "__main__":
    main()
