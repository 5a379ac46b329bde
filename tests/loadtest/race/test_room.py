import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from loadtest.race.visitors import EACH_BURST, PRESENTERS
from tests.loadtest.support.racing import WITHIN, events, first
from tests.loadtest.support.rooms import ASKED, Hosted, hosted

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("room")]  # one worker starts the race

LOOKING = (
    "/race",
    "/race/race.js",
    "/race/wall.js",
    "/race/race.css",
    "/race/predict",
    "/race/predict.css",
    "/twins/palette.css",
)
PRESENTING = (
    *("/", "/stats/requests", "/stats/report", "/exceptions", "/logs", "/tasks", "/twins", "/twins/points"),
    *("/twins/twins.js", "/assets/index.js", "/no-such-path"),
)
CHANGING = ("/swarm", "/stats/reset", "/user", "/login", "/race/start", "/race/stop", "/race/reveal", "/race", "/")

SLOW_CLIENT = """
from gevent import socket
from loadtest.race import door

door.REQUEST_WITHIN = 0.2
(server,) = door.open_door(lambda environ, start: [b""], ["127.0.0.1"], 0)
with socket.create_connection(server.address) as client:
    client.sendall(b"GET /race HTTP/1.1\\r\\nHost: x\\r\\n")
    assert client.recv(1) == b""
"""


@pytest.fixture(scope="module")
def race(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    log = tmp_path_factory.mktemp("race") / "log"
    with hosted(log) as race:
        yield race
        assert log.read_text() == ""


def wall(race: Hosted) -> dict[str, object]:
    with events(race.presenter.port) as told:
        found: dict[str, object] = first(told, lambda _: True)["wall"]
        return found


def test_others_in_the_room_look_at_the_race_and_at_nothing_else(race: Hosted) -> None:
    for path in LOOKING:
        assert race.others.ask(path).status == 200, path
    for path in PRESENTING:
        refused = race.others.ask(path)
        assert (refused.status, refused.problem) == (403, PRESENTERS), path
    assert 'id="start"' in race.others.ask("/race").body
    assert "<header hidden>" in race.others.ask("/race").body
    assert "<header>" in race.presenter.ask("/race").body


@pytest.mark.parametrize("path", CHANGING)
def test_others_in_the_room_change_nothing_whatever_headers_they_send(race: Hosted, path: str) -> None:
    forwarded = {"X_Forwarded_For": "127.0.0.1", "X_Real_IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
    for host in (f"127.0.0.1:{race.others.port}", f"{race.others.address}:{race.others.port}"):
        refused = race.others.ask(path, "{}", Content_Type="application/json", Host=host, **forwarded)
        assert (refused.status, refused.problem) == (403, PRESENTERS)


def test_the_presenter_keeps_all_rights(race: Hosted) -> None:
    assert race.presenter.ask("/").status == 200
    assert race.presenter.ask("/stats/requests").status == 200
    assert race.presenter.ask("/race/stop", "{}", Content_Type="application/json").status == 200


def test_the_addresses_of_the_room_are_the_only_further_names(race: Hosted) -> None:
    for place in race:
        assert place.ask("/race", Host=f"{race.others.address}:{place.port}").status == 200
        refused = place.ask("/race", Host=f"evil.example:{place.port}")
        assert (refused.status, "was asked for as" in refused.problem) == (403, True)
    assert race.others.ask("/race/prediction", "number=1", Origin="http://evil.example").status == 403


def test_a_number_is_one_sentence_if_it_is_none_and_too_long_a_body_is_refused(race: Hosted) -> None:
    for number in ("", "nan", "1e999", "-1", "soon", "1000001"):
        refused = race.others.predict(number)
        assert refused.status == 400
        assert "A prediction is a number from 0 to 1,000,000, such as 20 or 2.5." in refused.body
    refused = race.others.predict("1" * 600)
    assert (refused.status, refused.problem) == (413, "A body may have at most 512 bytes.")
    assert wall(race) == {"count": 0, "revealed": False}


def test_a_browser_has_one_number_which_nobody_sees_until_the_presenter_reveals_all(race: Hosted) -> None:
    sent = race.others.predict("20")
    cookie, *attributes = sent.headers["Set-Cookie"].split("; ")
    assert (sent.status, sorted(attributes)) == (303, ["HttpOnly", "Path=/", "SameSite=Strict"])
    again = race.others.predict("12,5", cookie)
    assert again.headers["Set-Cookie"].startswith(cookie)
    assert "Your prediction: <strong>12.5/s</strong>" in race.others.ask("/race/predict", Cookie=cookie).body
    assert "Your prediction: <strong>" not in race.others.ask("/race/predict").body
    other = race.others.predict("30", "prediction=made-up")
    assert not other.headers["Set-Cookie"].startswith("prediction=made-up")
    assert wall(race) == {"count": 2, "revealed": False}
    assert race.presenter.ask("/race/reveal", "{}", Content_Type="application/json").status == 200
    shown = wall(race)
    assert (shown["median"], sum(json.loads(json.dumps(shown["bars"])))) == (21.25, 2)
    late = race.others.predict("20", cookie)
    assert (late.status, "no other is accepted" in late.body) == (409, True)


def test_a_start_measures_the_answer_to_the_question(race: Hosted) -> None:
    wish = {"users": ASKED.users, "delay": ASKED.delay, "scenario": ASKED.scenario}
    assert race.presenter.ask("/race/start", json.dumps(wish), Content_Type="application/json").status == 200
    with events(race.presenter.port) as told:
        event = first(told, lambda event: event["wall"]["measured"])
    assert event["wall"]["measured"] == event["racers"][1]["throughput"]
    assert event["wall"]["predicted"] == event["racers"][1]["predicted"] > 0
    assert race.presenter.ask("/race/stop", "{}", Content_Type="application/json").status == 200


def test_one_address_cannot_ask_without_end_and_the_presenter_is_not_limited(race: Hosted) -> None:
    # the last test of this module: what it uses up comes back only slowly
    asked = (race.others.ask("/race/predict.css") for _ in range(10 * int(EACH_BURST)))
    refused = next(answer for answer in asked if answer.status != 200)
    assert refused.status == 429
    assert refused.problem == "Too many requests came from your address; wait a few seconds."
    assert race.presenter.ask("/race").status == 200


def test_a_client_that_never_ends_its_request_loses_its_connection() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SLOW_CLIENT], capture_output=True, text=True, check=False, timeout=WITHIN
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
