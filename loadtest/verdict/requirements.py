"""Requirements such as `p99<500ms` or `new: throughput>=0.95x old`: what they say, and which ones a run can answer."""

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from loadtest.english import listed
from loadtest.results.histogram import BEYOND
from loadtest.workload.open import Open

from .aggregate import LEAST_CPU, Row
from .backlog import lost

TAKES = "a requirement reads like p99<500ms, errors<1%, 'new: memory<200MiB' or 'throughput>=0.95x old'"

SHAPE = re.compile(r"(?:(?P<service>[^<>]+):)?\s*(?P<figure>[^\s<>:=]+)\s*(?P<sign><=|>=|<|>)\s*(?P<value>[^\s=].*)")

NUMBER = r"\d{1,12}(?:\.\d{1,12})?"

RELATIVE = re.compile(rf"(?P<factor>{NUMBER})\s*x\s+(?P<other>\S.*)")

ABSOLUTE = re.compile(rf"(?P<number>{NUMBER})\s*(?P<unit>[^\s\d.]*)")

SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

MILLISECONDS = MappingProxyType({"ms": 1.0, "s": 1000.0, "us": 0.001, "µs": 0.001})
RATES = MappingProxyType({"/s": 1.0, "": 1.0})
SIZES = MappingProxyType({"MiB": 2.0**20, "GiB": 2.0**30, "KiB": 2.0**10, "kB": 1e3, "MB": 1e6, "GB": 1e9})

CAPACITY, ERRORS, GOODPUT, STALLS = "capacity", "errors", "goodput", "stalls"

UNSCALED = {ERRORS: "a share such as 1%", STALLS: "a time such as 10ms"}
"""Values of the figures that are 0 if all is well: a factor to those of another service says nothing."""

BEFORE = "before"
"""The name of the earlier of two runs."""


@dataclass(frozen=True)
class Figure:
    """A figure that can be required: how a row has it, and the units in which it can be written."""

    of: Callable[[Row], float | None]
    """Return the figure of a row, or None if it is unknown."""
    units: Mapping[str, float]
    """The factor of each unit; figures are shown in the first one."""
    lacks: str
    """The reason why a run may not have it."""
    latency: bool = False

    def shown(self, values: Collection[float]) -> str:
        """Return finite values of the figure with their unit: one, or their range."""
        unit, factor = next(iter(self.units.items()))
        ends = dict.fromkeys(_number(value / factor) for value in (min(values), max(values)))
        return f"{' to '.join(ends)}{'' if unit == '/s' else ' '}{unit}"


def _latency(name: str) -> Figure:
    rank = float(name.removeprefix("p")) / 100
    needs = f"{name} takes {round(BEYOND / (1 - rank))} requests in each repeat: measure longer with --seconds"
    return Figure(partial(Row.percentile, rank=rank), MILLISECONDS, needs, latency=True)


def _errors(row: Row) -> float | None:
    """Return the share of requests that failed; of an open load, of arrivals that were not served."""
    if isinstance(row.load, Open):
        return lost(row) if row.arrived else None
    return row.failures / row.requests if row.requests else None


FIGURES: Mapping[str, Figure] = {
    "throughput": Figure(lambda row: row.throughput, RATES, "unknown"),
    GOODPUT: Figure(lambda row: row.goodput, RATES, "the run has no deadline"),
    **{name: _latency(name) for name in ("p50", "p90", "p95", "p99", "p99.9")},
    ERRORS: Figure(_errors, {"%": 0.01}, "no request was completed"),
    "memory": Figure(lambda row: row.memory, SIZES, "the processes of the service are unknown"),
    "cpu": Figure(
        lambda row: row.cpu_per_request,
        {"µs": 1.0, "us": 1.0, "ms": 1000.0, "s": 1e6},
        f"the processes of the service are unknown, or used under {LEAST_CPU:g} s of CPU time in a repeat",
    ),
    CAPACITY: Figure(lambda _: None, RATES, "no search was made"),
    STALLS: Figure(lambda _: None, MILLISECONDS, "it was not watched"),
}
"""The figures by name. Latencies of open loads count from the intended start; cpu is CPU time per request; stalls is
the longest time for which a line held an event loop."""


