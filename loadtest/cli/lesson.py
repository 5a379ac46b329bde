"""`sync-vs-async lesson`: predict a number, run it, and learn which misconception gives a wrong number."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from backing import BackingFailed
from backing.environment import backing
from loadtest.generator.driver import GeneratorFailed
from loadtest.lessons import done, recorded
from loadtest.lessons.catalogue import LESSONS
from loadtest.lessons.lesson import Finding, Lesson
from loadtest.lessons.marking import mark
from loadtest.lessons.number import in_unit
from loadtest.processes import signals
from loadtest.processes.service import ServiceFailed
from loadtest.results.schema import Step
from loadtest.terminal.lesson import ask, overview, show
from loadtest.terminal.progress import Bar, console, progress
from serving.serve import raise_descriptors

from .options import Command, Mistake, mistakes
from .run import FAILED, INCONCLUSIVE, VERDICT
from .task import FOLDER, WRONG, checked, hinted, next_command, started
from .wall import wall

F = TypeVar("F", bound=Callable[..., Any])

EXAMPLES = """examples:
  sync-vs-async lesson                                         the lessons, and what is done of each
  sync-vs-async lesson 3                                       ask for a number, run, and compare
  sync-vs-async lesson 3 --guess 80                            for scripts and notebooks
  sync-vs-async lesson 3 --guess 80 --recorded                 no run: a recorded one, on a busy machine
  sync-vs-async lesson 5 --start                               a faulty service, copied to lessons/05_careless.py
  sync-vs-async lesson 5 --hint                                one hint more
  sync-vs-async lesson 5 --check                               run it, and check what it does
  sync-vs-async lesson wall 3                                  for a presenter: collect the room's predictions

exit status: 0 right, or repaired; 1 failed, or used wrongly; 2 inconclusive or interrupted; 3 wrong, or not repaired"""


def folder_option(default: Path | None) -> Callable[[F], F]:
    """Return the option --folder, the learner's own folder. None stands for that of the group."""
    return click.option(
        "--folder",
        type=click.Path(file_okay=False, path_type=Path),
        default=default,
        metavar="DIR",
        help=f"Your own folder: what is done, and the files that you repair (default: {FOLDER}).",
    )


