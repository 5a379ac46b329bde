"""Say in sentences what held the event loops of watched services, what it costs and what repairs would bring."""

from collections.abc import Iterator, Sequence

from loadtest.english import count, duration, listed, plural_of
from loadtest.results.schema import Results
from loadtest.results.stalls import BURST, COMPUTING, GARBAGE, LOCKED, OTHER_THREAD, Finding, Repair, Spotted, Stalls
from loadtest.watch.sites import Site

from .comparison import ended
from .format import per_second, readable
from .repair import AS_IS, UNPREDICTED

UNWATCHED = "no event loop was watched"

SUBJECTS = {
    COMPUTING: "{} computes, and holds",
    LOCKED: "{} keeps the interpreter's lock, and holds",
    BURST: "A burst of callbacks at {} holds",
    GARBAGE: "Garbage collection holds",
    OTHER_THREAD: "Another thread of the process keeps the interpreter's lock, and so holds",
}
"""The beginning of a sentence about a finding by its kind; a blocking call just holds the loop."""

OPENINGS = ("A burst", "Another", "Garbage", "No line", "Nothing", "The loop", "What holds")
"""The first words of headlines that begin with no name."""

SHORT = 0.05
"""Share of a loop's time that short callbacks hold it without computing, from which on it is told."""

NAMED = 3
"""The most lines that a sentence names; of more, it tells the number."""


def headline(results: Results) -> str:
    """Return what holds the loops of each service, without a full stop."""
    told = [(each.service, _headline(each)) for each in results.stalls]
    if not told:
        return "Nothing was measured"
    return told[0][1] if len(told) == 1 else "; ".join(f"{service}: {_within(said)}" for service, said in told)


def sentences(results: Results) -> list[str]:
    """Return what the headline leaves out, doubts first: repairs, where requests wait, and what is no finding."""
    several = len(results.stalls) > 1
    told = [
        f"{stalls.service}: {sentence}" if several else sentence
        for stalls in results.stalls
        for sentence in _sentences(stalls)
    ]
    if not results.complete:
        told.append(f"The run {ended(results)} Only what was seen until then is shown.")
    return told


def doubts(stalls: Stalls) -> list[str]:
    """Return the reasons why it cannot be told what held the loops; an empty list if it can."""
    return stalls.doubts or ([] if stalls.loops else [UNWATCHED])


def rate_doubts(stalls: Stalls) -> list[str]:
    """Return the reasons why the rates, predicted and measured, cannot be trusted; an empty list if they can."""
    return [*doubts(stalls), *(each for each in stalls.rate_doubts if each not in stalls.doubts)]


def where(site: Site) -> str:
    """Return the file, line and function of a site."""
    return plain(f"{site.where} ({site.function})" if site.function else site.where)


def line(finding: Finding) -> str:
    """Return the file, line and function of a finding, or its kind if it has none."""
    return where(finding.site) if finding.site else finding.kind


def what(finding: Finding) -> str:
    """Return the call and the line of a finding, for the middle of a sentence."""
    if finding.site is None:
        return finding.kind
    return called(finding.site)


def called(site: Site) -> str:
    """Return the call of a site, or else the innermost function, and the line."""
    call = plain(site.call or site.inside)
    return f"{call} in {where(site)}" if call else where(site)


def plain(text: str) -> str:
    """Return a name of the service's own code, or another text from outside, without characters that move a cursor."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def worst(stalls: Stalls) -> Finding | None:
    """Return the finding with the longest stall, or None without a finding."""
    return max(stalls.findings, key=lambda each: each.worst_ms, default=None)


def share(part: float) -> str:
    """Return a share in percent, without decimals."""
    return "<1%" if 0 < part < 0.005 else f"{part:.0%}"


def held(stalls: Stalls) -> float:
    """Return the share of the loops' time in which findings held them, from 0 to 1."""
    return min(1.0, sum(each.share for each in stalls.findings))


def of_repair(repair: Repair, stalls: Stalls) -> str:
    """Return the way of a repair, with the line that it repairs if there are several."""
    if repair.way == AS_IS or len({each.finding for each in stalls.repairs} - {None}) < 2:
        return repair.way
    if repair.finding is None:
        return f"all blocking calls, {repair.way}"
    return f"{what(stalls.findings[repair.finding])}, {repair.way}"


def ratio(repair: Repair) -> str:
    """Return measured over predicted requests per second, or "" without both."""
    return "" if repair.measured is None or not repair.predicted else f"{repair.measured / repair.predicted:.2f}"


def spotted(each: Spotted) -> str:
    """Return what a static checker says of a line, in a sentence, and whether the run saw that line hold the loop."""
    seen = "the run saw it hold the loop" if each.seen else "the run did not see it hold the loop"
    return f"{plain(each.tool)} at {where(each.site)}: {plain(each.said).rstrip('.')}; {seen}."


def _within(said: str) -> str:
    """Return a headline as the end of a sentence. Names of the service's code keep their capital letters."""
    return said[0].lower() + said[1:] if said.startswith(OPENINGS) else said


def _headline(stalls: Stalls) -> str:
    if reasons := doubts(stalls):
        return f"What holds the event loop cannot be told: {reasons[0]}"
    if stalls.findings:
        return _finding(stalls)
    if stalls.waiting:
        first = stalls.waiting[0]
        return (
            f"The loop is free ({share(_busy(stalls))} busy): {share(first.share)} of the waiting requests are at "
            f"{called(first.site)}"
        )
    if stalls.rare:
        return f"No line held the loop for {duration(stalls.least_ms)} often enough to be told from chance"
    return f"Nothing held the loop for {duration(stalls.least_ms)} or longer"


