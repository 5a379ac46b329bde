"""One run of services that each have a fault, in a folder whose modules have the names of ours."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from loadtest.results.schema import Measured, Results, load
from tests.loadtest.support.comparisons import SCRIPT
from tests.loadtest.support.targets import Authority, http, scripted
from tests.support.stalls import TooLate, at_best

pytestmark = [pytest.mark.slow, pytest.mark.measures]

SERVICE = """
import os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import conftest, contract, flask, loadtest, locust  # those of this folder

fault, port = sys.argv[1:]
with open("pids", "a") as pids:
    print(os.getpid(), file=pids)
numbers = count(1)
asked = []

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def do_POST(self):
        number = next(numbers)
        asked.append(time.monotonic())
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b"sold"
        match fault:
            case "slows":
                time.sleep(0.01 * 3 ** (asked[-1] - asked[0]))
            case "fails" if number % 50 == 0:
                self.close_connection = True
                return
            case "fails" if number == 10:
                time.sleep(600)
            case "fails" if number % 3 == 0:
                body = b"lost"
            case "dies" if number > 50:
                os._exit(3)
            case _:
                time.sleep(0.005)
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""

MINE = """
import sys
if not sys.argv[0].endswith("service.py"):
    raise RuntimeError(f"{__name__} was imported by {sys.argv}")
"""
"""A module that only the service of this folder may import."""

QUICKLY = ("--users", "8", "--seconds", "1", "--repeats", "1", "--cores", "shared")

DROPPED = "the service closed the connection without an answer"
LIED = "unexpected body: 'sold' is not in it"
HUNG = "1 request hung for the whole window"

FAULTS = ("slows", "fails", "dies")


def described(folder: Path, tls: str) -> None:
    """Write the file with the services, and modules that our processes must not import."""
    (folder / "service.py").write_text(SERVICE)
    for name in ("conftest", "flask", "json", "locust"):
        (folder / f"{name}.py").write_text(MINE)
    for name in ("backing", "contract", "loadtest", "serving", "tests"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(MINE)
    services = "".join(
        f"[service.{fault}]\nrun = \"'{sys.executable}' service.py {fault} {{port}}\"\n" for fault in FAULTS
    )
    request = '[request.order]\npath = "/"\njson = { id = "{uuid}" }\nexpect = { status = 201, body = "sold" }\n'
    (folder / "sync-vs-async.toml").write_text(f'[service.tls]\nurl = "{tls}"\n{services}{request}')


def window(results: Results, service: str) -> tuple[Measured, list[str]]:
    """Return the window of the only step of a service, and why it is in doubt."""
    (step,) = (each for each in results.steps if each.service == service)
    assert step.measured
    return step.measured, step.doubts


@at_best()
def test_each_fault_of_a_service_is_named_and_nothing_of_it_is_left(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("faults")
    authority = Authority(folder)
    with scripted(http("201 Created", "Connection: close", body=b"sold"), authority.server("IP:127.0.0.1")) as tls:
        described(folder, tls.url)
        done = subprocess.run(
            [SCRIPT, "compare", *QUICKLY, "--ca", authority.ca],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert (done.returncode, done.stderr) == (1, "sync-vs-async: dies exited with status 3.\n")
    results = load(folder / "results" / "latest" / "results.json")
    assert (results.complete, results.failure) == (False, "dies exited with status 3.")

    encrypted, _ = window(results, "tls")
    assert (encrypted.failures, encrypted.requests > 0) == (0, True)

    failing, doubts = window(results, "fails")
    dropped, lied = (failing.errors.get(told, 0) for told in (DROPPED, LIED))
    assert failing.errors == {DROPPED: dropped, LIED: lied}
    assert dropped == pytest.approx(failing.requests / 50, abs=2)  # 8 users: their order is not that of the numbers
    assert lied == pytest.approx(failing.requests / 3, rel=0.1, abs=8)
    assert (failing.resent, failing.unfinished) == (0, 1)
    assert {f"{failing.failures} of {failing.requests} requests failed", HUNG} <= {*doubts}

    assert {step.service for step in results.steps} == {"tls", "slows", "fails"}
    pids = [int(pid) for pid in (folder / "pids").read_text().split()]
    assert len(pids) == 2 * len(FAULTS)  # one for the trial, and one for the run
    assert not any(psutil.pid_exists(pid) for pid in pids)

    _, doubts = window(results, "slows")
    if not any(each.startswith("not steady: the mean response time went from ") for each in doubts):
        raise TooLate(f"too few requests in a slice: {doubts}")
