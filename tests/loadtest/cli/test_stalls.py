"""Tests of the command `stalls`: its options, and a run on a service of its own."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import gettempdir

import psutil
import pytest

from loadtest.cli.main import main
from loadtest.contenders.target import Target
from loadtest.measure.stalls import StallSearch
from loadtest.results.stalls import BLOCKING
from tests.loadtest.support.comparisons import SCRIPT
from tests.loadtest.support.processes import living

SHOP = """
import sys, time
from aiohttp import web

def pieces(product):
    time.sleep(0.03)  # the line that is looked for

async def stock(request):
    secret = request.match_info["product"]
    pieces(secret)
    return web.Response(text="3")

async def healthz(request):
    return web.Response(text="ok")

app = web.Application()
app.add_routes([web.get("/stock/{product}", stock), web.get("/healthz", healthz)])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""

LINE = SHOP.splitlines().index("    time.sleep(0.03)  # the line that is looked for") + 1

CONFIG = f"""
[service.shop]
run = "{sys.executable} shop.py {{port}}"
ready = "/healthz"

[service.old]
url = "http://127.0.0.1:1"

[request.stock]
path = "/stock/a-secret"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A configuration file with a service whose handlers block."""
    (tmp_path / "shop.py").write_text(SHOP)
    file = tmp_path / "shop.toml"
    file.write_text(CONFIG)
    return file


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--services nobody", "There is no service 'nobody'; choose from flask, "),
        ("--services aiohttp,aiohttp", "Each service can be watched once; got aiohttp, aiohttp."),
        ("--services aiohttp,fastapi --verify offload", "--verify takes one service to compare with; got 2: "),
        ("--verify nothing", "--verify takes another scenario, such as offload; got 'nothing'."),
        ("--least 0", "--least takes at least 1ms; got '0'."),
        ("--threads 0", "--threads takes a whole number from 1 to 10000; got 0."),
        ("--seconds 0.1", "--seconds takes a number from 0.5 to 600; got 0.1."),
        ("--require p99<1s", "The command stalls "),
        ("--config FILE --services nobody", "There is no service 'nobody' in the file; it has shop and old."),
        ("--config FILE --services old", "old runs already, so nothing can be brought into it: "),
        (
            "--config FILE --services shop --verify shop",
            "--verify takes another service than ",
        ),
        ("--config FILE --services shop --delay 1s", "--scenario and --delay are for services of the line-up."),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_1(
    arguments: str, complaint: str, shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.cli.stalls.run_all", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(SystemExit) as ended:
        main(["stalls", *arguments.replace("FILE", str(shop)).split()])
    _, err = capsys.readouterr()
    assert (ended.value.code, err.count("\n")) == (1, 1)
    assert err.partition(": ")[2].startswith(complaint)


def test_the_variant_of_the_lineup_is_its_other_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[StallSearch] = []

    def take(searches: dict[str, StallSearch], *_: object, **__: object) -> int:
        found.extend(searches.values())
        return 0

    monkeypatch.setattr("loadtest.cli.stalls.run_all", take)
    with pytest.raises(SystemExit):
        main(["stalls", "--out", str(tmp_path), "--verify", "offload"])
    ((service, variant),) = (search.services for search in found)
    assert not isinstance(service, Target)
    assert (service.name, variant.name, service.on_a_loop) == ("aiohttp", "aiohttp offload", True)


@pytest.mark.slow
def test_the_line_that_blocks_is_named_and_its_limit_predicted(shop: Path, tmp_path: Path) -> None:
    asked = ("--config", str(shop), "--services", "shop", "--seconds", "1", "--out", str(tmp_path / "out"))
    ran = subprocess.run(
        [str(SCRIPT), "stalls", *asked, "--cores", "shared", "--as-json", "--require", "stalls<10ms"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode in (2, 3), ran.stderr  # a machine that is too busy tells nothing
    told = json.loads(ran.stdout)
    (run,) = told["runs"].values()
    results = json.loads(next((tmp_path / "out").glob("2*/results.json")).read_text())
    (stalls,) = results["stalls"]
    finding = stalls["findings"][0]
    site = finding["site"]
    assert (finding["kind"], site["file"], site["line"], site["call"]) == (BLOCKING, "shop.py", LINE, "time.sleep")
    assert list(finding["routes"]) == ["GET /stock/{product}"]
    assert finding["p50_ms"] >= 30
    (as_it_is,) = (each for each in stalls["repairs"] if each["way"] == "as it is")
    assert as_it_is["predicted"] <= 1.1 / 0.03  # a request may be cut by an edge of the window
    written = json.dumps(stalls) + json.dumps(run["stalls"])
    assert "a-secret" not in written


@pytest.mark.slow
def test_ctrl_c_leaves_no_process_and_no_folder(shop: Path, tmp_path: Path) -> None:
    asked = ("--config", str(shop), "--services", "shop", "--out", str(tmp_path / "out"))
    process = subprocess.Popen(
        [str(SCRIPT), "stalls", *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    folders = f"sync-vs-async-watch-{process.pid}-*"
    deadline = time.monotonic() + 60
    while not any(each.glob("*.jsonl") for each in Path(gettempdir()).glob(folders)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 2
    assert not living(children)
    assert not list(Path(gettempdir()).glob(folders))
