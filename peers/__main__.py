"""python -m peers NAME: one of the other frameworks."""

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from typing import Any

from serving.command_line import ServeOptions
from serving.serve import main

from .rows import PEERS, missing


def serve(name: str) -> None:
    """Serve the framework of that name. One that is not installed is one line and SystemExit(1)."""
    service = PEERS[name].service(name)
    try:
        PEERS[name].find()
    except PackageNotFoundError as error:
        sys.exit(missing(name, error.name))

    def load(serve: ServeOptions) -> Any:
        """What the worker asks for. Imported here: in the worker, once it is said where numbers are kept."""
        return import_module(service.name).load(serve.settings)

    main(service, load)


def chosen() -> str:
    """The framework that is named first. What is none is one line and SystemExit(2)."""
    usage = f"python -m peers takes the name of a framework first, one of {', '.join(PEERS)}."
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(usage, "More help: python -m peers NAME --help")
        sys.exit()
    if len(sys.argv) < 2 or sys.argv[1] not in PEERS:
        print(usage, file=sys.stderr)
        sys.exit(2)
    return sys.argv.pop(1)


if __name__ == "__main__":
    serve(chosen())
