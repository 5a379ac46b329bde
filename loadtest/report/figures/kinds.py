"""The look of the kinds of a request's time: waiting for a worker, waiting for what it is about, and working."""

from collections.abc import Iterable

from loadtest.verdict.time_spent import Parts, names

KINDS = Parts._fields
"""The kinds, in the order in which a request goes through them."""

COLOURS = {"worker": "#d9681d", "wait": "#1f5a9e", "work": "#111827"}
"""Colours of the light page; report.css replaces them in the dark, and adds patterns on paper."""

WORKING = "Working includes waiting for the CPU."
"""A note for requests that compute: the clock goes on while another thread has the CPU."""


def key(scenario: str, seen: Iterable[str]) -> dict[str, str]:
    """Return the names of those kinds that are drawn, in their order."""
    drawn = {*seen}
    return {kind: name for kind, name in names(scenario).items() if kind in drawn}
