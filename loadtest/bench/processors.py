"""Benchmark: the CPU figures of compare against another program's, the utilization law, and neighbours on the cores."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from backing.environment import Backing
from loadtest.bench import Finding
from loadtest.contenders.cores import halves
from loadtest.contenders.service import Service, lineup
from loadtest.generator.driver import Driver, generator
from loadtest.generator.orders import Job, Order
from loadtest.measure.clocks import Clocks, measure
from loadtest.processes.affinity import confined, inherited
from loadtest.processes.service import Running, running
from loadtest.results.schema import FILE, Measured, Results, load
from loadtest.verdict.processors import unaccounted
from loadtest.workload.closed import Closed

NAMES = ("flask", "flask-threads", "aiohttp")
LOAD = Closed(64)
SECONDS = 5.0

ALIKE, LAW, AGAIN = 0.03, 0.02, 0.05
"""Largest differences: to the other program, from the utilization law, and between two runs."""

READ = "import sys\nfor pid in sys.argv[1:]:\n  print(*open(f'/proc/{pid}/stat').read().rsplit(')')[-1].split()[11:13])"
"""Source of the other program, which prints the ticks of user and system time of processes, by their ids."""

TICK = 0.01

BUSY = "while True: pass"


def report() -> Iterator[Finding]:
    """Yield the findings. Needs two cores."""
    known = lineup(halves().usable)
    for name in NAMES:
        yield from _demands(known[name])
    yield _neighboured("the service", halves().service, "of the service's")
    full = "everything but the service were full, mostly of other processes"
    yield _neighboured("the load generator", halves().others, "of the load generator's", full)


def _demands(service: Service) -> Iterator[Finding]:
    first, counted = _run(service)
    again, _ = _run(service)
    cost, other, later = _cost(first), counted / first.requests, _cost(again)
    yield Finding(
        f"{service.name}: {cost * 1e6:.0f} µs of CPU per request, by another program {other * 1e6:.0f} µs "
        f"(aim: within {ALIKE:.0%}); in a second run {later * 1e6:.0f} µs (aim: within {AGAIN:.0%})",
        met=abs(other / cost - 1) <= ALIKE and abs(later / cost - 1) <= AGAIN,
    )
    left = unaccounted(first)
    assert left is not None
    yield Finding(
        f"{service.name}: U = X D leaves {left:.1%} of its core unaccounted for (aim: at most {LAW:.0%})",
        met=abs(left) <= LAW,
    )


def _cost(measured: Measured) -> float:
    return (measured.server_cpu or 0.0) * measured.seconds / measured.requests


def _run(service: Service) -> tuple[Measured, float]:
    """Return the measurements of one window, and the CPU seconds that the other program counts in it."""
    cores = halves()
    with confined(cores.others), generator() as driver, running(service, cores=cores.service) as server:
        driver.begin(Job(service.name, server.url, "delay", "5ms", 0.005))
        counting = _Counted(driver, server)
        measured = measure(counting, Clocks(server, Backing({}, {}), cores), Order(LOAD, 0.5, SECONDS, 5.0))
        return measured, counting.seconds


class _Counted(Driver):
    """A driver that lets the other program count at both ends of the window."""

    def __init__(self, driver: Driver, server: Running) -> None:
        self._driver = driver
        self._pids = [str(process.pid) for process in server.processes()]
        self.seconds = 0.0

    def open(self, order: Order) -> None:
        """Open the window, and count."""
        self._driver.open(order)
        self.seconds -= self._count()

    def close(self, order: Order) -> None:
        """Close the window, and count."""
        self._driver.close(order)
        self.seconds += self._count()

    def result(self, order: Order) -> dict[str, object]:
        """Return the measurements."""
        return self._driver.result(order)

    def _count(self) -> float:
        printed = subprocess.run([sys.executable, "-c", READ, *self._pids], capture_output=True, text=True, check=True)
        return sum(map(int, printed.stdout.split())) * TICK


def _neighboured(beside: str, cores: tuple[int, ...], *names: str) -> Finding:
    """Run compare with a busy loop on `cores`, and look whether a doubt of every step names it, in one of the texts."""
    with _busy(cores), TemporaryDirectory() as folder:
        results = _compared(folder)
    doubts = [" ".join(step.doubts) for step in results.steps if step.measured]
    named = sum("other processes" in each and any(name in each for name in names) for each in doubts)
    return Finding(
        f"a busy loop beside {beside}: named in {named} of {len(doubts)} steps, bound by "
        f"{', '.join(sorted({step.bound.partition(' (')[0] for step in results.steps if step.measured}))}",
        met=named == len(doubts) > 0,
    )


@contextmanager
def _busy(cores: tuple[int, ...]) -> Iterator[None]:
    with inherited(cores):
        process = psutil.Popen([sys.executable, "-c", BUSY])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _compared(folder: str) -> Results:
    options = ["--services", "flask-threads,aiohttp", "--delay", "20ms", "--users", "8,100", "--repeats", "1"]
    command = [str(Path(sys.executable).with_name("sync-vs-async")), "compare", *options, "--out", folder]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    return load(Path(folder, "latest", FILE))
