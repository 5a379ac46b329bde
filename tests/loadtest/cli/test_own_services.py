"""Whole runs of services that a file describes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from loadtest.results.schema import Results, load
from tests.loadtest.support.comparisons import SCRIPT

pytestmark = [pytest.mark.slow, pytest.mark.measures]

SERVICE = """
import http.server, json, os, sys, threading, time
one = threading.Lock()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.reply(200, b"")

    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Bearer t0ken":
            return self.reply(401, b"")
        with one:
            time.sleep(0.05)
        self.reply(201, json.dumps(order | {"token": "t0ken"}).encode())

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

print("with", os.environ["SHOP_TOKEN"], flush=True)
print("and again", os.environ["SHOP_TOKEN"], file=sys.stderr)
with open("started", "a") as log:
    print(os.getpid(), file=log)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

FILE = f"""
[service.shop]
run = "'{sys.executable}' shop.py {{port}}"
ready = "/"
build = ["touch built"]
env = {{ SHOP_TOKEN = "${{TOKEN}}" }}

[request.order]
path = "/orders/{{n}}"
json = {{ id = "{{uuid}}" }}
headers = {{ Authorization = "Bearer ${{TOKEN}}" }}
expect = {{ status = 201, body = "id" }}
weight = 3

[request.home]
path = "/"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(SERVICE)
    (folder / "sync-vs-async.toml").write_text(FILE)
    # a project may have modules with the names of ours, and of the standard library's neighbours
    (folder / "loadtest.py").write_text("raise RuntimeError('the wrong one')")
    return folder


def compared(folder: Path, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `compare` in a folder that has a file with services."""
    return subprocess.run(
        [SCRIPT, "compare", *arguments],
        cwd=folder,
        env={**os.environ, "TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def run(folder: Path) -> tuple[str, Results]:
    """Return the output and the results of a run of the file in the current folder."""
    told = ("--require", "errors<1%", "--junit", "junit.xml", "--markdown", "summary.md", "--trace", "--details")
    done = compared(folder, "t0ken", "--users", "1,2", "--seconds", "1", "--repeats", "2", *told)
    assert done.returncode in (0, 2), done.stderr
    return done.stdout + done.stderr, load(folder / "results" / "latest" / "results.json")


@pytest.mark.usefixtures("run")
def test_a_service_is_built_once_and_started_for_the_trial_and_for_each_repeat(folder: Path) -> None:
    pids = (folder / "started").read_text().split()
    assert (folder / "built").exists()
    assert len(set(pids)) == len(pids) == 1 + 2
    assert not any(psutil.pid_exists(int(pid)) for pid in pids)


def test_each_request_has_a_row_and_all_were_answered_as_expected(run: tuple[str, Results]) -> None:
    told, results = run
    for step in results.steps:
        assert step.measured
        assert step.measured.failures == 0
        order, home = (step.measured.parts[name] for name in ("order", "home"))
        assert order.requests + home.requests == step.measured.requests
        assert abs(order.requests - 3 * home.requests) <= 4  # an edge of the window cuts a round of four
        assert sum(order.latency.values()) == order.requests
        assert min(order.latency) >= 50
        assert step.measured.server_cpu
        assert step.measured.memory
    assert "shop: POST /orders/1 answered 201 in " in told
    assert "By request (requests/s; latency in ms)" in told
    assert "services on core" in " ".join(told.split()) or not results.cores.apart


def test_a_secret_stands_nowhere(run: tuple[str, Results], folder: Path) -> None:
    told, _ = run
    files = [path for path in (folder / "results").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"results.json", "report.html", "trace.json", "shop.log"}
    assert "t0ken" not in told
    files += [folder / "junit.xml", folder / "summary.md"]
    assert not any("t0ken" in path.read_text() for path in files)
    assert "***" in told
    (log,) = (path for path in files if path.name == "shop.log")
    starts = log.read_text().split("=== start ")[1:]
    assert [each[0] for each in starts] == ["1", "2", "3"]  # for the trial, and for each repeat
    assert all("\nwith ***\nand again ***\n" in each for each in starts)
    assert str(log.relative_to(folder)) in told.splitlines()


USERS = """
import os
from locust import FastHttpUser, between, task

class Shopper(FastHttpUser):
    wait_time = between(0.01, 0.05)

    @task
    def buy(self):
        print("buying")
        self.client.get("/")
        headers = {"Authorization": "Bearer " + os.environ["TOKEN"]}
        with self.client.post("/orders", json={"id": 1}, headers=headers, catch_response=True) as answer:
            if answer.status_code != 201:
                answer.failure("not ordered")
"""


def test_users_of_a_locustfile_take_the_place_of_requests(folder: Path) -> None:
    (folder / "mine.py").write_text(USERS)
    service = FILE.partition("[request")[0]
    (folder / "own.toml").write_text(f'locustfile = "mine.py"\n{service}')
    done = compared(folder, "t0ken", *("--config", "own.toml", "--users", "2", "--seconds", "0.5", "--repeats", "1"))
    assert done.returncode in (0, 2), done.stderr
    told = " ".join(done.stdout.split())
    assert re.search(r"shop: 1 user of mine\.py ended \d+ tasks? and \d+ requests? in .* a task takes ", told)
    results = load(folder / "results" / "latest" / "results.json")
    (step,) = results.steps
    assert step.measured
    assert step.measured.turns
    assert step.measured.parts.keys() == {"GET /", "POST /orders"}
    assert (step.measured.failures, step.measured.turns.left) == (0, 0)
    assert step.measured.turns.tasks >= 2


def test_a_service_whose_answer_is_wrong_is_not_put_under_load(folder: Path) -> None:
    done = compared(folder, "wrong")
    assert done.returncode == 1
    assert "shop: status 401 instead of 201. It wants credentials" in " ".join(done.stderr.split())
    pid = (folder / "started").read_text().split()[-1]
    assert not psutil.pid_exists(int(pid))
