"""The files of a report, each whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

from altair.utils.schemapi import debug_mode

from .. import whole
from ..results import Results
from . import frameworks, one, two
from .library import being_packed
from .page import html
from .perfetto import trace


def report(results: Results, path: Path) -> Path:
    """Write the report of one run to `path`."""
    with being_packed() as library, debug_mode(False):  # the tests check charts; here it would cost a second
        return whole.write(path, html(one.page(results), library))


def before_after(before: Results, after: Results, path: Path) -> Path:
    """Write the report of two runs to `path`."""
    with being_packed() as library, debug_mode(False):  # as above
        return whole.write(path, html(two.page(before, after), library))


def lineup(measured: Mapping[str, Results], path: Path) -> Path:
    """Write the page of the line-up to `path`."""
    with being_packed() as library, debug_mode(False):  # as above
        return whole.write(path, html(frameworks.page(measured), library))


def requests(results: Results, path: Path) -> Path:
    """Write the first requests of each step to `path`, for Perfetto."""
    return whole.write(path, trace(results))
