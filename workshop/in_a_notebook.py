"""The reason why asyncio.run fails in a notebook, and why neither scripts nor today's notebooks need nest_asyncio.

A notebook's kernel already runs an event loop, in the thread that runs the cells. asyncio.run starts no loop inside
another; nest_asyncio patches asyncio to allow it. Since IPython 7 a cell can simply await, and so can a line typed into
`python -m asyncio`. A script has no running loop, so asyncio.run is right there.
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
    """Run cells on the running loop, as a notebook's kernel does. The stand-in does nothing else."""
    names: dict[str, object] = {}
    for number, cell in enumerate(cells, 1):
        print(f"In [{number}]:", cell.replace("\n", "\n   ...: "))
        code = compile(cell, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        try:
            if inspect.iscoroutine(result := FunctionType(code, names)()):  # a coroutine if the cell awaits
                await result
        except RuntimeError as refused:
            print(f"RuntimeError: {refused}")


def main() -> None:
    """Run the cells: one defines a coroutine function, one passes its coroutine to asyncio.run, one awaits it."""
    warnings.filterwarnings("ignore", "coroutine 'main' was never awaited")  # asyncio.run refused it
    asyncio.run(stand_in_kernel(CELLS))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # the status that a shell gives Ctrl-C
