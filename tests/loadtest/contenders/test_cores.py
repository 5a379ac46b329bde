"""The cores of a run: two halves by default, or those that an option names."""

import os
from collections.abc import Collection
from pathlib import Path

import pytest

from loadtest.contenders import cores
from loadtest.contenders.cores import SHARED, Cores, halves, parsed, usable_cores
from loadtest.contenders.service import lineup

SHAPE = "--cores takes shared or two lists such as service=0-1,others=2-3; got "


def machine(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    usable: Collection[int],
    siblings: str = "",
    allowed: float | None = None,
) -> None:
    """Pretend that these cores are usable, and `allowed` of them by quota.

    `siblings`: the hardware threads of each physical core, as in `0-1 2-3`; without them, each core is a physical one.
    """
    for listed in siblings.split():
        for core in cores._numbers(listed, listed):
            about = folder / f"cpu{core}" / "topology"
            about.mkdir(parents=True)
            (about / "thread_siblings_list").write_text(f"{listed}\n")
    monkeypatch.setattr(cores, "TOPOLOGY", folder)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(usable), raising=False)
    monkeypatch.setattr(cores, "quota", lambda: allowed)


@pytest.mark.parametrize(
    ("usable", "service", "others"),
    [
        ([0], (), ()),
        ([3], (), ()),
        ([0, 1], (0,), (1,)),
        ([0, 1, 2], (0,), (1, 2)),
        ([0, 1, 2, 3], (0, 1), (2, 3)),
        (range(8), (0, 1, 2, 3), (4, 5, 6, 7)),
        ([2, 5, 7, 11], (2, 5), (7, 11)),
    ],
)
def test_a_service_has_one_half_of_the_usable_cores_and_everything_else_the_other(
    usable: list[int],
    service: tuple[int, ...],
    others: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    machine(monkeypatch, tmp_path, usable)
    assert halves() == Cores(service, others)
    assert halves().apart == bool(service)


@pytest.mark.parametrize(
    ("siblings", "usable", "service", "others"),
    [
        ("0-1", [0, 1], (0,), (1,)),  # one physical core: its two threads are all there is
        ("0,2 1,3", range(4), (0, 2), (1, 3)),
        ("0-1 2-3", range(4), (0, 1), (2, 3)),
        ("0-1 2-3 4-5", range(6), (0, 1), (2, 3, 4, 5)),
        ("0,4 1,5 2,6 3,7", range(8), (0, 1, 4, 5), (2, 3, 6, 7)),
        ("0-1 2", range(3), (0, 1), (2,)),
        ("0 1-2", range(3), (0,), (1, 2)),
        ("0-3 4", range(5), (0, 1, 2, 3), (4,)),
        ("0-3 4-7 8-11", range(12), (0, 1, 2, 3), (4, 5, 6, 7, 8, 9, 10, 11)),
        ("0,2 1,3", [0, 1], (0,), (1,)),  # one thread each of two physical cores
    ],
)
def test_the_halves_share_no_physical_core_if_there_are_two(  # noqa: PLR0913, PLR0917 - a table of cases
    siblings: str,
    usable: list[int],
    service: tuple[int, ...],
    others: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    machine(monkeypatch, tmp_path, usable, siblings)
    assert halves() == Cores(service, others)


def test_a_quota_of_two_cores_takes_two_physical_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path, range(8), "0,4 1,5 2,6 3,7", allowed=2.0)
    assert halves() == Cores((0,), (1,))


@pytest.mark.parametrize(
    ("allowed", "service", "others"),
    [
        (0.5, (), ()),
        (1.9, (), ()),
        (2.0, (0,), (1,)),
        (2.5, (0,), (1,)),
        (3.0, (0,), (1, 2)),
        (4.0, (0, 1), (2, 3)),
        (64.0, (0, 1), (2, 3)),
    ],
)
def test_a_quota_leaves_as_many_cores_as_it_pays_for(
    allowed: float, service: tuple[int, ...], others: tuple[int, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine(monkeypatch, tmp_path, range(4), allowed=allowed)
    assert halves() == Cores(service, others)


def test_everything_shares_all_cores_where_processes_cannot_be_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(cores, "quota", lambda: None)
    assert halves() is SHARED
    assert SHARED.usable == usable_cores() == 8
    assert parsed("shared") is SHARED
    with pytest.raises(ValueError, match="cannot bind") as refusal:
        parsed("service=0,others=1")
    assert str(refusal.value) == "--cores: this system cannot bind processes to cores; use --cores shared."


@pytest.mark.parametrize(
    ("text", "service", "others", "written"),
    [
        ("shared", (), (), "shared"),
        ("service=0,others=1", (0,), (1,), "service=0,others=1"),
        ("service=0-1,others=2-3", (0, 1), (2, 3), "service=0-1,others=2-3"),
        ("service=3,1,others=0,2", (1, 3), (0, 2), "service=1,3,others=0,2"),
        ("service=0,1,2,5-5,others=7", (0, 1, 2, 5), (7,), "service=0-2,5,others=7"),
        ("service=1,1,1-2,others=0", (1, 2), (0,), "service=1-2,others=0"),
        ("service=00,others=0007", (0,), (7,), "service=0,others=7"),
    ],
)
def test_an_option_names_the_cores_and_the_cores_are_written_as_it_names_them(  # noqa: PLR0913, PLR0917 - a table of cases
    text: str,
    service: tuple[int, ...],
    others: tuple[int, ...],
    written: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    machine(monkeypatch, tmp_path, range(8))
    found = parsed(text)
    assert found == Cores(service, others)
    assert str(found) == written
    assert parsed(written) == found
    assert found.usable == (len(service) or 8)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        *(
            (text, f"{SHAPE}{text!r}.")
            for text in (
                *("", "0", "0-1", "Shared", "halves", "service=0", "others=1", "others=1,service=0"),
                *("service=,others=1", "service=0,others=", "service=a,others=1", "service=0;others=1"),
                *("service=0-,others=1", "service=-1,others=0", "service=1-0,others=2", "service=0,,1,others=2"),
                *("service=0-1-2,others=3", "service=0 ,others=1", "service=²,others=1", "service=12345,others=0"),
                *("service=0,others=1,service=2", "service=0,others=1\n"),
            )
        ),
        ("service=0,others=9", "--cores: core 9 is not usable; those that are: 0-2,5."),
        ("service=0-5,others=1", "--cores: core 3 is not usable; those that are: 0-2,5."),
        ("service=0-9999,others=1", "--cores: core 3 is not usable; those that are: 0-2,5."),
        ("service=0,others=0", "--cores: core 0 is in both lists; use --cores shared to share all cores."),
        ("service=0-2,others=1-2", "--cores: core 1 is in both lists; use --cores shared to share all cores."),
        (
            "service=0-1,others=2,5",
            "--cores: a CPU quota allows 2.5 cores, fewer than the 4 in 'service=0-1,others=2,5'.",
        ),
    ],
)
def test_cores_that_cannot_be_had_are_refused_with_one_sentence(
    text: str, complaint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine(monkeypatch, tmp_path, [0, 1, 2, 5], allowed=2.5)
    with pytest.raises(ValueError, match="--cores") as refusal:
        parsed(text)
    assert str(refusal.value) == complaint


@pytest.mark.parametrize(("text", "workers"), [("shared", [9, 4]), ("service=0,others=1-3", [3, 1])])
def test_the_sizes_of_the_line_up_follow_the_cores_of_the_services(
    text: str, workers: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine(monkeypatch, tmp_path, range(4))
    known = lineup(parsed(text).usable)
    assert [known[name].workers for name in ("flask", "aiohttp")] == workers
    assert {service.cores for service in known.values()} == {parsed(text).usable}
