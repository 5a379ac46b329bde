"""Every heading and legend that people see is a term of the glossary, and the glossary has no other."""

import io
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from rich.console import Console

from loadtest.contenders.cores import Cores
from loadtest.report import before_after, capacity, comparison, lineup
from loadtest.report import map as a_map
from loadtest.report.page import Page
from loadtest.results.advice import Advice, Proposal
from loadtest.results.schema import Pairing, Part, Results
from loadtest.terminal.before_after import show_before_after
from loadtest.terminal.capacity import show_capacities
from loadtest.terminal.comparison import show
from loadtest.terminal.gate import show_answers
from loadtest.terminal.lineup import show_lineup
from loadtest.terminal.map import show_map
from loadtest.verdict.aggregate import rows as aggregated
from loadtest.verdict.gate import untold
from loadtest.verdict.requirements import requirement
from tests.docs.support.pages import PAGES, ROOT, column
from tests.loadtest.support.arrivals import open_run
from tests.loadtest.support.capacities import probe, searched
from tests.loadtest.support.fabricated import calibration, contender, lineup_of, results, step, use

GLOSSARY = "docs/glossary.md"
WIDE = 200


def term(heading: str) -> str:
    """A heading without its unit and its number of users."""
    heading = heading.replace("\n", " ").removesuffix("(log scale)").strip()
    heading = re.sub(r", (?:requests/s|MiB|ms|µs|s)$", "", heading)
    return re.sub(r"^(?:at )?\d+ users?,?$|^at \d+$", "users", heading).strip()


def headings_of(page: Page) -> Iterator[str]:
    tables = [picture.table for picture in page.pictures] + ([page.table] if page.table else [])
    for table in tables:
        yield from table.head
    for picture in page.pictures:
        for figure in picture.figures:
            yield from titles(figure.chart.to_dict())


def titles(chart: Any) -> Iterator[str]:
    """The titles of all axes and legends in a chart's specification."""
    if isinstance(chart, list):
        for each in chart:
            yield from titles(each)
    elif isinstance(chart, dict):
        for name, value in chart.items():
            if name == "encoding":
                for channel in value.values():
                    if isinstance(channel, dict) and isinstance(channel.get("title"), str):
                        yield channel["title"]
            yield from titles(value)


def printed(show: Callable[..., None], *arguments: Any, **options: bool) -> Iterator[str]:
    """The column headings of the tables that are printed: the lines above a rule."""
    console = Console(file=io.StringIO(), width=WIDE)
    show(console, *arguments, **options)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    for above, line in pairwise(lines):
        if "──" in line:
            yield from re.split(r"\s{2,}", above.strip())


def apart() -> Results:
    """Return a run with cores apart, calibrated services, and everything beside them that a run can start."""
    names, others = ("flask", "aiohttp"), dict.fromkeys(("database", "upstream", "command"), 0.1)
    beside = {"others_cpu": others, "service_cores": use(0.6, interrupts=0.1), "other_cores": use(0.5)}
    steps = [step(name, users) for name in names for users in (1, 50)]
    run = results(
        [
            each.model_copy(update={"measured": each.measured.model_copy(update=beside)})
            for each in steps
            if each.measured
        ]
    )
    known = [contender(name, calibration=calibration()) for name in names]
    return run.model_copy(update={"cores": Cores((0,), (1,)), "contenders": known})


def own() -> Results:
    """Return a run of two services of the user's own: in pairs, with a mixed load, and for a load that they need."""
    steps = [step(name, 10, repeat=repeat) for name in ("before", "after") for repeat in range(1, 7)]
    parts = {name: Part(requests=100, failures=0, latency={100.0: 100}) for name in ("search", "order")}
    mixed = [
        each.model_copy(update={"measured": each.measured.model_copy(update={"parts": parts})})
        for each in steps
        if each.measured
    ]
    as_it_is = Proposal(
        what="as it is", processes=1, slots=8, throughput=80.0, p99=0.1, memory=1e8, cores=0.1, enough=True
    )
    run = results(mixed)
    pairings = [Pairing(before="before", after="after")]
    return run.model_copy(
        update={
            "options": run.options.model_copy(update={"pairings": pairings}),
            "advice": [Advice(service="after", need="80 requests/s", proposals=[as_it_is], sentence="No.")],
        }
    )


def seen() -> Iterator[str]:
    run = results([step(name, users) for name in ("flask", "aiohttp") for users in (1, 50)])
    for each in (run, apart(), open_run(deadline=1.0), own()):
        yield from headings_of(comparison.page(each))
        yield from printed(show, each, aggregated(each), details=True)
    search = searched({"flask": [probe(20.0, "passed", 0.001, 0.0, 0.005)]})
    yield from headings_of(capacity.page(search))
    yield from printed(show_capacities, search, details=True)
    yield from headings_of(a_map.page({"50ms": apart()}))
    yield from printed(show_map, {"50ms": apart()}, details=True)
    yield from headings_of(before_after.page(run, run))
    yield from printed(show_before_after, run, run)
    yield from printed(show_answers, run, untold([requirement("p99<1s")], ["flask"], "it is only printed"))
    yield from headings_of(lineup.page(lineup_of()))
    yield from printed(show_lineup, lineup_of(), details=True)
    race = (ROOT / "loadtest" / "race" / "templates" / "race.html").read_text()
    yield from re.findall(r"<dt>(.*?)</dt>", race)
    for page in PAGES:
        for head in re.findall(r"^\|(.*)\|\n\|(?:-+\|)+$", PAGES[page], re.MULTILINE):
            yield from head.split("|")


def test_every_heading_and_legend_is_in_the_glossary_and_nothing_else() -> None:
    headings = {term(heading) for heading in seen()} - {""}
    documented = {*column(GLOSSARY, "Headings and legends", "heading")}
    assert sorted(headings) == sorted(documented)


def test_the_terms_are_sorted_and_each_has_one_meaning() -> None:
    terms = column(GLOSSARY, "Glossary", "term")
    assert terms == sorted({*terms}, key=str.lower)


def test_the_words_of_the_model_are_defined() -> None:
    words = "user, arrival, request in flight, slot, worker, thread, pool, step, window, repeat, knee, capacity"
    assert {*words.split(", ")} <= {*column(GLOSSARY, "Glossary", "term")}
