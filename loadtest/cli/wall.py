"""`sync-vs-async lesson wall`: collect the predictions of a room, and show them beside the measured answer."""

import click

from loadtest.lessons.catalogue import LESSONS
from loadtest.lessons.load import Users
from loadtest.lessons.model import service
from loadtest.processes.room import Room
from loadtest.race import command
from loadtest.race.audience import Audience
from loadtest.race.wall import Asked
from loadtest.terminal.progress import console
from loadtest.workload.scenarios import computes

from .options import Command, Mistake
from .room import host_option
from .run import serve_until_stopped

RACED = [
    number
    for number, each in enumerate(LESSONS, 1)
    if isinstance(each.experiment, Users) and not computes(each.experiment.scenario)
]
"""The lessons whose number a race can measure: answers per second of users who wait.

Requests that compute are left out: both services of a race would compete for the same cores.
"""

EXAMPLES = f"""examples:
  sync-vs-async lesson wall 3                                  the question of lesson 3, on this machine alone
  sync-vs-async lesson wall 3 --host 0.0.0.0                   for the room: its address, also as a QR code

Lessons that can be asked: {", ".join(map(str, RACED))}.

exit status: 0 after Ctrl-C, 1 if a process did not start or exited"""


@click.command(
    cls=Command,
    short_help="Collect the predictions of a room, and show them beside the measured answer.",
    help="Ask the question of a lesson on the page of a race. Everybody in the room sends one number, without a name; "
    "the presenter shows them all as a histogram, starts the race, and sees the measured number beside them.",
    epilog=EXAMPLES,
)
@click.argument("number", type=int, default=RACED[0])
@host_option("Others can look at the page and send one number; only this machine starts and stops load.")
def wall(number: int, room: Room | None) -> int:
    """Run the race and its wall until Ctrl-C, and return the exit status."""
    if number not in RACED:
        raise Mistake(f"A race can answer the lessons {', '.join(map(str, RACED))}; got {number}.")
    lesson = LESSONS[number - 1]
    run = lesson.experiment
    assert isinstance(run, Users)
    asked = Asked(lesson.question.sentence, "/s", run.service, run.scenario, run.delay, run.users)
    racing = [service(run.service), service(run.beside)]
    return serve_until_stopped(command.race(racing, others=Audience(room, asked)), console())
