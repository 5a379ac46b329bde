import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from backing.environment import upstream
from loadtest.contenders.service import lineup
from loadtest.processes.service import running
from loadtest.workload.open import Open
from loadtest.workload.scenarios import DAY, RACED, SCENARIOS
from tests.backing.support.databases import own_database
from tests.loadtest.support.direct import asked
from tests.loadtest.support.racing import heard, start_arrivals, stopped
from tests.loadtest.support.servers import absent, answering, silent
from tests.loadtest.support.web_uis import web_ui
from tests.support.stalls import TooLate, at_best, within

pytestmark = [pytest.mark.slow, pytest.mark.measures]  # results depend on the requests made in 1 to 5 seconds

ROOT = Path(__file__).parents[2]
LOCUST = [sys.executable, "-m", "locust"]


class Twins(NamedTuple):
    """The URLs of the twins."""

    sync_app: str
    async_app: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SYNC_APP_URL": self.sync_app, "ASYNC_APP_URL": self.async_app}


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    known = lineup(2)
    with own_database() as own, upstream() as (url, _):
        behind = {"DATABASE_URL": own.url, "UPSTREAM_URL": url}
        with (
            running(replace(known["flask-threads"], workers=1), behind) as sync_app,
            running(replace(known["aiohttp"], workers=1), behind) as async_app,
        ):
            yield Twins(sync_app.url, async_app.url)


