"""Functions that write the files of a report atomically."""

from collections.abc import Mapping
from pathlib import Path

from altair.utils.schemapi import debug_mode

from loadtest.results import atomic
from loadtest.results.schema import Results

from . import before_after, capacity, comparison, lineup, stalls
from .map import page as page_of_map
from .page import Page, html
from .perfetto import trace
from .vega import being_packed


def write_comparison(results: Results, path: Path) -> Path:
    """Write the report of one run, of whatever command, to `path`, and return the path."""
    with being_packed() as library, debug_mode(False):  # tests validate the charts; here it would take a second
        return atomic.write(path, html(_page(results), library))


def _page(results: Results) -> Page:
    if results.stalls:
        return stalls.page(results)
    return capacity.page(results) if results.options.objectives else comparison.page(results)


def write_before_after(before: Results, after: Results, path: Path) -> Path:
    """Write the report of two runs to `path`, and return the path."""
    with being_packed() as library, debug_mode(False):  # see write_comparison
        return atomic.write(path, html(before_after.page(before, after), library))


def write_lineup(measured: Mapping[str, Results], path: Path) -> Path:
    """Write the report of the line-up to `path`, and return the path."""
    with being_packed() as library, debug_mode(False):  # see write_comparison
        return atomic.write(path, html(lineup.page(measured), library))


def write_map(measured: Mapping[str, Results], path: Path) -> Path:
    """Write the report of a map to `path`, and return the path."""
    with being_packed() as library, debug_mode(False):  # see write_comparison
        return atomic.write(path, html(page_of_map(measured), library))


def write_trace(results: Results, path: Path) -> Path:
    """Write a Perfetto trace of each step's first requests to `path`, and return the path."""
    return atomic.write(path, trace(results))