@dataclass(frozen=True)
class Requirement:
    """A limit to a figure of one service or of all, at every load."""

    text: str
    """The requirement as typed."""
    service: str | None
    """Name of the service that must meet it; None stands for every one."""
    figure: str
    sign: str
    value: str
    """The limit as typed."""
    bound: float
    """The limit, or the factor to the figure of another service."""
    other: str | None = None
    """Name of the service that the factor refers to; None if the limit is absolute."""

    @property
    def what(self) -> str:
        """The requirement without its service."""
        return f"{self.figure}{self.sign}{self.value}"

    @property
    def grows(self) -> bool:
        """True if more is better."""
        return self.sign.startswith(">")

    def allows(self, figure: float) -> bool:
        """Return True if a figure, or a ratio, is on the right side."""
        return SIGNS[self.sign](figure, self.bound)

    def concerns(self, services: Sequence[str]) -> list[str]:
        """Return the services that must meet it."""
        return [name for name in services if name != self.other and self.service in (None, name)]


def requirement(text: str) -> Requirement:
    """Return the requirement that a text states. Raises ValueError with what is wrong."""
    shape = SHAPE.fullmatch(text.strip())
    if shape is None:
        raise ValueError(f"{TAKES}; got {text!r}.")
    name, value = shape["figure"], " ".join(shape["value"].split())
    if name not in FIGURES:
        raise ValueError(f"There is no figure {name!r} to require; choose from {', '.join(FIGURES)}.")
    service = shape["service"].strip() if shape["service"] else None
    if service == "":
        raise ValueError(f"{TAKES}; got {text!r}.")
    bound, other = _value(text, name, value)
    return Requirement(text.strip(), service, name, shape["sign"], value, bound, other)


def _value(text: str, name: str, value: str) -> tuple[float, str | None]:
    """Return the limit of a figure in the unit of the figure, or a factor and another service."""
    if relative := RELATIVE.fullmatch(value):
        if name in UNSCALED:
            raise ValueError(f"{name} takes {UNSCALED[name]}: of none there is no multiple; got {text!r}.")
        if not float(relative["factor"]):
            raise ValueError(f"A factor must be above 0; got {text!r}.")
        return float(relative["factor"]), relative["other"]
    units = FIGURES[name].units
    absolute = ABSOLUTE.fullmatch(value)
    if absolute is None or absolute["unit"] not in units:
        known = listed([f"1{unit}" for unit in units]).replace(" and ", " or ")
        factor = "" if name in UNSCALED else ", or as 0.95x NAME"
        raise ValueError(f"The value of {name} is written as {known}{factor}; got {text!r}.")
    return float(absolute["number"]) * units[absolute["unit"]], None


def refuse(
    requirements: Sequence[Requirement],
    services: Sequence[str],
    *,
    others: Sequence[str] | None = None,
    deadline: bool,
    only: str | None = None,
) -> None:
    """Refuse requirements that a run cannot have an answer to.

    `others`: the names that a factor may refer to, if they are not the services. `deadline`: the run has goodput.
    `only`: the one figure that the run finds, if it is no comparison: capacity or stalls.

    Raises:
        ValueError: with one sentence.

    """
    measures = services if others is None else others
    for each in requirements:
        if each.service is not None and each.service not in services:
            raise ValueError(_stranger(each, each.service, services))
        if each.other is not None and each.other not in measures:
            raise ValueError(_stranger(each, each.other, measures))
        if not each.concerns(services):
            raise ValueError(f"{each.text!r} compares {each.other} with itself; it takes two services.")
        if each.figure == GOODPUT and not deadline:
            raise ValueError(f"{each.text!r} needs a run with --deadline.")
        if only == CAPACITY and each.figure != CAPACITY:
            raise ValueError(
                f"A search for capacity goes beyond it, and can only require capacity; got {each.text!r}. "
                "--slo takes what each rate must meet."
            )
        if only == STALLS and each.figure != STALLS:
            raise ValueError(f"The command stalls can only require stalls; got {each.text!r}.")
        if each.figure == STALLS and only != STALLS:
            raise ValueError(f"Only the command stalls finds what holds an event loop; got {each.text!r}.")
        if each.figure == CAPACITY and only != CAPACITY:
            raise ValueError(f"Only the command capacity finds a capacity; got {each.text!r}.")


def _stranger(each: Requirement, name: str, known: Sequence[str]) -> str:
    return f"{each.text!r} names {name!r}, and there {'is' if len(known) == 1 else 'are'} only {listed(known)}."


def _number(value: float) -> str:
    """Return a number with four significant digits, without zeros at its end."""
    if value < 1:
        return f"{value:.3g}"
    text = f"{value:.{max(0, 4 - len(str(int(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
