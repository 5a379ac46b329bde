"""The report of a search for capacity."""

from loadtest.report.figures import capacity
from loadtest.results.schema import Results
from loadtest.verdict.capacities import doubts, sentences
from loadtest.verdict.gate import judged
from loadtest.workload.scenarios import sentence

from .comparison import calibrations, commands, facts, incomplete, sources, when_and_where
from .page import OPEN, Page


def page(results: Results) -> Page:
    """Return the contents of the report of a search."""
    options = results.options
    picture = capacity.picture(results)
    return Page(
        title=f"Capacity of {', '.join(each.name for each in results.contenders)}: {options.title}",
        about=f"Scenario {options.scenario}: {sentence(options.scenario, options.delay)}, {when_and_where(results)}",
        warnings=incomplete(results),
        verdict=sentences(results),
        pictures=[picture] if picture else [],
        sources=sources(options.scenario),
        facts=[*facts(results.machine), *calibrations(results.contenders)],
        commands=commands(results),
        doubts=doubts(results),
        load=OPEN,
        requirements=[each.sentence for each in judged(results)],
    )
