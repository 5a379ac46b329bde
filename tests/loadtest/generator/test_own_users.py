"""The load generator and the users of a locustfile: how they are loaded, their time, requests and errors."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backing.processes import PYTHON
from loadtest.contenders.target import Tls
from loadtest.generator.driver import LocustfileRefused, generator
from loadtest.generator.orders import Job, Order
from loadtest.workload.closed import Closed
from tests.loadtest.support.targets import Asked, Authority, http, recording, scripted
from tests.support.stalls import SLACK, TooLate, at_best

pytestmark = [pytest.mark.slow, pytest.mark.measures]

SHOP = """
import os, time
import helper
from locust import FastHttpUser, HttpUser, SequentialTaskSet, User, between, constant, events, task

print("at import")
os.write(1, b"raw, too\\n")
started = []

@events.init_command_line_parser.add_listener
def add(parser):
    parser.add_argument("--color", default="red")

@events.test_start.add_listener
def start(environment, **_):
    started.append(environment.parsed_options.color)

class Shopper(FastHttpUser):
    wait_time = between(0.01, 0.03)

    def on_start(self):
        assert started == ["red"]
        self.client.get("/login")

    @task(3)
    def browse(self):
        print("in a task")
        self.client.get("/items/7", name="/items/[id]")
        with self.client.get("/wrong", catch_response=True) as answer:
            answer.failure("sold out") if answer.text == "" else answer.success()
        with self.client.get("/404", catch_response=True) as answer:
            answer.success()

    @task
    class Cart(SequentialTaskSet):
        @task
        def add(self):
            self.client.post("/cart", json={"id": 1})

        @task
        def pay(self):
            time.sleep(0.01)
            self.interrupt()

class Admin(HttpUser):
    weight = 1
    wait_time = constant(0)

    @task
    def look(self):
        self.client.get("/admin")
        self.wait()
"""


def job(folder: Path, text: str, url: str = "http://127.0.0.1:9") -> Job:
    (folder / "mine.py").write_text(text)
    (folder / "helper.py").write_text("")
    return Job("shop", url, "own", "", 0.01, locustfile=str(folder / "mine.py"))


def answer(asked: Asked, _: int) -> bytes:
    return http("404 No") if asked.line.startswith("GET /404 ") else http()


def measured(folder: Path, text: str, users: int = 4, window: float = 0.7, **order: Any) -> dict[str, Any]:
    with recording(answer) as (url, _), generator() as driver:
        driver.begin(job(folder, text, url))
        return driver.measure(Order(Closed(users), 0.0, window, patience=2 * SLACK, **order))


@at_best()
def test_the_users_of_a_locustfile_do_whole_tasks_and_their_time_adds_up(tmp_path: Path) -> None:
    with recording(answer) as (url, seen), generator() as driver:
        assert driver.begin(job(tmp_path, SHOP, url)) == 2
        for users in (2, 6):  # some start later, and the first ones go on
            window = driver.measure(Order(Closed(users), 0.1, 0.7, patience=2 * SLACK, deadlines=(60.0, 1e-6)))
    lines = {each.line for each in seen}
    assert {"GET /items/7 HTTP/1.1", "POST /cart HTTP/1.1", "GET /admin HTTP/1.1"} <= lines
    assert sum(each.line == "GET /login HTTP/1.1" for each in seen) == 3
    parts = window["parts"]
    assert parts.keys() == {"GET /items/[id]", "GET /wrong", "GET /404", "POST /cart", "GET /admin"}
    assert sum(each["requests"] for each in parts.values()) == window["requests"]
    assert parts["GET /wrong"]["failures"] == parts["GET /wrong"]["requests"] == window["failures"] > 0
    assert window["errors"] == {"sold out": window["failures"]}
    assert window["good"] == [window["requests"] - window["failures"], 0]
    turns = window["turns"]
    assert turns["tasks"] > 0
    assert (turns["left"], window["unfinished"]) == (0, 0)
    waits = turns["wait_ms"] / (turns["task_ms"] + turns["wait_ms"])
    present = (turns["task_ms"] + turns["wait_ms"]) / 1000 / window["seconds"]
    assert present < 6.001
    if present < 5.5 or not 0.05 < waits < 0.6:
        raise TooLate(f"{present} of 6 users, {waits:.0%} of the time in waits")


@at_best()
def test_a_task_that_raises_is_an_error_with_its_line_and_does_not_spin(tmp_path: Path) -> None:
    text = "from locust import User, task\nclass Me(User):\n    @task\n    def work(self):\n        {}['k']\n"
    window = measured(tmp_path, text, users=2)
    assert window["errors"] == {"KeyError: 'k' (mine.py, line 5)": window["failures"]}
    assert window["failures"] == window["requests"] <= 2 * (window["seconds"] / 0.1 + 1)
    if not window["failures"]:
        raise TooLate("no task ended")


def test_users_who_leave_are_counted_and_the_rest_go_on(tmp_path: Path) -> None:
    text = (
        "from locust import FastHttpUser, task\nfrom itertools import count\nnumbers = count()\n"
        "class Me(FastHttpUser):\n    def on_start(self):\n        assert next(numbers) % 2, 'odd'\n"
        "    @task\n    def work(self):\n        self.client.get(f'/items/{next(numbers)}')\n"
    )
    window = measured(tmp_path, text)
    assert window["turns"]["left"] == 2
    assert window["errors"] == {}
    assert window["requests"] > window["failures"] == 0
    assert len(window["parts"]) <= 21
    assert sum(each["requests"] for each in window["parts"].values()) == window["requests"]


def test_certificates_are_checked_with_the_authority_of_the_job(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    users = "".join(
        f"class {name}({name}User):\n    @task\n    def work(self): self.client.get('/{name}')\n"
        for name in ("Http", "FastHttp")
    )
    text = f"from locust import *\n{users}"
    for tls, right in ((Tls(str(authority.ca)), True), (Tls(insecure=True), True), (Tls(), False)):
        with scripted(http(), authority.server("IP:127.0.0.1")) as server, generator() as driver:
            driver.begin(replace(job(tmp_path, text, server.url), tls=tls))
            window = driver.measure(Order(Closed(2), 0.0, 0.1, patience=2 * SLACK))
            paths = {each.line.split()[1] for each in server.asked}
        assert paths == ({"/Http", "/FastHttp"} if right else set())
        assert (window["failures"] < window["requests"]) == right


USER = "from locust import *\nclass Me(User):\n    "
TASK = f"{USER}@task\n    def work(self): pass\n"
OTHERS = "".join(f"class U{weight}(Me):\n    weight = {weight}\n" for weight in (2, 3))

LOAD = """
import sys
from pathlib import Path
from loadtest.contenders.target import Tls
from loadtest.generator.own_users import Refused, fewest, loaded

