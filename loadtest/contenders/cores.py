"""The cores of a run: those of the services, and those of the load generator and of what the services wait for.

Each service has cores of its own, so that the load generator and the database cannot take CPU time from it. Where that
is impossible, all share the same cores.
"""

import os
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from math import floor
from pathlib import Path

from .quota import quota

TOPOLOGY = Path("/sys/devices/system/cpu")
"""The folder in which Linux describes the cores."""

EXAMPLE = "service=0-1,others=2-3"


@dataclass(frozen=True)
class Cores:
    """Two sets of cores by number. Both are empty if everything shares all usable cores."""

    service: tuple[int, ...] = ()
    others: tuple[int, ...] = ()
    """The cores of the load generator, the database, the upstream and the command itself."""

    @property
    def apart(self) -> bool:
        """True if the services have cores of their own."""
        return bool(self.service)

    @property
    def usable(self) -> float:
        """The number of cores that a service may use; a CPU quota may allow a part of one."""
        return float(len(self.service)) if self.apart else usable_cores()

    def __str__(self) -> str:
        return f"service={ranges(self.service)},others={ranges(self.others)}" if self.apart else SHARED_WORD


SHARED = Cores()
SHARED_WORD = "shared"


def usable() -> set[int] | None:
    """Return the cores that this process may use, or None where the system cannot bind processes to cores."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def usable_cores() -> float:
    """Return the number of cores that affinity and CPU quota allow this process; a quota may allow a part of one."""
    allowed = len(usable() or ()) or os.cpu_count() or 1
    return min(allowed, quota() or allowed)


def halves() -> Cores:
    """Return one half of the usable cores for the services, and the other half for everything else.

    The halves share no physical core if there are two. SHARED if there are fewer than two cores, if a CPU quota allows
    fewer than two, or if the system cannot bind processes to cores.
    """
    together = sorted(_spread(usable() or ())[: floor(usable_cores())], key=lambda core: (_physical(core), core))
    middle = len(together) // 2
    edges = [place for place in range(1, len(together)) if _physical(together[place - 1]) != _physical(together[place])]
    half = min(edges, key=lambda place: abs(place - middle), default=middle)
    return Cores(tuple(sorted(together[:half])), tuple(sorted(together[half:]))) if half else SHARED


def _spread(cores: Collection[int]) -> list[int]:
    """Return cores in an order in which the first ones, however many, are on as many physical cores as possible."""
    seen: Counter[int] = Counter()
    turns = []
    for core in sorted(cores):
        turns.append((seen[_physical(core)], core))
        seen[_physical(core)] += 1
    return [core for _, core in sorted(turns)]


def parsed(text: str) -> Cores:
    """Return the cores that `text` names: `shared`, or two lists as in EXAMPLE. Raises ValueError with one sentence."""
    if text == SHARED_WORD:
        return SHARED
    found = re.fullmatch("service=([0-9,-]+),others=([0-9,-]+)", text)
    if not found:
        raise ValueError(f"--cores takes {SHARED_WORD} or two lists such as {EXAMPLE}; got {text!r}.")
    service, others = (_numbers(each, text) for each in found.groups())
    if (known := usable()) is None:
        raise ValueError(f"--cores: this system cannot bind processes to cores; use --cores {SHARED_WORD}.")
    if unknown := sorted({*service, *others} - known):
        raise ValueError(f"--cores: core {unknown[0]} is not usable; those that are: {ranges(tuple(sorted(known)))}.")
    if twice := sorted({*service} & {*others}):
        raise ValueError(f"--cores: core {twice[0]} is in both lists; use --cores {SHARED_WORD} to share all cores.")
    if (allowed := usable_cores()) < len(service) + len(others):
        raise ValueError(
            f"--cores: a CPU quota allows {allowed:g} cores, fewer than the {len(service) + len(others)} in {text!r}."
        )
    return Cores(service, others)


def _numbers(text: str, whole: str) -> tuple[int, ...]:
    """Return the numbers of a list such as 0,2-3, in ascending order."""
    numbers: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch("([0-9]{1,4})(?:-([0-9]{1,4}))?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first:
            raise ValueError(f"--cores takes {SHARED_WORD} or two lists such as {EXAMPLE}; got {whole!r}.")
        numbers.update(range(first, last + 1))
    return tuple(sorted(numbers))


def ranges(numbers: tuple[int, ...]) -> str:
    """Return core numbers, in ascending order, as Linux writes them: 0-1,3."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ",".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


def _physical(core: int) -> int:
    """Return the lowest number among the hardware threads of a core's physical core."""
    try:
        siblings = (TOPOLOGY / f"cpu{core}" / "topology" / "thread_siblings_list").read_text()
    except OSError:
        return core
    return min(int(number) for number in re.findall("[0-9]+", siblings))
