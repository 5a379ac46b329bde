"""The CPU quota of control groups, read from files as Linux has them."""

import os
from pathlib import Path

import pytest

from loadtest.contenders import quota
from loadtest.contenders.cores import usable_cores
from loadtest.contenders.service import lineup

HALF = {"cpu.max": "50000 100000\n", "cpu.stat": "usage_usec 9\nnr_throttled 3\nthrottled_usec 1500000\n"}
NONE = {"cpu.max": "max 100000\n", "cpu.stat": "usage_usec 9\n"}
OLD_HALF = {
    "cpu.cfs_quota_us": "50000\n",
    "cpu.cfs_period_us": "100000\n",
    "cpu.stat": "nr_throttled 3\nthrottled_time 1500000000\n",
}
OLD_NONE = {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n", "cpu.stat": "throttled_time 0\n"}

VERSION_1 = "9:name=systemd:/\n4:memory:/elsewhere\n1:cpu,cpuacct:/a/b\n0::/\n"


@pytest.mark.parametrize(
    ("membership", "groups", "told"),
    [
        ("0::/\n", {".": HALF}, (0.5, 1.5)),
        ("0::/a/b\n", {"a": HALF, "a/b": NONE}, (0.5, 1.5)),
        ("0::/a/b\n", {"a": HALF, "a/b": {"cpu.max": "150000 100000\n", "cpu.stat": ""}}, (0.5, 1.5)),
        ("0::/not/mounted/here\n", {".": HALF}, (0.5, 1.5)),
        ("0::/a\n", {"a": NONE}, (None, 0.0)),
        (VERSION_1, {"cpu/a": OLD_HALF, "cpu/a/b": OLD_NONE}, (0.5, 1.5)),
        (VERSION_1, {"cpu": OLD_HALF}, (0.5, 1.5)),
        (VERSION_1, {"cpu": OLD_NONE}, (None, 0.0)),
        ("", {}, (None, 0.0)),
        (None, {}, (None, 0.0)),
    ],
)
def test_the_tightest_quota_of_all_groups_counts(
    membership: str | None,
    groups: dict[str, dict[str, str]],
    told: tuple[float | None, float],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for group, files in groups.items():
        (tmp_path / "cgroup" / group).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (tmp_path / "cgroup" / group / name).write_text(text)
    if membership is not None:
        (tmp_path / "membership").write_text(membership)
    monkeypatch.setattr(quota, "MOUNTED", tmp_path / "cgroup")
    monkeypatch.setattr(quota, "MEMBERSHIP", tmp_path / "membership")
    assert (quota.quota(), quota.throttled()) == told


@pytest.mark.parametrize(
    ("affinity", "allowed", "usable", "workers"),
    [(2, None, 2, [5, 2]), (2, 0.5, 0.5, [3, 1]), (4, 2.5, 2.5, [5, 2]), (1, 3.0, 1, [3, 1])],
)
def test_cores_are_what_affinity_and_quota_allow(
    affinity: int, allowed: float | None, usable: float, workers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(affinity)), raising=False)
    monkeypatch.setattr("loadtest.contenders.cores.quota", lambda: allowed)
    assert usable_cores() == usable
    assert [lineup(usable_cores())[name].workers for name in ("flask", "aiohttp")] == workers
