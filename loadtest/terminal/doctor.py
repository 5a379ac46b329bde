"""The output of the checks of the machine: a line for each finding, and a sentence at the end."""

import textwrap
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from loadtest.doctor.finding import Finding, State
from loadtest.english import count

STYLES: Mapping[State, str] = {"fine": "green", "note": "yellow", "mend": "bold red"}

NARROWEST = 40
"""The minimum width, in columns, of a sentence beside its name. On a narrower console it stands below."""


def show_findings(out: Console, checks: Mapping[str, Callable[[], Finding]]) -> int:
    """Run the checks, print each finding as soon as it is known, and return the number of those to mend."""
    findings = []
    for name, check in checks.items():
        with out.status(f"Checking {name}"):
            finding = check()
        _show(out, name.ljust(max(map(len, checks))), finding)
        findings.append(finding)
    return _sum_up(out, findings)


def _show(out: Console, name: str, finding: Finding) -> None:
    head = Text.assemble((finding.state, STYLES[finding.state]), f"  {name}  ")
    beside = out.width - len(head) >= NARROWEST
    indent = len(head) if beside else 6
    # rich would fill lines with spaces, which make a command hard to copy
    lines = textwrap.wrap(finding.text, out.width - indent, break_long_words=False, break_on_hyphens=False)
    if not beside:
        head.rstrip()
        lines.insert(0, "")
    out.print(head + Text(f"\n{' ' * indent}".join(lines)), soft_wrap=True)


def _sum_up(out: Console, findings: Sequence[Finding]) -> int:
    states = [finding.state for finding in findings]
    broken, notes = states.count("mend"), states.count("note")
    told = [f"{count(broken, 'thing')} to mend" if broken else "This machine is ready"]
    if notes:
        told.append(count(notes, "note"))
    out.print(f"\n{', '.join(told)}.", style="bold")
    return broken
