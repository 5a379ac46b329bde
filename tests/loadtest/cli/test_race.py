import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from contract import ports
from loadtest.cli.main import main
from loadtest.cli.race import UNWATCHED
from loadtest.contenders.service import lineup
from tests.loadtest.support.commands import SCRIPT, WITHIN, alone, serving
from tests.loadtest.support.processes import taken, taken_by_us
from tests.loadtest.support.racing import URL, events, first, start
from tests.loadtest.support.rooms import Place, of_this_machine
from tests.loadtest.support.servers import answering
from tests.support.stalls import SLACK

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ports")]  # one test at a time uses the well-known ports

RACE = ("race", "--services", "flask,aiohttp")

ENDS_BY_ITSELF = """
import argparse, sys, time
import gevent
from locust.env import Environment
from loadtest.contenders.service import lineup
from loadtest.generator.profile import ProfileArrivals
from loadtest.race import control
from loadtest.race.generators import Alone
from loadtest.race.observer import Observer
from loadtest.web_ui.racers import Racer
from loadtest.race.users import user_classes
from loadtest.race.request import Wish
from loadtest.workload import Closed

control.LASTS = 1.0
racers = [Racer(lineup(1)["aiohttp"], sys.argv[1])]
classes = [*user_classes(racers).values()]
options = argparse.Namespace(delay="1s", think=0.0, stagger=0.1, rate=0.0, arrivals="poisson", seed=1, scenario="delay",
    tags=None, exclude_tags=None)
environment = Environment(user_classes=classes, parsed_options=options, stop_timeout=5)
runner = environment.create_local_runner()
arrivals = ProfileArrivals(environment)
alone = Alone(Observer(environment, racers, classes, arrivals))
race = control.Control(environment, racers, classes, arrivals, alone)
began = time.perf_counter()
race.start(Wish(Closed(2), "10ms", 0.01, "delay"))
while race.state != "running":
    gevent.sleep(0.01)
assert race.ends is not None
while race.state != "ready":
    gevent.sleep(0.01)
print(time.perf_counter() - began, runner.user_count, race.ends)
"""


def test_ctrl_c_ends_the_command_in_the_middle_of_a_race_and_leaves_nothing_behind() -> None:
    with alone() as environment, serving(environment, *RACE) as raced:
        raced.hear("Ctrl-C stops everything")
        assert not any("In the room" in line for line in raced.said)
        start(50, "10s", "delay")  # the end must not wait for these requests
        with events() as told:
            first(told, lambda event: event["racers"][0]["in_flight"] > 2)
            began = time.monotonic()
            raced.process.send_signal(signal.SIGINT)
            assert raced.end() == 0
        assert time.monotonic() - began < 2 * SLACK


def test_a_race_for_the_room_is_reached_at_the_address_that_is_printed() -> None:
    address = of_this_machine()
    with alone() as environment, serving(environment, *RACE, "--host", address, "--generators", "2") as raced:
        raced.hear("Ctrl-C stops everything")
        others = Place(address, ports.LOCUST)
        assert f"In the room: {others.url}/race" in raced.said
        assert f"Race page: {URL}/race" in raced.said
        assert others.ask("/race").status == 200
        assert others.ask("/").status == 403
        assert not taken(ports.SYNC_APP, address)
        start(50, "10s", "delay")
        with events() as told:
            first(told, lambda event: event["racers"][0]["in_flight"] > 2)
            raced.process.send_signal(signal.SIGTERM)
            assert raced.end() == 0
        assert not taken(ports.LOCUST, address)
        assert "Traceback" not in "".join(raced.said)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that gives arguments to the command in this process, and returns what it says on its error."""
    monkeypatch.setattr("loadtest.cli.race.serve_until_stopped", lambda *_, **__: pytest.fail("it ran"))

    def said(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (1, "")
        return err

    return said


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--host", "nowhere"], "--host takes an address of this machine, "),
        (["--host", "", "--public-url", "https://demo.example"], "--host and --public-url exclude each other: "),
        (["--generators", "0"], "--generators takes a whole number from 1 to 16; got 0."),
    ],
)
def test_an_address_for_the_room_that_cannot_be_used_is_one_line(
    options: list[str], complaint: str, refused: Callable[..., str]
) -> None:
    said = refused(*RACE, *(option or of_this_machine() for option in options))
    assert said.startswith(f"sync-vs-async: {complaint}")
    assert said.count("\n") == 1


def test_a_race_ends_by_itself() -> None:
    with answering(200, b'{"duration":0.01}\n') as url:
        ran = subprocess.run(
            [sys.executable, "-c", ENDS_BY_ITSELF, url], capture_output=True, text=True, check=False, timeout=WITHIN
        )
    assert ran.returncode == 0, ran.stderr[-2000:]
    seconds, users, ends = ran.stdout.split()
    assert 1.0 <= float(seconds) < 2 + SLACK
    assert (users, ends) == ("0", "None")


def test_a_port_that_is_taken_is_one_line_and_nothing_is_started() -> None:
    with alone() as environment, socket.create_server(("127.0.0.1", ports.LOCUST)):
        ended = subprocess.run(
            [SCRIPT, "race"], env=environment, capture_output=True, text=True, check=False, timeout=WITHIN
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == f"sync-vs-async: race cannot listen on 127.0.0.1:{ports.LOCUST}: {taken_by_us()}.\n"
        assert list(Path(environment["XDG_CACHE_HOME"]).iterdir()) == []


@pytest.mark.parametrize(
    ("services", "complaint"),
    [
        ("flask", "A race takes 2 or 3 services; got 1."),
        ("flask,flask-threads,flask-gevent,aiohttp", "A race takes 2 or 3 services; got 4."),
        (
            "flask,flask-threads --watch",
            UNWATCHED,
        ),
        ("flask,flask", "Each service can be in a race once; got flask, flask."),
        ("flask,nope", f"There is no service 'nope'; choose from {', '.join(lineup(1))}."),
        *(
            (
                f"flask,aiohttp --public-url {url}",
                "The public URL takes https://HOST, with a port or a path if it has one; no user, no query.",
            )
            for url in (
                "demo.example",
                "ftp://demo.example",
                "https://ann@demo.example",
                "https://demo.example:x",
                "https:///race",
            )
        ),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_1(services: str, complaint: str, refused: Callable[..., str]) -> None:
    assert refused("race", "--services", *services.split()) == f"sync-vs-async: {complaint}\n"
