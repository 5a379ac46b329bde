"""What the container files repeat from elsewhere is what stands there."""

import re
import tomllib
from pathlib import Path

from contract.settings import Settings
from serving.limits import DRAIN

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()


def test_compose_passes_every_setting_on_with_its_default() -> None:
    passed_on = dict(re.findall(r"^ +(\w+): \$\{\1:-(.+)\}$", COMPOSE, re.MULTILINE))
    assert passed_on.keys() == {name.upper() for name in Settings.model_fields}
    assert Settings.from_mapping(passed_on) == Settings()


def test_compose_waits_longer_for_a_stop_than_the_longest_drain_takes() -> None:
    (grace,) = re.findall(r"stop_grace_period: (\d+)s", COMPOSE)
    longest_wait = Settings.model_json_schema()["properties"]["max_duration"]["maximum"]
    assert int(grace) > longest_wait + DRAIN


def test_the_image_holds_the_packages_of_the_project_and_what_they_run_on() -> None:
    let_through = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(let_through) == sorted([*packages, "pyproject.toml", "requirements.txt"])
