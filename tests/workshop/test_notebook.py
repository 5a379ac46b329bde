"""The notebook, run from top to bottom in a kernel, and what is kept of it."""

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from loadtest.material import notebook
from tests.support.stalls import eventually

pytestmark = pytest.mark.workshop

MARK = "NOTEBOOK_OF_A_TEST"
"""An environment variable that every process of the kernel inherits."""

SECONDS = 120

Cell = dict[str, Any]


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return a function that returns the processes that a kernel of this test has left, itself included."""
    mark = str(uuid4())
    monkeypatch.setenv(MARK, mark)

    def left() -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found

    return left


def kept() -> list[Cell]:
    cells: list[Cell] = json.loads(notebook.NOTEBOOK.read_text())["cells"]
    return cells


def text(cell: Cell) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def test_the_notebook_runs_from_top_to_bottom_and_leaves_no_process(
    processes: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook, "NOTEBOOK", tmp_path / "notebook.ipynb")
    began = time.monotonic()
    path = notebook.build()
    assert time.monotonic() - began < SECONDS
    assert [each["execution_count"] for each in json.loads(path.read_text())["cells"] if is_code(each)]
    eventually(lambda: processes() == [])


def test_a_kernel_that_is_interrupted_during_a_run_leaves_no_process(processes: Callable[[], list[str]]) -> None:
    import jupytext  # noqa: PLC0415 - installed for the workshop alone
    from nbclient import NotebookClient  # noqa: PLC0415 - see above
    from nbclient.exceptions import CellExecutionError  # noqa: PLC0415 - see above

    cells = jupytext.read(notebook.SOURCE)
    begins = next(cell for cell in cells.cells if is_code(cell))
    runs = next(cell for cell in cells.cells if '"compare"' in text(cell))
    cells.cells = [begins, runs]
    at = {"metadata": {"path": str(notebook.SOURCE.parent)}}
    client = NotebookClient(cells, timeout=8, interrupt_on_timeout=True, resources=at)
    with pytest.raises(CellExecutionError, match="KeyboardInterrupt"):
        client.execute()
    eventually(lambda: processes() == [])


def test_the_notebook_has_the_cells_of_its_source() -> None:
    import jupytext  # noqa: PLC0415 - installed for the workshop alone

    of_source = [(cell["cell_type"], text(cell)) for cell in jupytext.read(notebook.SOURCE).cells]
    assert [(cell["cell_type"], text(cell)) for cell in kept()] == of_source


def test_the_kept_outputs_are_those_of_one_run_without_errors_or_paths() -> None:
    code = [cell for cell in kept() if is_code(cell)]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    assert not [out for cell in code for out in cell["outputs"] if out["output_type"] == "error"]
    assert re.findall(r"/(?:home|root|tmp|Users|work)/\S*", json.dumps([cell["outputs"] for cell in code])) == []


def is_code(cell: Cell) -> bool:
    return bool(cell["cell_type"] == "code")
