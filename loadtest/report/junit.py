"""The answers to requirements as JUnit XML, which CI servers read."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from loadtest.results import atomic
from loadtest.verdict.gate import Finding, Judged

ILLEGAL = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""Characters that XML 1.0 cannot contain."""

OUTCOMES = {Finding.BROKEN: "failure", Finding.UNKNOWN: "error"}
"""The element of each answer but the good one. None is skipped: CI servers take a skipped test for a good one."""


def write(answers: Sequence[Judged], path: Path, began: datetime, seconds: float) -> Path:
    """Write one test case for each answer to `path`, and return the path. `seconds`: the time of the run."""
    counts = {
        "tests": len(answers),
        "failures": sum(each.finding == Finding.BROKEN for each in answers),
        "errors": sum(each.finding == Finding.UNKNOWN for each in answers),
        "skipped": 0,
    }
    told = {**{name: str(number) for name, number in counts.items()}, "time": f"{seconds:.3f}"}
    suites = Element("testsuites", told)
    when = f"{began.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
    suite = SubElement(suites, "testsuite", {"name": "sync-vs-async", **told, "timestamp": when})
    for each in answers:
        name = each.requirement.what + (f" at {each.load.label}" if each.load else "")
        case = {"classname": each.service or "every service", "name": name, "time": "0"}
        element = SubElement(suite, "testcase", {key: _legal(value) for key, value in case.items()})
        if outcome := OUTCOMES.get(each.finding):
            said = {"message": _legal(f"{each.finding}: {each.why}"), "type": outcome}
            SubElement(element, outcome, said).text = _legal(each.sentence)
    indent(suites)
    return atomic.write(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n')


def _legal(text: str) -> str:
    return ILLEGAL.sub("?", text)
