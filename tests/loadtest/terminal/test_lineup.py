import io
import re
from itertools import takewhile

import pytest
from rich.console import Console

from loadtest.contenders.service import lineup
from loadtest.results.schema import Results
from loadtest.results.suite import CPU, DELAY
from loadtest.terminal.lineup import show_lineup
from loadtest.terminal.progress import console
from loadtest.verdict.lineup import CAUTION
from tests.loadtest.support.fabricated import lineup_of

ALL = lineup_of()


@pytest.fixture(autouse=True)
def _no_colour_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def shown(measured: dict[str, Results], capsys: pytest.CaptureFixture[str]) -> str:
    show_lineup(console(), measured, details=True)
    return capsys.readouterr().out


def lines(text: str) -> dict[str, list[list[str]]]:
    """Return the lines of each service, split into columns."""
    found: dict[str, list[list[str]]] = {}
    service = ""
    for line in takewhile(str.strip, text[text.rindex("─") + 3 :].splitlines()):
        first, *rest = re.split(r"\s{2,}", line.strip())
        service = first if first in lineup(2) else service
        found.setdefault(service, []).append([first, *rest])
    return found


def test_a_service_has_a_row_with_its_software_and_all_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    table = lines(shown(ALL, capsys))
    assert table["django"][:2] == [
        ["django", "Django 1.0", "10.0", "400", "640", "20.0", "213", "2344", "781", "100", "100"],
        ["2 x 32 = 64", "gunicorn 1.0", "1.00", "1.00", "1.00", "1.00"],
    ]
    assert table["sanic"][1][:2] == ["2 x 1 = any", "its own server"]


def test_services_are_grouped_blocking_first(capsys: pytest.CaptureFixture[str]) -> None:
    firsts = re.findall(r"^([a-z-]+)(?:  | *$)", shown(ALL, capsys), flags=re.MULTILINE)
    names = [*lineup(2)]
    assert firsts == ["service", "blocking", *names[:5], "non-blocking", *names[5:]]


def test_what_is_inconclusive_is_in_brackets_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(lineup_of(("flask",), doubts=["a doubt"]), capsys)
    assert lines(text)["flask"][0][2:] == [
        *("(10.0)", "(50.0)", "(50.0)", "(20.0)", "(213)", "(2344)", "(10000)", "(100)", "100")
    ]
    assert "flask is inconclusive in scenario healthz at 32 users: a doubt." in text


def test_what_was_not_measured_is_a_dash_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown({DELAY: ALL[DELAY].model_copy(update={"complete": False})}, capsys)
    assert lines(text)["flask"][0][5:] == ["-", "-", "-", "10000", "100", "100"]
    assert f"Scenario {CPU} was not measured." in text
    assert "Scenario delay was interrupted." in text


def test_the_caution_comes_between_the_conclusion_and_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(shown(ALL, capsys).split())
    places = [text.index(part) for part in ("At 200 users all 5 services with too", CAUTION, "The line-up")]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_overview_fits_and_cuts_no_figure(width: int) -> None:
    screen = Console(file=io.StringIO(), width=width, color_system=None)
    with screen.capture() as capture:
        show_lineup(screen, lineup_of(doubts=["a doubt"]), details=True)
    text = capture.get()
    assert max(len(line) for line in text.splitlines()) <= width
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert "Django 1.0" in text
    for figure in ("(10.0)", "(2000)", "(2344)", "(10000)", " 100"):
        assert figure in text
