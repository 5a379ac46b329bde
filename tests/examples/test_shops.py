"""The three shops of the examples, each run unchanged under a short load, with a supplier at a free port."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from socket import create_connection, create_server

import jsonschema_rs
import pytest

from loadtest.cli.main import group
from loadtest.processes.own import free_port
from loadtest.results.schema import Results, Step, load
from loadtest.verdict.bounds import throughput
from tests.docs.support.pages import ROOT
from tests.loadtest.support.comparisons import SCRIPT, unless_in_doubt
from tests.support.stalls import SLACK, TooLate, at_best, eventually

pytestmark = [pytest.mark.slow, pytest.mark.measures]

SUPPLIER = """
import runpy
from aiohttp import web
run = web.run_app
web.run_app = lambda app, **options: run(app, **options | {{"port": {port}}})
runpy.run_path("examples/supplier.py", run_name="__main__")
"""
TOKEN = "Xq7-shop-t0ken"
MANY = 4


@pytest.fixture(scope="module")
def supplier() -> Iterator[str]:
    """Return the URL of the supplier."""
    port = free_port()
    command = [sys.executable, "-W", "error", "-c", SUPPLIER.format(port=port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: listens(port), 3 * SLACK)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def listens(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def compared(
    out: Path, supplier: str, *arguments: str, file: Path = Path("examples/shop.toml")
) -> subprocess.CompletedProcess[str]:
    """Compare the services of a file in an environment that is not activated."""
    return subprocess.run(
        [SCRIPT, "compare", "--config", file, "--out", str(out), "--cores", "shared", *arguments],
        cwd=ROOT,
        env={**os.environ, "TOKEN": TOKEN, "SUPPLIER": supplier},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@at_best()
def test_the_shops_differ_by_how_many_requests_wait_at_a_time(tmp_path: Path, supplier: str) -> None:
    done = compared(tmp_path, supplier, "--users", f"1,{MANY}", "--seconds", "0.5", "--repeats", "1")
    assert (done.returncode in {0, 2}, done.stderr) == (True, "")
    file = tmp_path / "latest" / "results.json"
    results = load(file)
    jsonschema_rs.validate(
        json.loads((ROOT / "docs" / "results.schema.json").read_text()), json.loads(file.read_text())
    )
    for written in (done.stdout, *(path.read_text() for path in file.parent.iterdir())):
        assert TOKEN not in written
    for step in results.steps:
        assert step.measured
        assert (step.measured.failures, step.measured.unfinished) == (0, 0)
        assert step.measured.parts.keys() == {"search", "product", "order"}
        assert min(step.measured.parts["order"].latency) >= 100
    with unless_in_doubt(results.steps):
        for name, factor in (("flask", MANY), ("fastapi", MANY), ("careless", 1)):
            few, many = (rate(results, name, users) for users in (1, MANY))
            assert many / few == pytest.approx(factor, rel=0.15), name


def rate(results: Results, service: str, users: int) -> float:
    step: Step = next(each for each in results.steps if (each.service, each.load.amount) == (service, users))
    assert step.measured
    return throughput(step.measured)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("users", {"GET search", "GET product", "POST order"}),
        ("openapi", {"products_products_get", "product_products__number__get"}),
    ],
)
@at_best()
def test_customers_may_be_locust_users_or_the_examples_of_an_openapi_document(
    name: str, parts: set[str], tmp_path: Path, supplier: str
) -> None:
    file = tmp_path / "one.toml"
    whole = (ROOT / "examples" / f"{name}.toml").read_text()
    first = re.split(r"(?=^\[service)", whole, flags=re.MULTILINE)[:2]  # one service is enough here
    file.write_text(re.sub(r'"(\w+_shop|locustfile.py|openapi.json)"', rf'"{ROOT}/examples/\1"', "".join(first)))
    done = compared(tmp_path / "out", supplier, "--users", "2", "--seconds", "0.5", "--repeats", "1", file=file)
    assert (done.returncode in {0, 2}, done.stderr) == (True, "")
    (step,) = load(tmp_path / "out" / "latest" / "results.json").steps
    assert step.measured
    assert (step.measured.failures, step.measured.errors) == (0, {})
    if step.measured.parts.keys() != parts:
        raise TooLate(f"too few requests: {step.measured.parts.keys()}")


def test_without_a_supplier_nothing_is_measured_and_the_answer_says_what_to_start(tmp_path: Path) -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = compared(tmp_path, url)
    assert done.returncode == 1
    told = " ".join(done.stderr.split())
    assert "flask: GET /products/1 answered 502 in " in told
    assert '{"detail":"no supplier: start examples/supplier.py"}' in told
    assert told.endswith("flask: status 502 instead of 200. Something that it asks does not answer: start that first.")
    assert list(tmp_path.iterdir()) == []


def test_the_openapi_document_is_that_of_the_shop() -> None:
    program = "import json, shop; print(json.dumps(shop.app.openapi(), indent=1))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "examples" / "fastapi_shop",
        env={**os.environ, "TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (ROOT / "examples" / "openapi.json").read_text()


def test_the_examples_import_nothing_of_the_project() -> None:
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert "loadtest" in ours
    files = [*(ROOT / "examples").rglob("*.py")]
    assert len(files) == 5
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Import(names=names):
                    found = {each.name.partition(".")[0] for each in names}
                case ast.ImportFrom(module=str(module)):
                    found = {module.partition(".")[0]}
                case _:
                    continue
            assert not found & ours, file


def test_the_job_for_ci_is_short_and_its_command_is_understood() -> None:
    text = (ROOT / "examples" / "ci.yml").read_text()
    assert len([line for line in text.splitlines() if not line.startswith("#")]) <= 16
    script, name, *arguments = shlex.split(text.partition("run: |\n")[2].replace("\\\n", " "))
    assert script == "sync-vs-async"
    with group.commands[name].make_context(name, arguments, obj=[script]) as context:
        assert {"new: p50<150ms", "new: errors<1%"} <= {each.text for each in context.params["require"]}