def swarm(
    twins: Twins, folder: Path, names: Iterable[str], *arguments: str, status: int = 0
) -> dict[str, dict[str, Any]]:
    """Run Locust headless for a short time, and return its statistics by name, which must be `names`.

    Raise TooLate if there was no time for a request of each name, or if a service gave up what it waits for.
    """
    command = [*LOCUST, "--headless", "-u", "4", "-r", "4", "-t", "1s", "--json-file", str(folder / "stats")]
    ran = subprocess.run(
        [*command, *arguments], cwd=ROOT, env=twins.environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in ran.stderr
    if re.search(r"status 50[34] instead of 200", ran.stdout + ran.stderr):
        raise TooLate(ran.stderr[-2000:])
    entries = {each["name"]: each for each in json.loads((folder / "stats.json").read_text(encoding="utf-8"))}
    expected = {*names}
    assert entries.keys() <= expected
    if missing := expected - entries.keys():
        raise TooLate(f"no request was answered of {missing}")
    assert ran.returncode == status, ran.stderr[-2000:]
    for entry in entries.values():
        assert entry["num_requests"] > 0
        assert entry["num_failures"] == (entry["num_requests"] if status else 0)
    return entries


@at_best()
def test_a_host_that_is_named_gets_everyone(twins: Twins, tmp_path: Path) -> None:
    (entry,) = swarm(twins, tmp_path, [f"{twins.sync_app} /delay/100ms"], "--host", twins.sync_app).values()
    assert entry["min_response_time"] >= 100


@at_best()
def test_without_a_host_both_twins_are_asked_and_never_merged(twins: Twins, tmp_path: Path) -> None:
    names = [
        f"{service} {target}"
        for service in ("sync_app", "async_app")
        for target in ("/delay/20ms", "/fanout?n=5&delay=20ms")
    ]
    entries = swarm(twins, tmp_path, names, "-t", "2s", "--tags", "fanout", "delay", "--delay", "20ms")
    assert entries["sync_app /fanout?n=5&delay=20ms"]["min_response_time"] >= 100
    assert entries["async_app /fanout?n=5&delay=20ms"]["min_response_time"] >= 20


def targets(delay: str) -> dict[str, str]:
    """Return the request of each scenario, as the statistics name it."""
    named = {name: SCENARIOS[name].target.partition("/{question}")[0] for name in RACED if name in SCENARIOS}
    return {name: target.format(delay=delay) for name, target in named.items()}


@at_best()
def test_every_scenario_is_a_tag_and_both_twins_answer_it(twins: Twins, tmp_path: Path) -> None:
    names = [f"{service} {target}" for service in ("sync_app", "async_app") for target in targets("10ms").values()]
    entries = swarm(twins, tmp_path, names, "-t", "5s", "-u", "8", "-r", "8", "--delay", "10ms", "--tags", *targets(""))
    for name, entry in entries.items():
        # only these requests do not wait for `delay` in the service
        if not name.endswith(("/file?size=64KiB", "/ask", "/healthz")):
            assert entry["min_response_time"] >= 10


@pytest.mark.parametrize("tag", ["ask", "query"])
@at_best()
def test_a_tag_selects_its_scenario_alone(twins: Twins, tmp_path: Path, tag: str) -> None:
    swarm(twins, tmp_path, [f"async_app {targets('30ms')[tag]}"], "AsyncApp", "--delay", "30ms", "--tags", tag)


@at_best()
def test_the_option_selects_a_scenario_alone(twins: Twins, tmp_path: Path) -> None:
    names = [f"{service} {targets('30ms')['drip']}" for service in ("sync_app", "async_app")]
    swarm(twins, tmp_path, names, "--delay", "30ms", "--scenario", "drip")


@at_best()
def test_a_mixed_day_has_its_share_of_each_kind(twins: Twins, tmp_path: Path) -> None:
    names = {name: f"async_app {targets('10ms')[name]}" for name in DAY}
    entries = swarm(twins, tmp_path, names.values(), "AsyncApp", "-t", "3s", "--delay", "10ms", "--tags", "mixed")
    asked = {name: entries[names[name]]["num_requests"] for name in DAY}
    total = sum(asked.values())
    if total <= 100:
        raise TooLate(f"{total} requests")
    for name, weight in DAY.items():
        in_flight = 4  # requests of the four users, not counted yet
        assert abs(asked[name] - total * weight / 100) <= 1 + in_flight


@at_best()
def test_what_the_twins_refuse_is_a_failure_and_no_flood_of_tracebacks(tmp_path: Path) -> None:
    with answering(422, b"") as url:
        names = ["async_app /delay/10ms"]
        refusing = Twins(url, url)
        swarm(refusing, tmp_path, names, "--delay", "10ms", "--think", "0.05", "AsyncApp", status=1)


@at_best()
def test_a_timeout_is_a_failure(twins: Twins, tmp_path: Path) -> None:
    impatient = tmp_path / "impatient.py"
    impatient.write_text(
        "from loadtest import locustfile\n"
        "class Impatient(locustfile.AsyncApp):\n"
        "    connection_timeout = network_timeout = 0.2\n",
        encoding="utf-8",
    )
    with silent() as url:
        names = [f"{url} /delay/100ms"]
        (entry,) = swarm(twins, tmp_path, names, "-f", str(impatient), "--host", url, status=1).values()
    assert entry["min_response_time"] >= 200


@at_best()
def test_with_a_rate_every_service_gets_the_same_arrivals(twins: Twins, tmp_path: Path) -> None:
    names = ["sync_app /delay/20ms", "async_app /delay/20ms"]
    entries = swarm(twins, tmp_path, names, "-u", "60", "-r", "60", "-t", "3s", "--rate", "40", "--delay", "20ms")
    one, other = (entry["num_requests"] for entry in entries.values())
    due = sum(1 for _ in takewhile(lambda moment: moment < 3, Open(40).schedule(1)))
    if abs(one - other) > 2 or not 0.5 * due < one <= due:  # up to two in flight at the end
        raise TooLate(f"{one} and {other} of {due} arrivals")


@at_best()
def test_latency_counts_from_the_intended_start_of_an_arrival(twins: Twins, tmp_path: Path) -> None:
    more = ("-u", "2", "-r", "2", "-t", "3s", "--rate", "20", "--arrivals", "even", "--delay", "100ms", "AsyncApp")
    (entry,) = swarm(twins, tmp_path, ["async_app /delay/100ms"], *more).values()
    within(1, entry["max_response_time"] / 1000)  # two clients carry twenty a second, just
    (entry,) = swarm(twins, tmp_path, ["async_app /delay/500ms"], *more, "--delay", "500ms").values()  # and now four
    assert entry["min_response_time"] >= 500
    assert entry["max_response_time"] > 1_000  # a request alone takes half of that


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--rate", "-1"), "--rate takes a number from 0 to 100000; got -1.0."),
        (("--rate", "nan"), "--rate takes a number from 0 to 100000; got nan."),
        (("--rate", "1", "--seed", "-1"), "--seed takes a whole number from 0 to 1000000000; got -1."),
        (("--rate", "1", "--think", "1"), "--think is for users who wait for their answers; leave it out with --rate."),
        (("--delay", "1h"), "from 0 to 10 s; got '1h'."),
        (("--tags", "query", "--scenario", "delay"), " is not one that --tags and --exclude-tags leave: query."),
        (("--tags", "nope"), "; got nope."),
    ],
)
def test_options_that_cannot_be_run_are_one_sentence_and_status_1(arguments: tuple[str, ...], complaint: str) -> None:
    command = [*LOCUST, "--headless", "-t", "1s", *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert ran.stderr.endswith(f"{complaint}\n")
    assert "Traceback" not in ran.stderr


def test_services_that_are_absent_are_named_before_any_user_starts() -> None:
    command = [*LOCUST, "--headless", "-t", "1s", "-u", "5000", "-r", "5000"]
    with absent() as one, absent() as other:
        urls = Twins(one, other)
        ran = subprocess.run(
            command, cwd=ROOT, env=urls.environment, capture_output=True, text=True, check=False, timeout=60
        )
    assert ran.returncode == 1
    assert ran.stderr.endswith(
        f"\nNothing answers at {one} (sync_app) and {other} (async_app): run sync-vs-async serve, which starts them, "
        "and try again.\n"
    )
    assert "Ramping" not in ran.stderr


def asked_until(url: str, enough: Callable[[Any], bool]) -> Any:
    """Request `url` until `enough` is true for the JSON response, and return that response."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        said = json.loads(asked(url))
        if enough(said):
            return said
        time.sleep(0.1)
    pytest.fail(f"no response was enough, the last: {said}")


def test_the_web_ui_offers_both_twins_and_our_options_and_swarms(twins: Twins, tmp_path: Path) -> None:
    def both(said: Any) -> bool:
        busy = [entry["name"] for entry in said["stats"] if entry["num_requests"]]
        return len(busy) == 3  # both twins, and the total

    with web_ui([*LOCUST, "--web-port", "0"], twins.environment, tmp_path / "log") as url:
        page = asked(url).decode()
        offered = json.loads(re.search(r"templateArgs = (\{.*\})", page)[1])  # type: ignore[index]
        form = {"user_count": 4, "spawn_rate": 4, "host": "", "delay": "30ms", "think": "0.01", "stagger": "0"}
        asked(f"{url}/swarm", urlencode(form))
        said = asked_until(f"{url}/stats/requests", both)
    assert offered["show_userclass_picker"]
    assert {name: user["host"] for name, user in offered["users"].items()} == {
        "SyncApp": twins.sync_app,
        "AsyncApp": twins.async_app,
    }
    options = ["scenario", "delay", "rate", "arrivals", "seed", "think", "stagger"]
    assert [*offered["extra_options"]] == options
    assert offered["extra_options"]["scenario"]["choices"] == [*RACED]
    assert (offered["num_users"], offered["spawn_rate"]) == (256, 100)
    assert offered["extra_options"]["delay"]["default_value"] == "100ms"
    assert offered["extra_options"]["rate"]["default_value"] == 0
    assert offered["extra_options"]["arrivals"]["choices"] == ["poisson", "even"]
    assert said["errors"] == []
    assert {entry["name"] for entry in said["stats"]} == {
        *("sync_app /delay/30ms", "async_app /delay/30ms", "Aggregated"),
    }


def test_a_race_of_another_scenario_than_the_tags_leave_runs_and_gives_the_tags_back(
    twins: Twins, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with web_ui([*LOCUST, "--web-port", "0", "--tags", "delay"], twins.environment, log) as url:
        port = int(url.rpartition(":")[2])
        start_arrivals(20, "20ms", "fanout", port)
        said = asked_until(f"{url}/twins/points", lambda said: len(said["services"]) == 2 and "fanout" in said["load"])
        assert said["load"] == "20 arrivals a second at each service; fanout, 20ms"
        event = heard(lambda event: all(racer["requests"] for racer in event["racers"]), port)
        assert event["scenario"] == "fanout"
        stopped(port)
        form = {"user_count": 2, "spawn_rate": 2, "host": "", "delay": "30ms", "rate": "0", "stagger": "0"}
        assert json.loads(asked(f"{url}/swarm", urlencode(form)))["success"]
        said = asked_until(f"{url}/twins/points", lambda said: said["runs"] and said["lead"].startswith("Equal so far"))
        assert said["load"] == "2 users, shared by all services; delay, 30ms"
    assert "ValueError" not in log.read_text()  # the server also logs clients that leave its stream
