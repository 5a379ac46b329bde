"""The report of a search for capacity."""

from loadtest.report.figures import capacity
from loadtest.results.schema import Results
from loadtest.verdict.capacities import doubts, headline, sentences
from loadtest.verdict.gate import judged
from loadtest.workload.scenarios import sentence

from .comparison import calibrations, commands, facts, incomplete, sources, when_and_where
from .page import OPEN, Page


def page(results: Results) -> Page:
    """Return the contents of the report of a search."""
    options = results.options
    picture = capacity.picture(results)
    told = headline(results)
    return Page(
        title=f"capacity of {', '.join(each.name for each in results.contenders)}: {options.title}",
        headline=told,
        picture_first=picture is not None,
        about=f"Scenario {options.scenario}: {sentence(options.scenario, options.delay)}, {when_and_where(results)}",
        warnings=incomplete(results),
        verdict=[each for each in sentences(results) if each != f"{told}."],
        pictures=[picture] if picture else [],
        sources=sources(options.scenario),
        facts=[*facts(results.machine), *calibrations(results.contenders)],
        commands=commands(results),
        doubts=doubts(results),
        load=OPEN,
        requirements=[each.sentence for each in judged(results)],
    )
