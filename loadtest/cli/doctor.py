"""`sync-vs-async doctor`: check this machine before a workshop."""

import click

from loadtest.doctor.checks import CHECKS
from loadtest.processes import signals
from loadtest.terminal.doctor import show_findings
from loadtest.terminal.progress import console

from .options import Command
from .run import FAILED, VERDICT

EXAMPLES = """examples:
  sync-vs-async doctor                                         a line for each check: fine, note or mend
  sync-vs-async doctor && sync-vs-async race                   race only if nothing is to mend
  NO_COLOR=1 sync-vs-async doctor > machine.txt                a text to send to whoever helps

exit status: 0 nothing to mend (there may be notes), 1 something to mend, 2 interrupted"""


@click.command(
    cls=Command,
    short_help="Check this machine before a workshop: ports, cores, memory, network, Docker.",
    help="Check system, Python, cores, what else uses the CPU, memory, open files, disk, 127.0.0.1, ports, the name "
    "localhost, proxy variables, Docker and browser. It takes two seconds and changes nothing. What must be mended is "
    "one sentence with the command that does it.",
    epilog=EXAMPLES,
)
def doctor() -> int:
    """Run the checks, and return the exit status."""
    signals.raise_interrupts()
    return FAILED if show_findings(console(), CHECKS) else VERDICT
