"""A trace of the first requests of each step, for Perfetto (ui.perfetto.dev) or chrome://tracing.

Source: Trace Event Format, asynchronous events. Only these may overlap within a thread, as requests do.
"""

import json
from collections.abc import Iterator
from typing import Any

from loadtest.results.exchange import Exchange
from loadtest.results.schema import Results, Step
from loadtest.verdict.time_spent import Divider, names

PAUSE = 1.0
"""Seconds between two steps of the trace; the pause in the run was longer."""


def trace(results: Results) -> str:
    """Return the trace as JSON: a process for each service, with a track for each request."""
    numbers = {each.name: number for number, each in enumerate(results.contenders, start=1)}
    dividers = {each.name: Divider(each, results.options) for each in results.contenders}
    events: list[dict[str, Any]] = [
        {"ph": "M", "name": "process_name", "pid": number, "args": {"name": name}} for name, number in numbers.items()
    ]
    clocks, kinds = dict.fromkeys(numbers, 0.0), [*names(results.options.scenario).values()]
    for place, step in enumerate(results.steps):
        if step.measured is not None:
            process, divider = numbers[step.service], dividers[step.service]
            for number, exchange in enumerate(step.measured.first):
                same = {"cat": "request", "id": f"{place}.{number}", "pid": process, "tid": process}
                events += _events(exchange, step, (divider, kinds), same, clocks[step.service])
            last = max((each.ended or each.sent for each in step.measured.first), default=0.0)
            clocks[step.service] += last + PAUSE
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})


def _events(
    exchange: Exchange, step: Step, parts: tuple[Divider, list[str]], same: dict[str, Any], begins: float
) -> Iterator[dict[str, Any]]:
    """Yield one slice for the request and one for each known part of its time, as begin and end events.

    `parts`: the divider of its time, and the names of the parts.
    """
    if exchange.ended is None:
        return  # without an end there is no slice
    about = {
        step.load.unit: step.load.amount,
        "repeat": step.repeat,
        "status": exchange.status,
        "served by": exchange.served_by,
    }
    begin, end = begins + exchange.sent, begins + exchange.ended
    yield from _slice(step.load.label, (begin, end), same, about)
    divider, kinds = parts
    for part, seconds in zip(kinds, divider.of(exchange) or (), strict=False):
        if seconds > 0:
            yield from _slice(part, (begin, min(begin + seconds, end)), same, {})
        begin += seconds


def _slice(what: str, span: tuple[float, float], same: dict[str, Any], about: dict[str, Any]) -> list[dict[str, Any]]:
    begin, end = (round(seconds * 1e6) for seconds in span)
    return [{**same, "ph": "b", "name": what, "ts": begin, "args": about}, {**same, "ph": "e", "name": what, "ts": end}]
