"""Options of targets: mistakes, the request that they describe, and a whole run that must not show a secret."""

import json
import os
import subprocess
from collections.abc import Mapping
from importlib import import_module
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import pytest
from rich.console import Console

from loadtest.cli.main import main
from loadtest.cli.targets import answering
from loadtest.contenders.request import Expected, Request
from loadtest.contenders.secrets import Secrets
from loadtest.contenders.target import Target, Tls
from loadtest.measure.comparison import Comparison
from loadtest.processes.logs import Logs
from loadtest.results.schema import Options, load
from tests.loadtest.support.comparisons import SCRIPT
from tests.loadtest.support.targets import Asked, http, recording, scripted
from tests.support.stalls import TooLate, at_best

MINE = ("--services", "none", "--target", "mine=http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the folder of the project, where a file may describe services."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "s3cret s")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("MISSING", raising=False)


def refused(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Run `compare`, check that it ends with status 1 before anything is measured, and return its message."""
    monkeypatch.setattr(import_module("loadtest.cli.compare"), "run_all", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(SystemExit) as ended:
        main(["compare", *arguments])
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err[-1:]) == (1, "", "\n")
    return err.partition(": ")[2].removesuffix("\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--services", "none"), "--services none needs a --target."),
        (("--services", "none,flask"), "There is no service 'none'; choose from "),
        *(
            ((*option, *alone), f"{option[0]} needs a --target.")
            for option in (
                *(("--path", "/"), ("--method", "GET"), ("--header", "X: y"), ("--json", "1"), ("--expect", "body=x")),
                *(("--openapi", "x"), ("--include", "x"), ("--exclude", "x"), ("--unsafe",)),
                *(("--ca", "ca.pem"), ("--insecure",), ("--allow-remote",)),
            )
            for alone in ((), ("--services", "none"))
        ),
        *(
            ((*MINE, *option), f"{option[0]} is for services of the line-up: name some with --services.")
            for option in (("--scenario", "delay"), ("--delay", "1s"))
        ),
        ((*MINE, "--target", "mine=http://127.0.0.1:8"), "Each service can be compared once; got mine, mine."),
        ((*MINE, "--slow-clients", "3"), "--slow-clients needs --scenario slow-clients; got own."),
        (
            (*MINE, "--rate", "9", "--deadline", "3s", "--patience", "2s"),
            "--patience must be at least as long as the deadline, 3s; got 2s.",
        ),
        ((*MINE, "--header", "s3cret"), "--header: a header reads NAME: VALUE; there is no colon."),
        ((*MINE, "--header", "X: ${MISSING}"), "--header: the environment variable 'MISSING' is not set."),
        ((*MINE, "--header", "X Y: z"), "--target: 'X Y' cannot be the name of a header."),
        ((*MINE, "--header", "Host: other"), "--target: the header Host is set by the HTTP client."),
        ((*MINE, "--header", "X: s3cr\x00et"), "--target: the header X takes printable ASCII characters."),
        ((*MINE, "--json", "{"), "--json: the body is not JSON: Expecting property name enclosed in double quotes: "),
        ((*MINE, "--json", "[${TOKEN}]"), "--json: the body is not JSON: Expecting value: line 1 column 2 (char 1)."),
        ((*MINE, "--json", '"${EMPTY}"'), "--json: the environment variable 'EMPTY' is empty."),
        *(
            ((*MINE, "--path", path), f"--path must begin with a slash; got {path!r}.")
            for path in ("", "slow", "?x", "${TOKEN}")
        ),
        ((*MINE, "--path", "/${MISSING}"), "--path: the environment variable 'MISSING' is not set."),
        (
            (*MINE, "--path", "/${TOKEN}"),
            "--target: the path takes ASCII characters without spaces or #, encoded as %20; got '/***'.",
        ),
        ((*MINE, "--path", "//slow"), "--target: the path must begin with one slash; got '//slow'."),
        ((*MINE, "--path", "/100%"), "--target: the path has a % without two hexadecimal digits, encoded as %25; got "),
        ((*MINE, "--path", "/{id}"), "--target: braces in the path take uuid, n; got '/{id}'."),
        ((*MINE, "--method", "TRACE"), "Invalid value for '--method': 'TRACE' is not one of 'delete', 'get', 'head', "),
        ((*MINE, "--expect", "201"), "--expect: takes status=CODE, header=NAME:VALUE or body=TEXT; got '201'."),
        ((*MINE, "--expect", "header=X"), "--expect: a header reads NAME: VALUE; there is no colon."),
        (("--target", "mine=https://127.0.0.1:9", "--ca", "no.pem"), "--ca no.pem: No such file or directory."),
        ((*MINE, "--unsafe"), "--unsafe needs --openapi."),
        ((*MINE, "--include", "GET /"), "--include needs --openapi."),
        ((*MINE, "--openapi", "gone.json"), "--openapi: gone.json cannot be read: No such file or directory."),
        *(
            (
                (*MINE, "--openapi", "x", option, value),
                f"{option} is for a single request, but --openapi describes them all.",
            )
            for option, value in (("--path", "/"), ("--method", "put"), ("--json", "1"), ("--expect", "body=x"))
        ),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_1(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = refused(arguments, capsys, monkeypatch)
    assert told.startswith(complaint)
    assert "\n" not in told
    assert "s3cr" not in told


LOCUSTFILE = "from locust import *\nclass A(FastHttpUser):\n    @task\n    def work(self): self.client.get('/')\n"
CONFIG = 'locustfile = "mine.py"\n[service.shop]\nurl = "http://127.0.0.1:9"\n'


def test_users_of_a_locustfile_are_put_under_no_load_that_is_not_theirs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(f"{LOCUSTFILE}class B(A): weight = 2\n")
    (tmp_path / "own.toml").write_text(CONFIG)
    for arguments, complaint in (
        (("--rate", "9"), "--rate is for requests: the users of mine.py send theirs when their tasks do."),
        (("--think", "1s"), "--think is for requests: the users of mine.py wait as long as their wait_time says."),
        (
            (*MINE[2:], "--expect", "status=201"),
            f"--expect is for requests, but the users of {tmp_path}/mine.py send their own, and check the answers.",
        ),
        (("--need", "9"), "--need takes requests, whose wait one user shows; users of a locustfile have their own."),
        (
            ("--users", "2,4"),
            "--users must be at least 3: fewer are not of every user class of mine.py, by their weights.",
        ),
        (("--users", "3"), "shop: nothing listens at port 9 of 127.0.0.1. Start it first."),
    ):
        assert refused(("--config", "own.toml", *arguments), capsys, monkeypatch) == complaint


def test_the_operations_of_a_document_are_sent_with_the_headers_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    ok = {"responses": {"200": {"description": "fine"}}}
    paths = {"/a": {"get": ok, "post": ok}, "/b": {"get": ok}}
    Path("api.json").write_text(
        json.dumps({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths})
    )
    chosen = ("--openapi", "api.json", "--header", "Key: ${TOKEN}", "--exclude", "* /b", "--unsafe")
    target, _, _ = planned(*chosen, monkeypatch=monkeypatch)
    key = {"Key": "s3cret s"}
    assert target.requests == (Request("/a", headers=key, name="GET /a"), Request("/a", "POST", key, name="POST /a"))


def test_a_target_that_refuses_is_asked_once_and_nothing_is_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(http("401 No", "Content-Type: text/plain", body=b"no s3cret s")) as server:
        asked = ("--services", "none", "--target", f"mine={server.url}", "--header", "X: ${TOKEN}", "--method", "put")
        told = refused(asked, capsys, monkeypatch)
        assert [each.line for each in server.asked] == ["PUT / HTTP/1.1"]
    answer, advice = told.splitlines()
    assert answer.startswith("mine: PUT / answered 401 in ")
    assert answer.endswith(", 11 bytes of text/plain: no ***")
    assert advice == (
        "mine: status 401 instead of 200. It wants credentials: "
        "send them with --header 'Authorization: Bearer ${TOKEN}'."
    )


def planned(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Target, Options, str]:
    """Return the target and the options of the run that `compare` would begin, and the URL of the target."""
    found: list[Comparison] = []

    def take(comparisons: Mapping[str, Comparison], *_: object, **__: object) -> int:
        found.extend(comparisons.values())
        return 0

    monkeypatch.setattr(import_module("loadtest.cli.compare"), "run_all", take)
    with scripted(http()) as server, pytest.raises(SystemExit) as ended:
        main(["compare", "--services", "none", "--target", f"mine={server.url}", *arguments])
    assert ended.value.code == 0
    (comparison,) = found
    (target,) = comparison.services
    assert isinstance(target, Target)
    return target, comparison.results(complete=False).options, server.url


def test_the_options_describe_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", 'k"\\é')
    monkeypatch.setenv("KIND", "new%20one")
    monkeypatch.setenv("ORDER", '{"id": 7}')
    kind = {"Content-Type": "application/json"}
    for arguments, request in (
        ((), Request()),
        (("--path", "/a?b=${KIND}&c=$"), Request("/a?b=new%20one&c=$")),
        (("--method", "delete", "--path", "/7"), Request("/7", "DELETE")),
        (("--json", '{"a": [1.0]}'), Request("/", "POST", kind, '{"a": [1.0]}')),
        (("--json", '{"a": "${KEY}"}', "--method", "PUT"), Request("/", "PUT", kind, '{"a": "k\\"\\\\\\u00e9"}')),
        (("--json", "${ORDER}"), Request("/", "POST", kind, '{"id": 7}')),
        (("--json", "1", "--header", "content-type: a/b"), Request("/", "POST", {"content-type": "a/b"}, "1")),
        (
            ("--header", "Authorization: Bearer ${TOKEN}", "--header", "X:"),
            Request(headers={"Authorization": "Bearer s3cret s", "X": ""}),
        ),
        (
            ("--expect", "status=200", "--expect", "header=content-length: 0"),
            Request(expected=Expected(200, {"content-length": "0"})),
        ),
    ):
        target, options, url = planned(*arguments, monkeypatch=monkeypatch)
        assert target == Target("mine", url, (request,), Tls(), wait=target.wait)
        assert (options.scenario, options.delay, options.wait) == ("own", "", target.wait)
        assert options.wait > 0


def test_an_answer_that_is_named_is_a_secret_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEY", "k-123")
    expect = ("--expect", "header=X-Kind: ${KEY}", "--expect", "header=X-Api-Key: literal")
    with scripted(http("200 OK", "X-Kind: k-123")) as server, pytest.raises(SystemExit):
        main(["compare", "--services", "none", "--target", f"mine={server.url}", *expect])
    assert "no header X-Api-Key instead of '***'" in capsys.readouterr().err


def test_a_name_may_have_brackets() -> None:
    with scripted(http()) as server:
        (found,) = answering([Target("[/a]", server.url)], Console(file=StringIO()), Secrets({}), Logs())
    assert found.name == "[/a]"


def test_ctrl_c_at_the_first_request_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("loadtest.cli.targets.tried", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["compare", "--services", "none", "--target", "mine=http://127.0.0.1:1"])
    assert (ended.value.code, capsys.readouterr().err.strip()) == (2, "Interrupted.")


def test_patience_with_own_requests_may_be_short_because_their_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    _, options, _ = planned("--rate", "20", "--patience", "100ms", "--ca", "ca.pem", monkeypatch=monkeypatch)
    assert options.loads[0].most_in_flight == 2


CORE, LITERAL = "Zq7Xv9Kp2Lm", "Wj4Rt8Yb1Nc"
"""Parts of two secrets that are the same in every form."""

TOKEN = f"a\"b\\{CORE}/c+d=&<e>'f"


def reply(asked: Asked, number: int) -> bytes | None:
    """Repeat the token in every form, in headers and body; every fifth time fail, every seventh time break off."""
    if number % 7 == 0:
        return None
    body = json.dumps({"plain": TOKEN, "url": quote(TOKEN, safe=""), "key": LITERAL, "line": asked.line}).encode()
    headers = (
        *("Content-Type: application/json", f"Server: Werkzeug/{TOKEN}", f"Served-By: {TOKEN}; pid=1; lane={LITERAL}"),
        *(f"Server-Timing: wait;dur=1, total;dur=2, {TOKEN};dur=3", f"X-Token: {TOKEN}", f"Set-Cookie: t={CORE}"),
    )
    return http("500 No" if number % 5 == 0 else "200 OK", *headers, body=body)


@pytest.mark.slow
@at_best()
def test_a_run_of_targets_alone_shows_no_secret_anywhere(tmp_path: Path) -> None:
    asked = (
        *("--path", "/orders?key=${TOKEN}", "--json", '{"id": 7, "token": "${TOKEN}"}', "--method", "post"),
        *("--header", "Authorization: Bearer ${TOKEN}", "--header", f"X-Api-Key: {LITERAL}", "--expect", "body=plain"),
    )
    with recording(reply) as (url, seen):
        run = ("--services", "none", "--target", f"mine={url}", "--users", "2", "--seconds", "0.5", "--repeats", "1")
        command = [str(SCRIPT), "compare", *run, "--cores", "shared", "--trace", "--out", str(tmp_path / "out"), *asked]
        environment = {**os.environ, "TOKEN": TOKEN}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode in {0, 2}, done.stderr) == (True, "")  # some requests fail: the verdict may be none

    first, *rest = seen
    assert rest
    assert first.line == f"POST /orders?key={TOKEN} HTTP/1.1"
    for each in seen:
        assert each.headers["authorization"] == f"Bearer {TOKEN}"
        assert (each.headers["x-api-key"], each.headers["content-type"]) == (LITERAL, "application/json")
        assert json.loads(each.body) == {"id": 7, "token": TOKEN}

    folder = tmp_path / "out" / "latest"
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "results.json", "trace.json"]
    results = load(folder / "results.json")
    shown = [each.replace(LITERAL, "***") for each in command[1:]]
    assert results.command == ["sync-vs-async", *shown]
    assert results.options.title == "own requests"
    (mine,) = results.contenders
    assert (mine.name, mine.made_of, mine.ours) == ("mine", f"POST {url}/orders?key=***", False)
    (step,) = results.steps
    assert step.measured
    faults = {"status 500 instead of 200", "the service closed the connection without an answer"}
    if step.measured.errors.keys() != faults:
        raise TooLate(f"too few requests: {step.measured.errors}")
    assert step.measured.first[0].served_by == "***; pid=1; lane=***"
    assert done.stdout.startswith("mine: POST /orders?key=*** answered 200 in ")
    assert (
        "mine is served by Flask's development server (Server: Werkzeug/***), which is not meant for load."
        in done.stdout
    )
    texts = {path.name: path.read_text() for path in folder.iterdir()} | {"stdout": done.stdout}
    assert {name for name, text in texts.items() if CORE in text or LITERAL in text} == set()
