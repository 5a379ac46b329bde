"""The CPU quota of this process's control groups, such as a container's. Only Linux has them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOUNTED = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def quota() -> float | None:
    """Return the number of cores that the tightest quota allows, or None without a quota."""
    return min((cores for group in _groups() for cores in _allowed(group)), default=None)


def throttled() -> float:
    """Return the seconds so far in which a quota held back this process's groups, summed over the cores."""
    return sum(seconds for group in _groups() for seconds in _held_back(group))


def _groups() -> Iterator[Path]:
    """Yield the folder of each control group that limits this process, from its own group to the outermost."""
    with suppress(OSError):
        for line in MEMBERSHIP.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            outermost = MOUNTED / "cpu" if controllers else MOUNTED  # version 1, or 2
            own = outermost / path.lstrip("/")  # in a container it may be missing: then the outermost is its group
            yield from (group for group in (own, *own.parents) if group.is_relative_to(outermost))


def _allowed(group: Path) -> Iterator[float]:
    """Yield the number of cores that the quota of a group allows, if it has one."""
    with suppress(OSError):
        if (group / "cpu.max").exists():
            most, period = (group / "cpu.max").read_text().split()
        else:
            most, period = ((group / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period"))
        if most not in ("max", "-1"):
            yield int(most) / int(period)


def _held_back(group: Path) -> Iterator[float]:
    """Yield the seconds in which the quota of a group held it back."""
    with suppress(OSError):
        counts = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
        yield int(counts.get("throttled_usec", 0)) / 1e6 + int(counts.get("throttled_time", 0)) / 1e9
