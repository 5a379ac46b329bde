"""The report of a map: the picture of where async pays, with the points that were measured on it."""

from collections.abc import Mapping
from datetime import UTC

from loadtest.english import count
from loadtest.report.figures import where
from loadtest.report.figures.picture import Table
from loadtest.results.schema import Results
from loadtest.results.waits import POINTS
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import Row
from loadtest.verdict.mapped import doubts, headline, lacking, pair_of, said, table_of
from loadtest.verdict.placement import placement
from loadtest.verdict.points import points
from loadtest.verdict.where import growths
from loadtest.workload.scenarios import ABOUT

from .comparison import calibrations, commands, facts
from .page import Page


def page(measured: Mapping[str, Results]) -> Page:
    """Return the contents of the report of a map; `measured` holds its comparisons by wait."""
    first = next(iter(measured.values()))
    table = table_of(measured)
    pair = pair_of(measured)
    names = [each.name for each in first.contenders]
    drawn = []
    if pair and not pair.doubt:
        grown = growths(pair, [row for _, row in table])
        drawn = [where.of_pair(pair, points(measured.values(), names), grown, first.machine.memory)]
    told = headline(measured)
    return Page(
        title=f"where {names[1]} pays, compared with {names[0]}: {first.options.scenario}",
        headline=told,
        picture_first=bool(drawn),
        about=_about(first, [name for name in POINTS if name in measured]),
        warnings=lacking(measured),
        verdict=[each for each in said(measured) if each != f"{told}."],
        pictures=drawn,
        sources=[],
        facts=[*facts(first.machine), *calibrations(first.contenders)],
        commands=commands(first),
        doubts=doubts(measured),
        table=_table(table),
    )


def _about(first: Results, waits: list[str]) -> str:
    options = first.options
    calibrated = max((each.calibration.delay for each in first.contenders if each.calibration), default=0.0)
    return (
        f"Scenario {options.scenario}: every request waits for {ABOUT[options.scenario]}. Each service was calibrated "
        f"with waits of {calibrated * 1000:g} ms, then measured with {', '.join(reversed(waits))}, "
        f"{first.started.astimezone(UTC):%Y-%m-%d %H:%M} UTC, on {count(first.machine.cores, 'core')} "
        f"({first.machine.processor}): {placement(first)}."
    )


def _table(table: list[tuple[str, Row]]) -> Table:
    return Table(
        ["service", "wait", "users", "predicted", "measured", "ratio", "bound by"],
        [
            [
                *(row.service, name, str(row.load.amount)),
                cells.per_second(row.predicted.throughput) if row.predicted else cells.NONE,
                *((cells.rate(row), cells.ratio(row)) if row.windows else ("not run", "")),
                ("inconclusive" if row.doubts else row.bound) if row.windows else "saturated at fewer users",
            ]
            for name, row in table
        ],
        "Requests/s of every step, the load generator's own limits included in the prediction. Figures in brackets are "
        "inconclusive.",
    )
