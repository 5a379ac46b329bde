"""Serve one of the other frameworks: `python -m peers NAME`."""

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from typing import Any

from serving.command_line import ServeOptions
from serving.serve import main

from .rows import PEERS, missing


def serve(name: str) -> None:
    """Serve the framework `name`. Exit with one line and status 1 if it is not installed."""
    service = PEERS[name].service(name)
    try:
        PEERS[name].find()
    except PackageNotFoundError as error:
        sys.exit(missing(name, error.name))

    def load(serve: ServeOptions) -> Any:
        """Return what the worker serves. The import happens in the worker, whose numbers begin with it."""
        return import_module(service.name).load(serve.settings)

    main(service, load)


def chosen() -> str:
    """Return the framework that the first argument names. Exit with one line and status 2 if it names none."""
    usage = f"python -m peers needs the name of a framework first, one of {', '.join(PEERS)}."
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(usage, "For its options: python -m peers NAME --help")
        sys.exit()
    if len(sys.argv) < 2 or sys.argv[1] not in PEERS:
        print(usage, file=sys.stderr)
        sys.exit(2)
    return sys.argv.pop(1)


if __name__ == "__main__":
    serve(chosen())
