"""The documentation of results.json agrees with the models, and the models with it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from loadtest.results.document import documents, json_schema, parts
from loadtest.results.schema import Results, save
from tests.docs.support.pages import ROOT
from tests.loadtest.support.arrivals import open_run
from tests.loadtest.support.capacities import probe, searched
from tests.loadtest.support.fabricated import calibration, contender, not_run, results, step
from tests.loadtest.support.stalled import stalls, watched

RUNS = {
    "closed": results([step("flask", 1), step("flask", 50, doubts=["a doubt"]), not_run("flask", 400)]).model_copy(
        update={"contenders": [contender("flask", calibration=calibration())]}
    ),
    "open": open_run(deadline=1.0),
    "capacity": searched({"flask": [probe(20.0, "passed", 0.001, 0.0, 0.005)]}),
    "stalls": watched(stalls()),
}


def test_the_files_are_those_that_the_models_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    stale = [str(path) for path, text in documents().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run: make schema"


def test_the_schema_accepts_what_is_written_and_refuses_what_the_models_refuse() -> None:
    schema = json_schema()
    jsonschema_rs.meta.validate(schema)
    for run in RUNS.values():
        jsonschema_rs.validate(schema, written(run))
    good = written(RUNS["closed"])
    bad = [
        {**good, "unknown": 1},
        {name: value for name, value in good.items() if name != "steps"},
        {**good, "schema_version": 6},
        {**good, "steps": [{**good["steps"][0], "repeat": "one"}]},
        {**good, "steps": [{**good["steps"][0], "load": {"kind": "other"}}]},
    ]
    for each in bad:
        assert not jsonschema_rs.is_valid(schema, each)
        with pytest.raises(ValueError, match="validation error"):
            Results.model_validate_json(json.dumps(each))


def written(run: Results) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.model_dump_json())
    return found


def test_each_part_is_described_and_no_field_is_left_out() -> None:
    schema = json_schema()
    known = {"Results": schema, **schema["$defs"]}
    assert {part.__name__ for part in parts()} == known.keys()
    text = page()
    for name, part in known.items():
        assert part["description"]
        fields = part.get("properties") or [each["title"] for each in part["prefixItems"]]
        assert re.findall(r"^- `(\w+)`", section(text, name), re.MULTILINE) == [*fields]


def page() -> str:
    return (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    return text.partition(f"\n### {heading}\n")[2].partition("\n#")[0]


def test_the_program_on_the_page_prints_the_figures_of_a_run(tmp_path: Path) -> None:
    save(RUNS["closed"], tmp_path / "results" / "now")
    (program,) = re.findall(r"^```python\n(.*?)^```$", page(), re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    (only,) = (each for each in RUNS["closed"].steps if each.measured and not each.doubts)
    assert only.measured
    rate = f"{only.measured.requests / only.measured.seconds:.1f} requests/s, bound by {only.bound}"
    assert done.stdout.splitlines() == [f"flask {{'kind': 'closed', 'users': 1, 'think': 0.0}} {rate}"]
