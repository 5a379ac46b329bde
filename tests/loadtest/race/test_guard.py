import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask

from loadtest.contenders.service import lineup
from loadtest.race.command import locust
from loadtest.race.guard import guard
from loadtest.race.public import public
from loadtest.web_ui.racers import Racer
from tests.loadtest.support.racing import Answer, ask
from tests.loadtest.support.servers import answering
from tests.loadtest.support.web_uis import ROOT, web_ui

pytestmark = pytest.mark.slow

CHANGING = ("/swarm", "/stop", "/stats/reset", "/user", "/login", "/race/start", "/race/stop", "/no-such-path")
PROFILE = [sys.executable, "-m", "locust"]
FORM = {"user_count": 1, "spawn_rate": 1, "delay": "1ms", "think": "1", "stagger": "0"}


class WebApp(NamedTuple):
    """Locust's web app: its port, and the URL and user class of the service that it was started with."""

    port: int
    told: str
    user_class: str

    def ask(self, path: str, body: str | None = None, **headers: str) -> Answer:
        return ask(path, body, self.port, **headers)

    def swarm(self, **fields: str) -> Any:
        """Send the form of Locust's own page."""
        form = urlencode({**FORM, **fields})
        return json.loads(self.ask("/swarm", form, Content_Type="application/x-www-form-urlencoded").body)

    def set_user(self, **fields: Any) -> Answer:
        """Send the settings of a user class, as Locust's own page does."""
        return self.ask("/user", json.dumps({"user_class_name": self.user_class, **fields}))

    @property
    def runs(self) -> bool:
        """True if Locust's runner has been started."""
        state = re.search(r'"state": "(\w+)"', self.ask("/").body)
        assert state is not None
        return state[1] not in ("ready", "stopped")


def commands(told: str) -> Mapping[str, tuple[Sequence[str], Mapping[str, str], str]]:
    """Return the command, the environment and a user class of each way to start Locust's web app."""
    racing = locust([Racer(lineup(2)[name], told) for name in ("flask", "aiohttp")], port=0)
    return {
        "race": (racing.command, racing.environment, "aiohttp"),
        "profile": ([*PROFILE, "--web-port", "0"], {"SYNC_APP_URL": told, "ASYNC_APP_URL": told}, "AsyncApp"),
    }