class Lessons(Command, click.Group):
    """The group of all lessons, which lists them in their order, with examples to paste."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the numbers of the lessons, and the other commands behind them."""
        return list(self.commands)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command. Raises Mistake with one sentence if there is none of this name."""
        if self.get_command(context, args[0]) is None:
            raise Mistake(f"There is no lesson {args[0]!r}: they are numbered from 1 to {len(LESSONS)}.")
        return super().resolve_command(context, args)


@click.group(
    cls=Lessons,
    invoke_without_command=True,
    short_help="Predict a number, run it, and learn which misconception gives a wrong one.",
    help="Thirteen lessons. Each asks for a number, measures it on real services in about 15 s, and says which "
    "misconception gives a wrong number. Then it has a task: a small service with a fault, which you repair and which "
    "is checked by what it does. Without a number, list the lessons and what is done.",
    epilog=EXAMPLES,
)
@folder_option(FOLDER)
@click.pass_context
def lesson(context: click.Context, folder: Path) -> int:
    """List the lessons if none is named, and return the exit status."""
    if context.invoked_subcommand is None:
        with mistakes():
            overview(console(), LESSONS, done.read(folder), partial(next_command, folder=folder))
    return VERDICT


def command(number: int, each: Lesson) -> click.Command:
    """Return the command of one lesson."""

    @click.command(
        name=str(number),
        cls=Command,
        short_help=each.title,
        help=f"{each.title}. Ask for a number, measure it, and compare; then the task of the lesson.",
        epilog=EXAMPLES,
    )
    @click.option("--guess", metavar="NUMBER", help="Your number; without it, you are asked for one.")
    @click.option("--recorded", "is_recorded", is_flag=True, help="Compare with a recorded run instead of measuring.")
    @click.option("--start", is_flag=True, help="Copy the task's faulty service into your folder.")
    @click.option("--hint", is_flag=True, help="Print one hint more for the task.")
    @click.option("--check", is_flag=True, help="Run your file, and check by what it does whether it is repaired.")
    @folder_option(None)
    @click.pass_context
    def run(
        context: click.Context,
        guess: str | None,
        folder: Path | None,
        *,
        is_recorded: bool,
        start: bool,
        hint: bool,
        check: bool,
    ) -> int:
        tasks = {"--start": start, "--hint": hint, "--check": check}
        chosen = [name for name, given in tasks.items() if given]
        if len(chosen) > 1 or (chosen and (guess is not None or is_recorded)):
            raise Mistake("Only one at a time: a number, --start, --hint or --check.")
        assert context.parent is not None
        own = folder or context.parent.params["folder"]
        with mistakes():
            done.read(own)  # find out now whether it can be read
            if not chosen:
                said = None if guess is None else in_unit(guess, each.question.unit)
                return answered(number, each, said, own, is_recorded=is_recorded)
            do = {"--start": started, "--hint": hinted, "--check": checked}[chosen[0]]
            return do(console(), number, own)

    return run


def answered(number: int, each: Lesson, said: float | None, folder: Path, *, is_recorded: bool) -> int:
    """Ask the question of a lesson unless a number was said, run, mark the number, and return the exit status."""
    screen = console()
    run = recorded.read().get(each.slug) if is_recorded else None
    if is_recorded and run is None:
        raise ValueError(f"There is no recorded run of lesson {number} in this version: run it without --recorded.")
    ask(screen, number, each)
    if said is None:
        said = _asked_for(number, each)
    found = run.finding if run else measured(screen, each)
    if isinstance(found, int):
        return found
    marked = mark(each.question, said, found)
    show(screen, each, said, found, marked)
    if run:
        screen.print(f"The measurement was {run.told}.", markup=False)
    if marked.right is None:
        again = next_command(number, folder, f"--guess {said:g}")
        screen.print(f"To run it again when the machine is quiet: {again}", markup=False, soft_wrap=True)
        if each.slug in recorded.read():
            screen.print(f"To compare with a recorded run: {again} --recorded", markup=False, soft_wrap=True)
        return INCONCLUSIVE
    screen.print(f"To repair a service: {next_command(number, folder, '--start')}", markup=False, soft_wrap=True)
    if marked.right:
        done.write(folder, done.read(folder).answering(each.slug))
    return VERDICT if marked.right else WRONG


def _asked_for(number: int, each: Lesson) -> float:
    """Ask for a number on the terminal until one is typed. Raises ValueError without a terminal."""
    if sys.stdin is None or not sys.stdin.isatty():  # it is None if it was closed
        raise ValueError(f"There is no terminal to ask for a number: sync-vs-async lesson {number} --guess NUMBER.")
    while True:
        typed = click.prompt(f"Your prediction ({each.question.unit})", type=str)
        try:
            return in_unit(typed, each.question.unit)
        except ValueError as error:
            click.echo(str(error))


class _Quiet(Bar):
    """A bar that prints no step: the mark says what was measured."""

    def ended(self, step: Step) -> None:
        """Print nothing."""


def measured(screen: Console, each: Lesson) -> Finding | int:
    """Run the experiment of a lesson, and return what it found, or the exit status of a run that did not end."""
    experiment = each.experiment
    raise_descriptors()
    signals.raise_interrupts()
    try:
        with progress(screen, experiment.seconds, 1, _Quiet) as bar, backing(experiment.needs) as behind:
            return experiment.run(bar, behind)
    except (KeyboardInterrupt, SystemExit):  # rich raises SystemExit if the pipe it prints to is closed
        screen.print("Interrupted: nothing is marked.")
        return INCONCLUSIVE
    except (ServiceFailed, GeneratorFailed, BackingFailed) as error:
        print(f"sync-vs-async: {error}", file=sys.stderr)
        return FAILED


for place, known in enumerate(LESSONS, 1):
    lesson.add_command(command(place, known))
lesson.add_command(wall)
