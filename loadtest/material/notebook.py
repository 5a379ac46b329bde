"""The notebook of the workshop: its source is a script, and what people open has the outputs of a run."""

from pathlib import Path

from loadtest.results import atomic

from .runs import ROOT

SOURCE, NOTEBOOK = ROOT / "workshop" / "notebook.py", ROOT / "workshop" / "notebook.ipynb"

WITHIN = 120
"""Seconds that one cell may take."""


def build() -> Path:
    """Run the source in a kernel from top to bottom, write the notebook with its outputs, and return its path.

    Raises ValueError if a cell fails, or a package is missing.
    """
    try:
        import jupytext  # noqa: PLC0415 - installed for the workshop alone
        from nbclient import NotebookClient  # noqa: PLC0415 - see above
        from nbclient.exceptions import CellExecutionError, CellTimeoutError  # noqa: PLC0415 - see above
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed: make install-workshop installs it") from error
    notebook = jupytext.read(SOURCE)
    resources = {"metadata": {"path": str(SOURCE.parent)}}
    client = NotebookClient(notebook, timeout=WITHIN, resources=resources, coalesce_streams=True, record_timing=False)
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError) as error:
        raise ValueError(f"a cell failed: {error}") from error
    for number, cell in enumerate(notebook.cells, 1):
        cell["id"] = f"cell-{number}"  # a random one would differ at every run
    notebook.metadata["language_info"] = {"name": "python"}
    return atomic.write(NOTEBOOK, jupytext.writes(notebook, fmt="ipynb") + "\n")