@pytest.fixture(scope="module", params=["race", "profile"])
def web_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebApp]:
    log: Path = tmp_path_factory.mktemp("locust") / "log"
    with answering(200, b"") as told:
        command, environment, user_class = commands(told)[request.param]
        with web_ui(command, environment, log) as url:
            port = urlsplit(url).port
            assert port is not None
            yield WebApp(port, told, user_class)
            assert "Traceback" not in log.read_text()


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """Yield a listener that nobody may connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("path", CHANGING)
def test_no_page_of_another_site_changes_anything(web_app: WebApp, path: str) -> None:
    body = urlencode(FORM)
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", f"https://127.0.0.1:{web_app.port}"):
        refused = web_app.ask(path, body, Content_Type="application/x-www-form-urlencoded", Origin=origin)
        assert (refused.status, refused.problem.endswith(f"came from {origin}.")) == (403, True)
    assert not web_app.runs


@pytest.mark.parametrize("path", ["/", "/stats/requests", "/race", "/race/race.js", "/no-such-path"])
def test_no_page_of_another_site_reads_or_frames_anything(web_app: WebApp, path: str) -> None:
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": f"http://127.0.0.1:{web_app.port}"}):
        answer = web_app.ask(path, **headers)
        assert not any(name.lower().startswith("access-control-") for name in answer.headers)
        assert answer.headers["X-Frame-Options"] == "DENY"


def test_only_names_of_this_machine_are_answered_at_whichever_port_they_are_published(web_app: WebApp) -> None:
    for host in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]", "localhost:9", "[::1]:9"):
        assert web_app.ask("/race", Host=host).status == 200
    same = {"Content_Type": "application/json", "Origin": "http://localhost:9"}
    assert web_app.ask("/race/stop", "{}", Host="localhost:9", **same).status == 200
    for host in ("evil.example", f"evil.example:{web_app.port}", "127.0.0.1.evil.example", "localhost.", "::1", ""):
        for path in ("/", "/stats/requests", "/race", "/race/events", "/no-such-path"):
            assert web_app.ask(path, Host=host).status == 403
        for path in CHANGING:
            refused = web_app.ask(path, "{}", Host=host, Content_Type="application/json", Origin=f"http://{host}")
            assert refused.status == 403
            assert refused.problem.startswith("This web app is at 127.0.0.1, localhost and [::1] only, ")


def test_a_form_sends_load_only_where_this_was_started_for(web_app: WebApp, stranger: socket.socket) -> None:
    other = f"http://127.0.0.1:{stranger.getsockname()[1]}"
    for host in (other, "x", f"<{web_app.told}>"):
        said = web_app.swarm(host=host)
        assert not said["success"]
        assert said["message"].startswith(f"Load goes only to {web_app.told}, ")
        assert not web_app.runs


def test_a_form_with_arrivals_that_cannot_be_run_is_refused_in_one_sentence(web_app: WebApp) -> None:
    for fields, complaint in (
        ({"rate": "-1"}, "--rate takes a number from 0 to 100000; got -1."),
        ({"rate": "many"}, "--rate takes a number from 0 to 100000; got many."),
        ({"rate": "5", "seed": "1.5"}, "--seed takes a whole number from 0 to 1000000000; got 1.5."),
        ({"rate": "5", "arrivals": "bursts"}, "--arrivals takes poisson or even; got bursts."),
        ({"rate": "5"}, "--think is for users who wait for their answers; leave it out with --rate."),
    ):
        said = web_app.swarm(**fields)
        assert (said["success"], said["message"]) == (False, complaint)
    assert not web_app.runs


def test_a_form_cannot_change_users_to_arrivals_during_a_run(web_app: WebApp) -> None:
    assert web_app.swarm(rate="0")["success"]
    said = web_app.swarm(rate="5", think="0")
    assert web_app.ask("/stop", "").status == 200
    refusal = "The run in progress has users, so it cannot change to arrivals; stop it first."
    assert (said["success"], said["message"]) == (False, refusal)


def test_settings_of_users_send_load_only_where_this_was_started_for(web_app: WebApp, stranger: socket.socket) -> None:
    port = stranger.getsockname()[1]
    others: list[Any] = [f"http://127.0.0.1:{port}", "", None, ["x"]]
    redirecting: list[dict[str, Any]] = [
        *({"host": other} for other in others),
        {"proxy_host": "127.0.0.1", "proxy_port": port},
        {"default_headers": {"Host": "evil.example"}},
    ]
    for settings in redirecting:
        refused = web_app.set_user(**settings)
        assert refused.status == 400
        assert refused.problem.startswith(f"A user class takes weight, fixed_count, tasks, and host {web_app.told}")
    assert web_app.set_user(host=web_app.told, weight=1, fixed_count=0).status == 201
    assert web_app.swarm(host=web_app.told)["success"]
    assert web_app.runs
    assert web_app.ask("/stop", "").status == 200


def test_a_body_that_is_too_long_or_no_json_is_a_mistake_of_who_sent_it(web_app: WebApp) -> None:
    asked = "A start takes a JSON object with users or rate, delay and scenario."
    for path in ("/race/start", "/race/stop", "/user", "/swarm"):
        refused = web_app.ask(path, "[" * 100_000, Content_Type="application/json")
        assert (refused.status, refused.problem) == (413, "A body may have at most 16384 bytes.")
    for body in ("", "[", "[" * 16_384, '{"a":' * 3_000, "\xff", "1" * 5_000):
        refused = web_app.ask("/race/start", body, Content_Type="application/json")
        assert (refused.status, refused.problem) == (400, asked)
        assert web_app.ask("/user", body).status == 400
    for depth in range(800, 1000, 7):  # some depths can be read, but not written into the refusal
        wish = f'{{"users": {"[" * depth}{"]" * depth}, "delay": "1s", "scenario": "delay"}}'
        assert web_app.ask("/race/start", wish, Content_Type="application/json").status == 400
    assert not web_app.runs


@pytest.mark.parametrize(("address", "host"), [("Demo.example", "demo.example:8089"), ("fe80::1", "[fe80::1]:8089")])
def test_the_address_that_locust_was_told_to_listen_on_is_a_name_as_well(address: str, host: str) -> None:
    web_ui = SimpleNamespace(app=Flask(__name__), host=address)
    guard(SimpleNamespace(web_ui=web_ui), ["http://127.0.0.1:1"], SimpleNamespace())  # type: ignore[arg-type] # a stand-in
    client = web_ui.app.test_client()
    assert client.get("/", headers={"Host": host}).status_code == 404
    assert client.get("/", headers={"Host": "other"}).status_code == 403


@pytest.mark.parametrize(
    "url", ["https://Demo.example/race-demo/", "https://demo.example:443", "https://demo.example:8443"]
)
def test_behind_a_proxy_only_its_origin_is_accepted_and_no_header_makes_another(url: str) -> None:
    web_ui = SimpleNamespace(app=Flask(__name__), host="127.0.0.1")
    published = public(url)
    assert published is not None
    guard(SimpleNamespace(web_ui=web_ui), ["http://127.0.0.1:1"], SimpleNamespace(), published)  # type: ignore[arg-type] # a stand-in
    client = web_ui.app.test_client()
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    for host in ("demo.example", "demo.example:8443", "127.0.0.1:8089"):  # passed on by the proxy, or its own
        assert client.get("/", headers={"Host": host, "Origin": published.origin}).status_code == 404
        for origin in ("http://demo.example", "https://demo.example:1", "https://evil.example", "null"):
            assert client.get("/", headers={"Host": host, "Origin": origin, **forwarded}).status_code == 403
    assert client.get("/", headers={"Host": "127.0.0.1:8089", "Origin": "http://127.0.0.1:8089"}).status_code == 404
    assert client.get("/", headers={"Host": "evil.example", "Origin": published.origin, **forwarded}).status_code == 403


@pytest.mark.parametrize("way", ["SYNC_APP_URL", "--host"])
def test_a_password_in_a_url_is_refused_and_not_shown(way: str) -> None:
    url = "http://ann:s3cret@127.0.0.1:1"
    arguments, environment = (["--host", url], {}) if way == "--host" else ([], {way: url})
    ran = subprocess.run(
        [*PROFILE, "--headless", "-t", "1s", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ran.returncode == 1
    assert ran.stderr.endswith("a user name or a password.\n")
    assert "s3cret" not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
