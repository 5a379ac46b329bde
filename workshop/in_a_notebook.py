"""Why asyncio.run fails in a notebook, and why scripts and today's notebooks need no nest_asyncio.

A notebook's kernel runs an event loop already, in the thread that runs the cells, and asyncio.run starts no loop inside
another; nest_asyncio patches asyncio so that it may. Since IPython 7 a cell can simply await, as can a line typed into
`python -m asyncio`. A script has no loop yet, so there asyncio.run is right.
"""

import ast
import asyncio
import inspect
import sys
import warnings
from types import FunctionType

DEFINITION = """\
import asyncio
async def main():
    print("the kettle is on")
    await asyncio.sleep(1)
    print("tea")"""
CELLS = (DEFINITION, "asyncio.run(main())", "await main()")


async def stand_in_kernel(cells: tuple[str, ...]) -> None:
    """Run cells on the loop that is running, as a notebook's kernel would; this is a stand-in, and does no more."""
    names: dict[str, object] = {}
    for number, cell in enumerate(cells, 1):
        print(f"In [{number}]:", cell.replace("\n", "\n   ...: "))
        code = compile(cell, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        try:
            if inspect.iscoroutine(result := FunctionType(code, names)()):  # it is one where the cell awaits
                await result
        except RuntimeError as refused:
            print(f"RuntimeError: {refused}")


def main() -> None:
    """Run the cells: one defines a coroutine, one hands it to asyncio.run, one awaits it."""
    warnings.filterwarnings("ignore", "coroutine 'main' was never awaited")  # the one that asyncio.run refused
    asyncio.run(stand_in_kernel(CELLS))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # what a shell calls Ctrl-C
