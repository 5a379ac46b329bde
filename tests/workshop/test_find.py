"""The file that describes the service of task 13 for the watcher."""

from pathlib import Path

from loadtest.cli.task import FOLDER
from loadtest.contenders.config import read
from loadtest.contenders.secrets import NO_SECRETS
from loadtest.contenders.target import Start, Tls
from loadtest.exercises.tasks import TASKS

ROOT = Path(__file__).parents[2]


def program(start: Start | None) -> Path:
    assert start is not None
    assert start.folder == ROOT
    _, file = start.command
    return Path(file)


def test_the_watcher_meets_the_task_the_repair_of_the_learner_and_the_solution() -> None:
    found = {
        each.name: program(each.start)
        for each in read(ROOT / "workshop" / "find.toml", NO_SECRETS, Tls(), allow_remote=False)
    }
    file = TASKS[13].file
    assert found == {
        "task": Path("workshop/tasks") / file,
        "mine": FOLDER / file,
        "solution": Path("workshop/solutions") / file,
    }
