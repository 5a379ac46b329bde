"""Options of pairs and of a need, and the order of the runs that they ask for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loadtest.cli.main import main
from loadtest.cli.need import refuse_needless
from loadtest.cli.options import Mistake
from loadtest.cli.pairing import turns, with_itself
from loadtest.contenders.service import Service, lineup
from loadtest.contenders.target import Target
from loadtest.measure.comparison import FURTHER_PAIRS, Comparison
from loadtest.results.schema import Measured, Pairing, Step
from loadtest.verdict.aggregate import FEWEST_PAIRS
from loadtest.workload.closed import Closed
from loadtest.workload.need import Need
from tests.loadtest.support.fabricated import measured, options

OLD, NEW, OTHER = (Target(name, "http://127.0.0.1:9", wait=0.1) for name in ("old", "new", "other"))

ONE = ("--services", "none", "--target", "old=http://127.0.0.1:9")
TWO = (*ONE, "--target", "new=http://127.0.0.1:9")
THREE = (*TWO, "--target", "other=http://127.0.0.1:9")

BEFORE_AFTER = Pairing(before="old", after="new")
AGAIN = Pairing(before="old", after="old again", itself=True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        *(
            ((*TWO, "--pairs", number), f"--pairs takes a whole number from 6 to 50; got {number}.")
            for number in ("5", "0", "51", "-6", "six", "6.5")
        ),
        *(
            (
                (*TWO, *asked, "--repeats", "6"),
                "--pairs and --against-itself take the place of --repeats: each pair is ",
            )
            for asked in (("--pairs", "6"), ("--against-itself",))
        ),
        ((*THREE, "--pairs", "6"), "--pairs and --against-itself compare two services; got 3."),
        (("--pairs", "6"), "--pairs and --against-itself compare two services; got 4."),
        (("--against-itself",), "--pairs and --against-itself compare two services; got 4."),
        ((*ONE, "--pairs", "6"), "--pairs compares two services; got one. --against-itself compares it with itself."),
        (
            (*ONE, "--target", "old again=http://127.0.0.1:9", "--against-itself"),
            "Each service can be compared once; got old, old again, old again.",
        ),
        *(
            (
                (*ONE, "--need", need),
                "--need takes requests per second, such as 300, up to 100000, or users, ",
            )
            for need in ("many", "0", "50 people")
        ),
        (("--need", "300"), "--need is for services of your own: name one with --target or --config."),
        (
            (*ONE, "--need", "300", "--users", "2,10"),
            "--need takes a step of 1 user, who shows how long a request waits: add ",
        ),
        ((*ONE, "--need", "300", "--rate", "20"), "--need takes users who wait for their answers: leave out --rate."),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_1(
    arguments: tuple[str, ...],
    complaint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # the folder of the project may describe services
    monkeypatch.setattr(import_module("loadtest.cli.compare"), "run_all", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(SystemExit) as ended:
        main(["compare", *arguments])
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (1, "", 1)
    assert err.partition(": ")[2].startswith(complaint)


def test_a_need_of_users_of_a_locustfile_is_refused() -> None:
    mine = replace(OLD, locustfile=Path("mine.py"))
    refuse_needless(None, [mine], [Closed(1)])
    refuse_needless(Need(rate=300), [OLD], [Closed(1)])
    with pytest.raises(Mistake, match="users of a locustfile have their own"):
        refuse_needless(Need(rate=300), [mine], [Closed(1)])


def test_two_services_of_ones_own_take_turns_by_default() -> None:
    aiohttp = lineup(1)["aiohttp"]
    cases: list[tuple[list[Service | Target], int | None, int | None, dict[str, bool], list[Pairing], int]] = [
        ([OLD, NEW], None, None, {}, [BEFORE_AFTER], FEWEST_PAIRS),
        ([OLD, NEW], 9, None, {}, [BEFORE_AFTER], 9),
        ([OLD, NEW], 9, None, {"quick": True}, [BEFORE_AFTER], 9),
        ([OLD, NEW], None, 3, {}, [], 3),
        ([OLD, NEW], None, None, {"quick": True}, [], 1),
        ([OLD, NEW], None, None, {"against_itself": True}, [AGAIN, BEFORE_AFTER], FEWEST_PAIRS),
        ([OLD], None, None, {"against_itself": True}, [AGAIN], FEWEST_PAIRS),
        ([OLD], None, None, {}, [], 2),
        ([OLD, NEW, OTHER], None, None, {}, [], 2),
        ([aiohttp, OLD], None, None, {}, [], 2),
        ([aiohttp, OLD], 6, None, {}, [Pairing(before="aiohttp", after="old")], 6),
    ]
    for services, pairs, repeats, changes, pairings, expected in cases:
        asked = {"against_itself": False, "quick": False, **changes}
        found = turns(services, pairs, repeats, **asked)
        assert (found.pairings, found.repeats) == (pairings, expected), (services, pairs, repeats, changes)
    compared = with_itself([OLD, NEW], [AGAIN, BEFORE_AFTER])
    assert [each.name for each in compared] == ["old", "old again", "new"]
    assert with_itself([OLD, NEW], [BEFORE_AFTER]) == [OLD, NEW]


class Silent:
    """A receiver of progress that tells nobody."""

    def begins(self, *_: object) -> None:
        pass

    def ended(self, _step: Step) -> None:
        pass

    def found(self, _sentence: str) -> None:
        pass


class Fabricated:
    """Runs whose services and load generators are none. `disturbed`: the repeats in which `new` cannot be trusted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, disturbed: set[int] | None = None) -> None:
        self.started: list[str] = []
        self._disturbed = disturbed or set()
        monkeypatch.setattr("loadtest.measure.comparison.confined", lambda _cores: nullcontext())
        monkeypatch.setattr(Comparison, "_fresh", self._fresh)
        monkeypatch.setattr(Comparison, "_measure", self._measure)

    def order(
        self, services: Sequence[Service | Target], pairings: list[Pairing], users: tuple[int, ...] = (1,)
    ) -> str:
        """Run a comparison, and return the services in the order of their starts."""
        asked = options(loads=[Closed(each) for each in users], repeats=FEWEST_PAIRS, pairings=pairings, scenario="own")
        comparison = Comparison([*services], asked, [])
        comparison.run(Silent())
        assert {step.repeat for step in comparison.steps} == {*range(1, len(self.started) // len(services) + 1)}
        return " ".join(self.started)

    @contextmanager
    def _fresh(self, service: Target, *_: object) -> Iterator[tuple[Any, None]]:
        self.started.append(service.name)
        yield SimpleNamespace(begin=lambda _job: None, notices=[], masters=()), None

    def _measure(self, _driver: object, _server: object, _clocks: object, step: Any, repeat: int) -> Measured:
        disturbed = self.started[-1] == "new" and repeat in self._disturbed
        return measured(step.load.users, stolen_cpu=0.5 if disturbed else 0.0)


def test_each_service_goes_first_in_every_second_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    order = Fabricated(monkeypatch).order([OLD, NEW], [BEFORE_AFTER])
    assert order == " ".join(["old new", "new old"] * 3)
    three = with_itself([OLD, NEW], [AGAIN, BEFORE_AFTER])
    order = Fabricated(monkeypatch).order(three, [AGAIN, BEFORE_AFTER])
    assert order == " ".join(["old old again new", "new old again old"] * 3)
    assert Fabricated(monkeypatch).order([OLD, NEW], []) == " ".join(["old new"] * FEWEST_PAIRS)


def test_disturbed_pairs_are_run_again_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    for disturbed, pairings, pairs in (
        (set[int](), [BEFORE_AFTER], FEWEST_PAIRS),
        ({2}, [BEFORE_AFTER], FEWEST_PAIRS + 1),
        ({2, 3, 7}, [BEFORE_AFTER], FEWEST_PAIRS + 3),
        ({*range(3, 99)}, [BEFORE_AFTER], FEWEST_PAIRS + FURTHER_PAIRS),
        ({*range(99)}, [BEFORE_AFTER], FEWEST_PAIRS),  # another pair would be disturbed too
        ({*range(99)}, [], FEWEST_PAIRS),
    ):
        run = Fabricated(monkeypatch, disturbed)
        run.order([OLD, NEW], pairings, users=(1, 2))
        assert len(run.started) == 2 * pairs, disturbed
