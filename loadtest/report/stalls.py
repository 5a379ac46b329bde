"""The report of a run that watched event loops."""

from loadtest.english import listed
from loadtest.report.figures import latency, parts, strips
from loadtest.report.figures import requests as swimlane
from loadtest.report.figures import time_spent as whereabouts
from loadtest.report.figures.picture import Picture, Table
from loadtest.results.schema import Results
from loadtest.results.stalls import Repair, Stalls
from loadtest.verdict import held
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.cause import cause
from loadtest.verdict.comparison import doubtful
from loadtest.verdict.format import bracketed, readable
from loadtest.verdict.gate import judged
from loadtest.workload.open import Open
from loadtest.workload.scenarios import sentence

from .comparison import calibrations, commands, facts, incomplete, sources, telling, when_and_where
from .markdown import services
from .page import OPEN, Page
from .paired import Bar, Group, Panel, Two

CAPTION = (
    "The most requests per second of one process: predicted from what the run measured of the service as it is, and "
    "measured where a variant was run. All bars have one scale. Times: measured / predicted."
)


def page(results: Results) -> Page:
    """Return the contents of the report: what held the loops, what repairs bring, then the steps of the run."""
    table, options = rows(results), results.options
    picture = strips.picture(results)
    return Page(
        title=f"stalls of {', '.join(each.service for each in results.stalls)}: {options.title}",
        headline=held.headline(results),
        picture_first=picture is not None,
        about=_about(results),
        warnings=[*incomplete(results), *cause(table)],
        verdict=held.sentences(results),
        paired=repairs(results),
        pictures=[*([picture] if picture else []), *_pictures(results, table)],
        table=_steps(table),
        sources=sources(options.scenario),
        facts=[*facts(results.machine), *calibrations(results.contenders)],
        commands=commands(results),
        doubts=[*_doubts(results, table), *doubtful(table)],
        load=OPEN,
        requirements=[each.sentence for each in judged(results)],
    )


def repairs(results: Results) -> list[Group]:
    """Return paired bars: what was predicted of each service as it is and with each repair, and what was measured."""
    shown = [each for each in results.stalls if each.repairs]
    panels = [Panel(each.service, "requests/s of one process", _twos(each)) for each in shown]
    return [Group("repairs", "What a repair brings", CAPTION, panels)] if panels else []


def _about(results: Results) -> str:
    """Return the scenario, the load under which each service was watched, the time and the machine."""
    options = results.options
    watched = listed(
        [f"{each.service} at {each.rate:g} arrivals/s for {each.seconds:.0f} s" for each in results.stalls]
    )
    told = sentence(options.scenario, options.delay)
    return f"Scenario {options.scenario}: {told}. Watched: {watched}. {when_and_where(results)}"


def _pictures(results: Results, table: list[Row]) -> list[Picture]:
    """Return the pictures of the steps in which the loops were watched, without those that have no data."""
    run = [row for row in table if row.windows and isinstance(row.load, Open)]
    if not run:
        return []
    drawn = (each(results, run, telling(run)) for each in (latency.picture, swimlane.picture, whereabouts.picture))
    return [each for each in (*drawn, parts.picture(results, run, telling(run))) if each is not None]


def _steps(table: list[Row]) -> Table:
    """Return the figures of all steps: of those before the loops were watched, and of a variant, too."""
    head, *lines = services(table)
    caption = (
        "One user finds the service idle, more users find its limit, and arrivals at half of that rate are watched. "
        "Figures in brackets are inconclusive."
    )
    return Table(head, lines, caption)


def _twos(stalls: Stalls) -> list[Two]:
    longest = max(rate for each in stalls.repairs for rate in (each.predicted, each.measured or 0.0)) or 1.0
    return [_two(each, stalls, longest) for each in stalls.repairs]


def _two(repair: Repair, stalls: Stalls, longest: float) -> Two:
    holds = not held.rate_doubts(stalls)
    rates = [("predicted", repair.predicted), ("measured", repair.measured)]
    bars = [
        Bar(name, bracketed(readable(rate), holds=holds), rate / longest, None, holds)
        for name, rate in rates
        if rate is not None
    ]
    return Two(held.of_repair(repair, stalls), f"bound by {repair.bound}", held.ratio(repair), False, bars)


def _doubts(results: Results, table: list[Row]) -> list[str]:
    """Return the reasons why findings are inconclusive that are not those of a step."""
    of_steps = {doubt for row in table for doubt in row.doubts}
    return [
        f"{each.service}: {doubt}." for each in results.stalls for doubt in held.doubts(each) if doubt not in of_steps
    ]