for path in sys.argv[1:]:
    try:
        print(fewest(loaded(Path(path), "http://127.0.0.1:9", Tls())))
    except Refused as error:
        print(error)
"""


def test_a_file_is_refused_with_a_sentence_or_says_from_how_many_users_on_all_classes_are_there(tmp_path: Path) -> None:
    table = {
        "import os\ndef x(:\n": "mine.py cannot be loaded: SyntaxError: invalid syntax (mine.py, line 2).",
        "\nimport gone": "mine.py cannot be loaded: ModuleNotFoundError: No module named 'gone' (mine.py, line 2).",
        "raise SystemExit(3)": "mine.py cannot be loaded: SystemExit: 3 (mine.py, line 1).",
        "x = input()": "mine.py cannot be loaded: EOFError: EOF when reading a line (mine.py, line 1).",
        "x = 1": "mine.py has no user class, such as class Shopper(locust.FastHttpUser).",
        f"{USER}weight = 1": "mine.py: Me has no task.",
        f"{TASK}    fixed_count = 2": "mine.py: Me has a fixed_count, but the number of users changes: use weight.",
        f"{TASK}    weight = 0": "mine.py: Me has the weight 0; it must be above 0.",
        f"{TASK}class Steps(LoadTestShape):\n    def tick(self): pass": (
            "mine.py has the load shape Steps, but --users says how many users there are."
        ),
        TASK: "1",
        f"{TASK}{OTHERS}": "6",
        f"{TASK}    abstract = True\n{OTHERS}": "3",
    }
    paths = []
    for number, text in enumerate(table):
        paths.append(tmp_path / str(number) / "mine.py")
        paths[-1].parent.mkdir()
        paths[-1].write_text(text)
    command = [*PYTHON[:-1], "-c", LOAD, *map(str, paths)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines() == [*table.values()]


def test_users_who_all_leave_at_once_end_the_run_with_a_sentence(tmp_path: Path) -> None:
    text = f"{TASK}    def on_start(self): raise ValueError('no token')"
    why = r"^mine\.py: no user stayed to begin a task: ValueError: no token \(mine\.py, line 5\)\.$"
    with pytest.raises(LocustfileRefused, match=why):
        measured(tmp_path, text, users=1)
