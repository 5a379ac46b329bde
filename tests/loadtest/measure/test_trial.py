"""Trials of small real servers. Times are bounded from below only: the machine may stall."""

import re
from pathlib import Path

import pytest

from loadtest.contenders.request import Expected, Request
from loadtest.contenders.secrets import Secrets
from loadtest.contenders.target import Target, Tls
from loadtest.measure.trial import TrialFailed, Tried, tried
from tests.loadtest.support.servers import absent, silent
from tests.loadtest.support.targets import Asked, Authority, http, recording, scripted

TEXT = "Content-Type: text/plain; charset=utf-8"


SYSTEM = Tls()


def trial(url: str, *requests: Request, tls: Tls = SYSTEM) -> list[Tried]:
    return tried(Target("mine", url, requests or (Request("/x?y"),), tls))


def failure(url: str, *requests: Request, tls: Tls = SYSTEM) -> str:
    """Return the message of a trial that fails."""
    with pytest.raises(TrialFailed) as failed:
        trial(url, *requests, tls=tls)
    return str(failed.value)


def shown(answer: bytes) -> str:
    """Return what a trial says of an answer, from its size on."""
    with scripted(answer) as server:
        (known,) = trial(server.url)
    said = re.fullmatch(r"mine: GET /x\?y answered 200 in [\d.]+ m?s, (.*)", known.told)
    assert said
    return said[1]


def test_an_answer_is_shown_by_its_status_time_size_type_and_beginning() -> None:
    for answer, told in (
        (http(), "0 bytes of no type."),
        (http("200 OK", TEXT, body=b" one\r\n\ttwo  "), "12 bytes of text/plain: one two"),
        (http("200 OK", "Content-Type: a/b", body=b"x" * 61), f"61 bytes of a/b: {'x' * 60}"),
        (http("200 OK", "Content-Type: image/png", body=b"\x89PNG\x00\x1b[31m"), "10 bytes of image/png."),
        (http("200 OK", "Content-Type: a/\x1b[31mb\x07", body="söld ☃".encode()), "9 bytes of a/[31mb: söld ☃"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", "13 bytes of no type: until the end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "3 bytes of no type: abc"),
    ):
        assert shown(answer) == told


def test_a_secret_is_masked_before_the_beginning_of_a_body_is_cut() -> None:
    secrets = Secrets({"TOKEN": "s3cret  and\tlong"})
    secrets.expanded("${TOKEN}")
    for body in (b"s3cret  and\tlong", b"." * 55 + b"s3cret  and\tlong", b'{"key": "s3cret  and\\tlong"}'):
        with scripted(http(body=body)) as server:
            (known,) = tried(Target("mine", server.url), secrets)
        assert "***" in known.told
        assert "s3c" not in known.told


def test_each_request_is_sent_once_as_it_is_described() -> None:
    requests = (
        Request("/a%2Fb;c?q=a+b", "PUT", {"X-Key": "k", "Content-Type": "a/b"}, "é ☃"),
        Request("/{n}", "DELETE", {"X-Id": "{uuid}"}),
        Request("/", "HEAD"),
    )
    with scripted(http()) as server:
        known = trial(server.url, *requests)
        first, second, third = server.asked
    assert (first.line, first.body) == ("PUT /a%2Fb;c?q=a+b HTTP/1.1", "é ☃".encode())
    assert (first.headers["x-key"], first.headers["content-type"]) == ("k", "a/b")
    assert (second.line, len(second.headers["x-id"]), second.body) == ("DELETE /1 HTTP/1.1", 36, b"")
    assert third.line == "HEAD / HTTP/1.1"
    assert [each.told.split(" answered")[0] for each in known] == [
        *("mine: PUT /a%2Fb;c?q=a+b", "mine: DELETE /1", "mine: HEAD /")
    ]
    assert all(each.seconds > 0 for each in known)


def test_an_answer_that_is_not_expected_is_named_with_what_to_do() -> None:
    otherwise = "Name the right answer with --expect, or send what it wants with --method, --header and --json."
    token = "send them with --header 'Authorization: Bearer ${TOKEN}'."
    for status, advice in (
        (401, f"It wants credentials: {token}"),
        (403, f"It refuses these credentials, or wants some: {token}"),
        (404, "It has no such path: name another one with --path."),
        (405, "It does not allow this method there: choose another one with --method."),
        (415, "It wants another kind of body: --json sends JSON, --header names a Content-Type."),
        (429, "It limits how often it may be asked: switch that off for these requests."),
        (502, "Something that it asks does not answer: start that first."),
        (201, otherwise),
        (500, otherwise),
        (302, "It redirects to '/else\\x1bwhere': request that instead, for users follow no redirect."),
    ):
        with scripted(http(f"{status} So", TEXT, "Location: /else\x1bwhere", body=b"because")) as server:
            told, complaint = failure(server.url).splitlines()
            assert len(server.asked) == 1
        assert re.fullmatch(rf"mine: GET /x\?y answered {status} in [\d.]+ m?s, 7 bytes of text/plain: because", told)
        assert complaint == f"mine: status {status} instead of 200. {advice}"
    for expected, fault in (
        (Expected(headers={"X-Of": "1"}), "no header X-Of instead of '1'"),
        (Expected(headers={"x-is": "1"}), "another header x-is instead of '1'"),
        (Expected(part="sold"), "unexpected body: 'sold' is not in it"),
        (Expected(201), "status 200 instead of 201"),
    ):
        with scripted(http("200 OK", "X-Is: 2", body=b"s")) as server:
            assert failure(server.url, Request(expected=expected)).splitlines()[1] == f"mine: {fault}. {otherwise}"
    with scripted(http("404 Gone", "X-Is: 2", body=b"sold out")) as server:
        assert trial(server.url, Request(expected=Expected(404, {"X-Is": "2"}, "sold")))[0].warnings == []


