"""Files that do what a learner's file must not do. Each is stopped with a sentence, and nothing of it is left."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import psutil
import pytest

from loadtest.exercises.limits import MIB, Limits
from loadtest.exercises.sandbox import Stopped, sandbox
from loadtest.processes.own import free_port
from tests.support.stalls import SLACK, eventually

pytestmark = pytest.mark.slow

QUICK = Limits(cpu=1, memory=300 * MIB)
IMPATIENT = Limits(listen=1)
BRIEF = Limits(seconds=1)

MARK = "EXERCISE_OF_THIS_TEST"

STOPPED: dict[str, tuple[str, Limits, str]] = {
    "loops for ever": (
        "while True: pass",
        QUICK,
        r"used more than 1 s of CPU time and did not listen on 127.0.0.1:\$PORT",
    ),
    "never listens": ("import time; time.sleep(99)", IMPATIENT, r"did not listen on 127.0.0.1:\$PORT within 1 s"),
    "listens and never ends": ("{listen}; s.accept()", BRIEF, "had not ended after 1 s"),
    "forks": (
        """
        import os
        while True:
            try:
                os.fork()
            except Exception:
                pass
        """,
        QUICK,
        "started more than 16 processes",
    ),
    "starts itself": (
        """
        import subprocess, sys
        both = [subprocess.Popen([sys.executable, __file__]) for _ in range(2)]
        both[0].wait()
        """,
        QUICK,
        "started more than 16 processes",
    ),
    "starts others that leave its session": (
        "import os; os.system('while true; do setsid sleep 99 & done')",
        QUICK,
        "started more than 16 processes",
    ),
    "leaves one behind that ignores signals": (
        """
        import os, signal, time
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.environ.clear()
            if os.fork() == 0:
                time.sleep(99)
        """,
        QUICK,
        "ended by itself: it printed nothing",
    ),
    "takes memory": ("x = []\nwhile True: x.append(b'a' * 10**7)", QUICK, "used more than 300 MiB of memory"),
    "prints without end": ("while True: print('x' * 1000)", QUICK, "printed more than 1 MiB"),
    "fills a file": ("f = open('f', 'wb')\nwhile True: f.write(b'a' * 10**6)", QUICK, "wrote more .*"),
    "fills files": (
        """
        import itertools
        for number in itertools.count():
            with open(f"f{number}", "wb") as file:
                file.write(b"a" * 10**6)
        """,
        QUICK,
        "wrote more than 64 MiB to files",
    ),
    "writes elsewhere": (
        "open(__file__ + '.more', 'w')",
        QUICK,
        r"changed something outside its working folder: .*/it.py.more",
    ),
    "deletes itself": (
        "import os; os.remove(__file__)",
        QUICK,
        r"changed something outside its working folder: .*/it.py",
    ),
    "is no Python": ("import os\ndef f(:\n", QUICK, "is not valid Python, line 2: invalid syntax"),
    "fails": ("def f():\n    return nope\nf()", QUICK, "failed at line 2: NameError: name 'nope' is not defined"),
    "ends": ("import sys; print('bye'); sys.exit(3)", QUICK, "ended by itself: its last line is 'bye'"),
    "listens to the network": (
        "{listen_to_all}; s.accept()",
        QUICK,
        "listens on 0.0.0.0, not on 127.0.0.1 alone: set the host to 127.0.0.1",
    ),
    "listens elsewhere": (
        "{listen_at_random}; s.accept()",
        QUICK,
        r"listens on port \d+: it must listen on the port that \$PORT names",
    ),
}
"""What a file does, its text, its limits, and the sentence that it is stopped with."""

LISTEN = "import os, socket; s = socket.create_server(({host!r}, {port}))"
LISTENS = {
    "{listen}": LISTEN.format(host="127.0.0.1", port="int(os.environ['PORT'])"),
    "{listen_to_all}": LISTEN.format(host="0.0.0.0", port="int(os.environ['PORT'])"),
    "{listen_at_random}": LISTEN.format(host="127.0.0.1", port=0),
}

AT_ONCE = 4
"""Files that run at the same time."""


@dataclass(frozen=True)
class End:
    """The end of a file: the sentence, and what is left of it."""

    sentence: str
    left: list[str]


class Place:
    """A folder for a file, and a mark in the environment of all that it starts."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "it.py"
        self.scratch = folder / "scratch"
        self.scratch.mkdir(parents=True)
        self.mark = uuid4().hex
        self.environment = {MARK: self.mark, "TMPDIR": str(self.scratch)}

    def write(self, text: str) -> Path:
        for name, code in LISTENS.items():
            text = text.replace(name, code)
        self.file.write_text(dedent(text))
        return self.file

    def left(self) -> list[str]:
        """The processes and files that are left."""
        found = [str(each) for each in self.scratch.rglob("*")]
        for each in psutil.process_iter():
            with suppress(psutil.Error):
                if each.environ().get(MARK) == self.mark:
                    found.append(str(each))
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "place")


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[End]]]:
    """Run all files, several at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {does: pool.submit(ended, Place(tmp_path_factory.mktemp("it") / "place"), does) for does in STOPPED}


def ended(place: Place, does: str) -> End:
    text, limits, _ = STOPPED[does]
    sentence = ""
    try:
        with sandbox(place.write(text), place.environment, free_port(), limits) as box:
            box.listens()
            eventually(box.check, 3 * SLACK)
    except Stopped as stopped:
        sentence = str(stopped)
    return End(sentence, place.left())


@pytest.mark.parametrize("does", STOPPED)
def test_a_file_is_stopped_with_a_sentence_and_nothing_of_it_is_left(
    ends: Mapping[str, Future[End]], does: str
) -> None:
    end = ends[does].result()
    assert re.fullmatch(rf"it\.py {STOPPED[does][2]}\.?", end.sentence)
    assert end.left == []


def test_a_file_runs_in_a_scratch_folder_as_python_would_run_it(place: Place) -> None:
    file = place.write("import os, sys; open('f', 'w'); print(__name__, sys.argv, os.listdir(), os.environ['GIVEN'])")
    with sandbox(file, {**place.environment, "GIVEN": "yes"}) as box:
        eventually(lambda: box.ended() is not None, 3 * SLACK)
        assert box.ended() == f"__main__ {[str(file)]} ['f'] yes"
    assert place.left() == []


HARMS = {
    "kills its keeper and leaves a process in a session of its own": (
        """
        import os, signal, time
        if os.fork() == 0:
            os.setsid()
            time.sleep(99)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(99)
        """,
        "ended unexpectedly",
    ),
    "freezes its keeper": (
        "import os, signal, time; os.kill(os.getppid(), signal.SIGSTOP); time.sleep(99)",
        "has frozen it",
    ),
    "waits in place of its report": (
        "import os, time; os.mkfifo('../report'); time.sleep(99)",
        "did not listen .* within 1 s",
    ),
    "spoils its report": (
        "import os, time; open('../report', 'wb').write(b'\\xff\\n'); time.sleep(99)",
        "\N{REPLACEMENT CHARACTER}",
    ),
}


@pytest.mark.parametrize("does", HARMS)
def test_a_file_that_harms_its_keeper_is_ended_and_nothing_of_it_is_left(
    place: Place, does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.exercises.sandbox.ANSWER_WITHIN", SLACK)
    text, sentence = HARMS[does]
    with (
        pytest.raises(Stopped, match=sentence),
        sandbox(place.write(text), place.environment, free_port(), IMPATIENT) as box,
    ):
        box.listens()
    assert place.left() == []


CHECKING = """
import sys
from pathlib import Path
from loadtest.exercises.sandbox import sandbox
from loadtest.processes.own import free_port
with sandbox(Path(sys.argv[1]), {}, free_port()) as box:
    box.listens()
    print("it runs", flush=True)
    while True:
        box.check()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_if_the_checking_process_is_ended(place: Place, number: int) -> None:
    file = place.write("import subprocess; subprocess.Popen(['setsid', 'sleep', '99']); {listen}; s.accept()")
    with subprocess.Popen(
        [sys.executable, "-c", CHECKING, str(file)],
        env={**os.environ, **place.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "it runs\n"
        assert place.left()
        process.send_signal(number)
    eventually(lambda: not place.left())
