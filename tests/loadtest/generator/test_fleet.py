"""Several load generators: real workers of a real master, some of which have faults."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from secrets import token_urlsafe
from typing import IO

import psutil
import pytest

from backing.processes import PYTHON, logged, tail
from loadtest.contenders.service import lineup
from loadtest.generator.crew import GONE, OVER, TOKEN, UNWANTED, Crew
from loadtest.generator.driver import Driver, GeneratorFailed
from loadtest.generator.orders import Job, Order
from loadtest.generator.starting import FLEET, WORKER, generators
from loadtest.processes.own import free_port
from loadtest.processes.service import running
from loadtest.results.generators import GeneratorWindow
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from tests.support.stalls import SLACK, TooLate, at_best, within

pytestmark = [pytest.mark.slow, pytest.mark.measures]

WAIT = 0.05
ORDER = Order(Closed(8), warmup=0.2, window=1.0, patience=2 * SLACK)
NAMES = ("killed", "loses", "odd clock", "stays")

Process = tuple[subprocess.Popen[str], IO[str]]


@contextmanager
def odd(port: int, secret: str, name: str) -> Iterator[Process]:
    """Start a load generator that has faults on demand, and yield it before it comes."""
    command = [*PYTHON, "loadtest.bench.odd_worker", "127.0.0.1", str(port), name, "remote"]
    with logged(command, {**os.environ, TOKEN: secret}, subprocess.PIPE) as found:
        yield found


def come(process: Process) -> None:
    assert process[0].stdin is not None
    print("come", file=process[0].stdin, flush=True)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(replace(lineup(2)["aiohttp"], workers=1)) as server:
        yield server.url


def job(url: str) -> Job:
    return Job("service", url, "delay", "50ms", WAIT)


def windows(told: dict[str, object]) -> list[GeneratorWindow]:
    found = told["generators"]
    assert isinstance(found, list)
    return [GeneratorWindow.model_validate(each) for each in found]


@at_best()
def test_several_generators_share_users_and_arrivals_and_begin_anew_for_each_job(url: str) -> None:
    came: list[str] = []
    with generators(Crew(2), lambda member: came.append(member["name"])) as lend:
        assert sorted(came) == ["generator 1", "generator 2"]
        with lend() as driver:
            assert driver.begin(job(url)) == 1
            closed = driver.measure(replace(ORDER, load=Closed(5)))
            within(1, len(driver.notices))
            assert [each.users for each in windows(closed)] == [(3, 3), (2, 2)]
            assert closed["faults"] == []
            parts = windows(closed)
            assert closed["requests"] == sum(each.requests for each in parts)
            assert closed["requests"] / closed["seconds"] == pytest.approx(sum(x.requests / x.seconds for x in parts))
            assert closed["requests"] / closed["seconds"] <= 5 / WAIT * 1.001
            assert sorted({each[7] for each in closed["first"]}) == [1, 2, 3, 4, 5]
            alone = driver.measure(replace(ORDER, load=Closed(1)))
            assert [each.users for each in windows(alone)] == [(1, 1), (0, 0)]
        with lend() as driver:  # the processes are the same, and their connections, users and statistics are new
            driver.begin(job(url))
            load = Open(100)
            told = driver.measure(replace(ORDER, load=load, warmup=0.5, patience=load.patience))
            inside = [start for start in load.until(1.5, 1) if start >= 0.5]
            within(2, abs(told["arrivals"]["offered"] - len(inside)) + 1)  # one at an edge, by the rounding of clocks
            assert told["arrivals"]["lost"] == 0
            assert sum(each.arrivals.offered for each in windows(told) if each.arrivals) == told["arrivals"]["offered"]


@at_best()
def test_a_generator_with_a_fault_makes_its_step_inconclusive_and_takes_part_in_no_further_one(url: str) -> None:
    port, secret = free_port(), token_urlsafe()
    crew = Crew(1, len(NAMES), port=port, secret=secret)
    with ExitStack() as started:
        killed, loses, clock, stays, second = (
            started.enter_context(odd(port, secret, name)) for name in (*NAMES, "stays")
        )
        stranger = started.enter_context(odd(port, "another secret", "stranger"))
        for each in (killed, loses, clock, stays):
            come(each)
        with generators(crew, lambda _: None) as lend, lend() as driver:
            driver.begin(job(url))
            assert names(step(driver)) == {"generator 1", *NAMES}
            clock[0].send_signal(signal.SIGUSR1)
            come(second)
            come(stranger)
            told = until_fault(driver, "a second load generator called stays came")
            assert names(told) == {"generator 1", *NAMES}
            assert (second[0].wait(SLACK), stranger[0].wait(SLACK)) == (UNWANTED, UNWANTED)
            assert "is there already" in tail(second[1])
            assert "not that of the run" in tail(stranger[1])
            loses[0].send_signal(signal.SIGUSR2)
            until_fault(driver, "loses lost a message, or sent it twice")
            assert names(step(driver)) == {"generator 1", "killed", "odd clock", "stays"}
            killed[0].kill()
            until_fault(driver, "killed was silent for 3 s")
            last = step(driver)
            assert driver.notices == [
                "loses lost a message, or sent it twice: the run goes on without it",
                "killed was silent for 3 s: the run goes on without it",
            ]
            assert (names(last), last["faults"]) == ({"generator 1", "odd clock", "stays"}, [])
            assert sorted(each.users for each in windows(last)) == [(2, 2), (3, 3), (3, 3)]
        assert (stays[0].wait(SLACK), clock[0].wait(SLACK)) == (OVER, OVER)


def step(driver: Driver) -> dict[str, object]:
    """Run a step. Raise TooLate if a load generator stood still for so long that it counts as lost."""
    told = driver.measure(ORDER)
    if late := [each for each in driver.notices if "was silent" in each and not each.startswith("killed ")]:
        raise TooLate("; ".join(late))
    return told


def names(told: dict[str, object]) -> set[str]:
    return {each.name for each in windows(told)}


def until_fault(driver: Driver, fault: str) -> dict[str, object]:
    """Run steps until one has exactly this fault, which may come between two of them: then the next one has none."""
    for _ in range(4):
        told = step(driver)
        if told["faults"]:
            assert told["faults"] == [fault]
            return told
    raise TooLate(f"no step has the fault {fault!r}")


def test_without_a_master_every_generator_ends(url: str) -> None:
    port, secret = free_port(), token_urlsafe()
    with odd(port, secret, "far") as far:
        come(far)
        with generators(Crew(1, 1, port=port, secret=secret), lambda _: None) as lend, lend() as driver:
            driver.begin(job(url))
            (master,) = (each for each in psutil.Process().children() if each.cmdline()[-1] == FLEET[-1])
            master.kill()
            assert far[0].wait(5 + SLACK) == GONE
            assert "Nothing was heard of the run" in tail(far[1])
            with pytest.raises(GeneratorFailed):
                driver.measure(ORDER)
    assert not [each for each in psutil.Process().children() if WORKER[-1] in each.cmdline()]