def _finding(stalls: Stalls) -> str:
    """Return the line that held the loops the longest, its cost, and the most requests per second that follow."""
    first, others = stalls.findings[0], len(stalls.findings) - 1
    most = next((each for each in stalls.repairs if each.way == AS_IS), None)
    told = f"{_subject(first)} the loop {_cost(first, stalls.requests)}"
    if others:
        told += f", and {count(others, 'further line')} {plural_of(others, 'holds', 'hold')} it too"
    if most is None:
        return f"{told}, {share(held(stalls))} of its time"
    doubtful = ", inconclusive" if rate_doubts(stalls) else ""
    measured = "" if most.measured is None else f" (measured {per_second(most.measured)}{doubtful})"
    return f"{told}: at most {readable(most.predicted)} requests a second for each process{measured}"


def _cost(finding: Finding, requests: int) -> str:
    """Return for how long a finding holds the loop: a request if most requests meet it, else each time."""
    if finding.routes and finding.times >= requests / 2:
        return f"{duration(finding.request_ms)} a request"
    return f"{duration(finding.p50_ms)} each time, {count(finding.times, 'time')} in {count(requests, 'request')}"


def _subject(finding: Finding) -> str:
    """Return the subject and the verb of a sentence about what holds a loop."""
    if finding.kind == BURST and finding.site is None:
        return "A burst of callbacks holds"
    return SUBJECTS.get(finding.kind, "{} holds").format(what(finding))


def _sentences(stalls: Stalls) -> Iterator[str]:
    reasons = doubts(stalls)
    yield from (f"Inconclusive: {each}." for each in reasons)
    yield from (f"The rates are inconclusive: {each}." for each in rate_doubts(stalls) if each not in reasons)
    if reasons and stalls.findings:
        yield f"Seen, though inconclusive: {_finding(stalls)}."
    yield from filter(None, (_repair(each, stalls) for each in stalls.repairs))
    yield from (
        f"{where(each.site) if each.site else each.kind.capitalize()}: {UNPREDICTED[each.kind]}"
        for each in stalls.findings
        if each.kind in UNPREDICTED
    )
    yield from (
        f"No line of the service's own code was on the stack of {what(each)}: it is a library's."
        for each in stalls.findings
        if each.site and not each.site.own
    )
    short = max((each.short for each in stalls.loops), default=0.0)
    if short >= SHORT:
        yield (
            f"Callbacks shorter than {duration(stalls.least_ms)} held a loop for another {share(short)} of its time "
            "without computing: a smaller --least names them."
        )
    if not stalls.findings and stalls.loops and stalls.requests:
        yield _free(stalls)
    if stalls.rare:
        named = [f"{what(each)}, {_times(each)} {duration(each.worst_ms)}" for each in stalls.rare[:NAMED]]
        more = len(stalls.rare) - NAMED
        every = listed([*named, *([f"{count(more, 'further line')}"] if more > 0 else [])])
        yield f"Too little to be a finding, the loop was held by {every}."
    if stalls.not_scheduled_ms:
        yield (
            f"For {duration(stalls.not_scheduled_ms)} more, a loop did not run because the machine ran something else "
            "(not scheduled): that is no finding."
        )
    yield from _checkers(stalls)


def _repair(repair: Repair, stalls: Stalls) -> str:
    """Return what a repair brings; for the service as it is, which the headline tells, the sum of several findings."""
    if repair.way == AS_IS:
        return repair.assumes if len(stalls.findings) > 1 else ""
    doubtful = ", inconclusive" if rate_doubts(stalls) else ""
    figures = "" if repair.measured is None else f"measured {per_second(repair.measured)}, ratio {ratio(repair)}"
    measured = f" ({figures}{doubtful})" if figures else ""
    told = of_repair(repair, stalls)
    told = f"{told[0].upper()}{told[1:]}" if repair.finding is None or told == repair.way else told
    rate = f"{told}: {readable(repair.predicted)} requests a second for each process{measured}"
    return f"{rate}, bound by {repair.bound}. {repair.assumes}".rstrip()


def _free(stalls: Stalls) -> str:
    """Return how busy the loops were, how long requests took, and the further lines at which they waited."""
    told = (
        f"The loop was busy {share(_busy(stalls))} of the time; a request took {duration(stalls.response_ms)} on "
        f"average, and {duration(stalls.alone_ms)} with no other in flight."
    )
    others = [f"{share(each.share)} at {called(each.site)}" for each in stalls.waiting[1:NAMED]]
    return f"{told} Of those that waited, {listed(others)}." if others else told


def _times(finding: Finding) -> str:
    return "once for" if finding.times == 1 else f"{finding.times} times for at most"


def _busy(stalls: Stalls) -> float:
    return sum(each.busy for each in stalls.loops) / len(stalls.loops)


def _checkers(stalls: Stalls) -> Iterator[str]:
    """Yield what static checkers point at; of many lines, their number and how many of them the run saw."""
    if len(stalls.spotted) <= NAMED:
        yield from map(spotted, stalls.spotted)
        return
    tools = listed(list(dict.fromkeys(each.tool for each in stalls.spotted)))
    seen = sum(each.seen for each in stalls.spotted)
    yield f"{tools} {_point(stalls.spotted)} at {len(stalls.spotted)} lines; the run saw {seen} of them hold the loop."


def _point(lines: Sequence[Spotted]) -> str:
    return "point" if len({each.tool for each in lines}) > 1 else "points"