def test_what_makes_every_request_cost_more_is_a_warning() -> None:
    flask = "is served by Flask's development server (Server: Werkzeug/3.1 Python/3.11), which is not meant for load."
    wsgi = "is served by the server of wsgiref, as Django's runserver is (Server: WSGIServer/0.2), which is not meant "
    closes = "closes the connection after its answer: every request needs a new one, and pays for it."
    old = "answers in HTTP/1.0: every request needs a new connection, and pays for it."
    production = "Start it with a production server."
    for answer, warnings in (
        (http("200 OK", "Server: gunicorn", "Connection: keep-alive"), []),
        (http("200 OK", "Server: Werkzeug/3.1 Python/3.11"), [f"{flask} {production}"]),
        (http("200 OK", "Server: WSGIServer/0.2", version="1.0"), [f"{wsgi}for load. {production}", old]),
        (http("200 OK", "Connection: Close"), [closes]),
        (b"HTTP/1.1 200 OK\r\n\r\n", [closes]),
        (http(version="1.0"), [old]),
        (http("200 OK", "Connection: keep-alive", version="1.0"), []),
    ):
        with scripted(answer) as server:
            assert trial(server.url)[0].warnings == [f"mine {each}" for each in warnings]


def test_a_target_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped = "mine: it closed the connection without an answer. Does its URL begin with https:?"
    for answer, complaint in (
        (b"", dropped),
        (b"220 mail ESMTP\r\n", "mine: its answer is not http. Does its URL begin with https:?"),
        (b"\x15\x03\x03\x00\x02\x02\x32", "mine: its answer is not http. Does its URL begin with https:?"),
        (http(body=b"whole")[:-1], "mine: it closed the connection in the middle of its answer."),
    ):
        with scripted(answer) as server:
            assert failure(server.url) == complaint
            assert len(server.asked) == 1
    with scripted(b"", reset=True) as server:
        assert failure(server.url) == dropped
    with scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        url = server.url.replace("http:", "https:")
        assert failure(url) == "mine: its answer is not https. Does its URL begin with http:?"
    with absent() as url:
        port = url.rpartition(":")[2]
        assert failure(url) == f"mine: nothing listens at port {port} of 127.0.0.1. Start it first."
    assert failure("http://no-such-host.invalid").startswith("mine: ")
    monkeypatch.setattr("loadtest.measure.trial.PATIENCE", 0.2)
    with silent() as url:
        assert failure(url) == "mine: no answer within 0.2 s."


def test_a_certificate_is_checked_with_the_named_authority_or_not_at_all(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ca = str(authority.ca)
    checked = "mine: its certificate cannot be checked: "
    advice = ". Name the authority's file with --ca, or take any certificate with --insecure."
    with scripted(http(body=b"hello"), authority.server("IP:127.0.0.1")) as server:
        for tls in (Tls(ca), Tls(insecure=True), Tls(ca, insecure=True)):
            assert trial(server.url, tls=tls)[0].told.endswith(" bytes of no type: hello")
        assert len(server.asked) == 3
        told = failure(server.url)
        assert (told.startswith(checked), told.endswith(advice), told.count(".")) == (True, True, 2)
        told = failure(server.url.replace("https:", "http:"))
        assert told.endswith("Does its URL begin with https:?")
        for file, complaint in (
            (str(tmp_path / "no.pem"), "No such file or directory"),
            (__file__, "holds no certificate"),
        ):
            assert failure(server.url, tls=Tls(file)) == f"--ca {file}: {complaint}."
        assert len(server.asked) == 3
    with scripted(http(), authority.server("DNS:elsewhere.invalid")) as server:
        told = failure(server.url, tls=Tls(ca))
        assert told.startswith(f"{checked}IP address mismatch")
        assert trial(server.url, tls=Tls(insecure=True))


@pytest.mark.slow
def test_users_of_a_locustfile_do_their_first_tasks(tmp_path: Path) -> None:
    secrets = Secrets({"TOKEN": "s3cret"})
    secrets.expanded("${TOKEN}")
    file = tmp_path / "mine.py"
    ask = "with self.client.get(path, catch_response=True) as a: a.success() if a.ok else a.failure('s3cret')"
    file.write_text(
        "from locust import FastHttpUser, constant, task\nclass A(FastHttpUser):\n    wait_time = constant(0.05)\n"
        f"    @task\n    def work(self):\n        for path in ('/', '/wrong'):\n            {ask}\n"
        "class B(A): pass\n"
    )

    def some(asked: Asked, _: int) -> bytes:
        return http("500 No" if "wrong" in asked.line else "200 OK")

    with recording(some) as (url, _):
        (known,) = tried(Target("mine", url, locustfile=file), secrets)
    ended = re.fullmatch(
        r"mine: 2 users of mine\.py ended (\d+) tasks? and (\d+) requests? in .+: a task takes .+ with its wait\.",
        known.told,
    )
    assert ended
    (warning,) = known.warnings
    assert re.fullmatch(
        rf"mine did not answer all of them as it should: \d+ of {ended[2]} requests? failed: \d+ x \*\*\*\.", warning
    )
    assert known.seconds >= 0.05
    with recording(lambda *_: http("404 No")) as (url, _), pytest.raises(TrialFailed) as failed:
        tried(Target("mine", url, locustfile=file), secrets)
    assert re.fullmatch(r"mine: 2 users of mine\.py: (\d+) of \1 requests failed: \1 x \*\*\*\.", str(failed.value))
    with absent() as url, pytest.raises(TrialFailed, match=r"^mine: nothing listens at port "):
        tried(Target("mine", url, locustfile=file))
