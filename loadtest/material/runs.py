"""The runs whose results the slides show: how each is recorded, and where it is read from."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from loadtest.results import atomic, schema
from serving import end_with_parent

ROOT = Path(__file__).parents[2]

FOLDER = ROOT / "workshop" / "slides"

RESULTS = FOLDER / "results"
"""One results file for each run."""

UNLIMITED = "flask-threads:threads=64"
REFUSING = "flask-threads:threads=96:max-in-flight=64"
"""Two services in overload: both serve 64 requests at once, and one refuses further ones."""

RUNS = {
    "users": "--users 1,32,200",
    "careless": "--scenario blocking --services flask-threads,aiohttp --users 1,8 --delay 100ms",
    "repaired": "--scenario offload --services flask-threads,aiohttp --users 1,8,64 --delay 100ms",
    "database": "--scenario query --services flask-threads,aiohttp --users 1,64",
    "computing": "--scenario cpu --services flask-threads,aiohttp --users 1,8 --delay 20ms",
    "people": "--scenario ask --services flask,flask-threads,aiohttp --users 2,20 --delay 100ms",
    "arrivals": "--rate 150 --services flask-threads,aiohttp",
    "overload": f"--rate 384 --services {UNLIMITED},{REFUSING},aiohttp "
    "--deadline 1s --delay 250ms --seconds 15 --repeats 1",
    "frameworks": "--services all --users 1,200",
}
"""The options of compare for each run, by the name of its file. Together they take about ten minutes."""


def read() -> dict[str, schema.Results]:
    """Return the results of each run by name. Raises OSError or ValueError if a file is missing or invalid."""
    return {name: schema.load(RESULTS / f"{name}.json") for name in RUNS}


def record(name: str) -> None:
    """Run one comparison and keep its results file. Raises ValueError if it fails or is interrupted.

    An inconclusive run is kept too: the slides show its figures in brackets.
    """
    with TemporaryDirectory() as folder:
        bound = [sys.executable, "-IS", end_with_parent.__file__, str(os.getpid()), end_with_parent.LEADER]
        compare = [str(Path(sys.executable).with_name("sync-vs-async")), "compare", *RUNS[name].split()]
        done = subprocess.run([*bound, *compare, "--out", folder], cwd=ROOT, check=False)
        file = Path(folder) / "latest" / schema.FILE
        if done.returncode not in {0, 2} or not file.exists():
            raise ValueError(f"the run {name} failed with status {done.returncode}")
        content = json.loads(file.read_text(encoding="utf-8"))
    if not content["complete"]:
        raise ValueError(f"the run {name} was interrupted")
    for step in content["steps"]:
        if step["measured"]:
            step["measured"]["first"] = []  # the largest part of the file, and no slide draws it
    kept = json.dumps(_anywhere(content, folder), separators=(",", ":"))
    RESULTS.mkdir(exist_ok=True)
    atomic.write(RESULTS / f"{name}.json", kept + "\n")


def _anywhere(value: Any, folder: str) -> Any:
    """Return a part of a results file without paths of this machine, which differ from clone to clone."""
    if isinstance(value, dict):
        return {key: _anywhere(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [_anywhere(inner, folder) for inner in value]
    if isinstance(value, str):
        return value.replace(folder, "results").replace(f"{ROOT}/", "").replace(f"{sys.prefix}/", ".venv/")
    return value
