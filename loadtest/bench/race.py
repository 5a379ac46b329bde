"""Benchmark: cost of watching a race, in throughput of the race and in CPU of the browser."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from socket import SHUT_RDWR, create_server
from statistics import median
from tempfile import TemporaryFile
from threading import Thread
from typing import Any, NamedTuple

import psutil

from backing.processes import start, stop
from loadtest.bench import Finding
from loadtest.contenders.cores import usable_cores
from loadtest.contenders.service import lineup
from loadtest.processes.clocks import core_time, process_time
from loadtest.processes.service import ServiceFailed, answering_process, running
from loadtest.race.command import locust
from loadtest.web_ui.racers import Racer

ROUNDS = 12
SECONDS = 4.0

SETTLES = 4.0
"""Seconds to settle after a viewer came or left: the race is sampled for 3 more, Locust caches statistics for 2."""

WARMUP = 8.0
"""Seconds until all users have started and have a request in flight."""

START_WITHIN = 30.0

NAMES = ("flask", "flask-threads", "aiohttp")
RACE = {"users": 400, "delay": "250ms", "scenario": "delay"}

LOSS = 0.02
"""The largest share of throughput that watching may cost."""

BROWSER = 0.1
"""The maximum number of cores that the page may use in a browser."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

Look = Callable[[], AbstractContextManager[None]]


class Window(NamedTuple):
    """The measurements of one window of SECONDS."""

    throughput: float
    """Requests per second."""
    generator: float
    """Microseconds of the load generator's CPU time per request."""
    browser: float
    """Cores that the browser used."""
    renderers: float
    """Cores that the browser's renderers used, included in `browser`."""
    others: float
    """Cores that processes outside this benchmark used."""


def report() -> Iterator[Finding]:
    """Yield one finding for a client that reads the events, and two for a browser, if there is one."""
    with ExitStack() as stack:
        racing = stack.enter_context(_race())
        looks: dict[str, Look] = {"nobody": nullcontext, "an event reader": lambda: _reader(racing.port)}
        if (path := _browser()) is not None:
            looks["a browser"] = stack.enter_context(_page(path, racing.port))
        time.sleep(WARMUP)
        rounds = []
        for number in range(ROUNDS):  # every other round in reverse order, so that drift favours no viewer
            turn = list(looks.items())[:: 1 if number % 2 else -1]
            rounds.append({who: _window(racing, look) for who, look in turn})
    rounds.sort(key=lambda each: max(window.others for window in each.values()))
    quiet = rounds[: ROUNDS // 2]
    for who in list(looks)[1:]:
        yield _compared(who, quiet)
    if path is None:
        yield Finding("Browser or Playwright not found: cost of the page not measured", met=True)
        return
    whole, renderers = (median(getattr(each["a browser"], of) for each in quiet) for of in ("browser", "renderers"))
    yield Finding(
        f"The race page uses {whole:.1%} of a core in all processes of a browser, of which {renderers:.1%} in its "
        f"renderers (aim: less than {BROWSER:.0%})",
        met=whole < BROWSER,
    )


def _compared(who: str, rounds: list[dict[str, Window]]) -> Finding:
    throughputs = sorted(each[who].throughput / each["nobody"].throughput for each in rounds)
    costs = [each[who].generator / each["nobody"].generator for each in rounds]
    ratio, alone = median(throughputs), median(each["nobody"].throughput for each in rounds)
    others = max(window.others for each in rounds for window in each.values())
    return Finding(
        f"Race of {', '.join(NAMES)}, {RACE['users']} users each: {alone:.0f} requests/s without a viewer. With {who}, "
        f"throughput x {ratio:.3f} ({throughputs[0]:.3f} to {throughputs[-1]:.3f}), CPU time of the load generator per "
        f"request x {median(costs):.3f}; medians of the {len(rounds)} quietest of {ROUNDS} rounds, in which other "
        f"processes used at most {others:.2f} cores (aim: throughput within {LOSS:.0%})",
        met=abs(1 - ratio) <= LOSS,
    )


class _Racing(NamedTuple):
    port: int
    locust: psutil.Process


@contextmanager
def _race() -> Iterator[_Racing]:
    with ExitStack() as stack:
        services = [lineup(usable_cores())[name] for name in NAMES]
        racers = [Racer(service, stack.enter_context(running(service)).url) for service in services]
        with create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        part = locust(racers, port)
        log = stack.enter_context(TemporaryFile("w+"))
        process = start(part.command, log, {**os.environ, **part.environment})
        stack.callback(stop, process)
        deadline = time.monotonic() + START_WITHIN
        while not answering_process(part.url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServiceFailed("Locust does not answer.")
            time.sleep(0.05)
        _ask(port, "/race/start", RACE)
        yield _Racing(port, psutil.Process(process.pid))


def _window(racing: _Racing, look: Look) -> Window:
    with look():
        time.sleep(SETTLES)
        opened, before, began = _requests(racing.port), _used(racing), time.perf_counter()
        time.sleep(SECONDS)
        seconds = time.perf_counter() - began
        done, after = _requests(racing.port) - opened, _used(racing)
    generator, browser, renderers, ours, machine = (late - early for early, late in zip(before, after, strict=True))
    return Window(
        throughput=done / seconds,
        generator=generator / done * 1e6,
        browser=browser / seconds,
        renderers=renderers / seconds,
        others=max(0.0, machine - ours) / seconds,  # negative if a tick of 10 ms is counted in the next window
    )


def _used(racing: _Racing) -> tuple[float, float, float, float, float]:
    """Return CPU seconds so far: load generator, browser, its renderers, all of this benchmark, and the machine."""
    browser = renderers = ours = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            used = process_time(process)
            ours += used
            if "chrom" in process.name():
                browser += used
                renderers += used * ("--type=renderer" in process.cmdline())
    return process_time(racing.locust), browser, renderers, ours, core_time().busy


def _requests(port: int) -> int:
    done: int = _ask(port, "/stats/requests")["stats"][-1]["num_requests"]  # the last entry is the total
    return done


def _ask(port: int, target: str, body: dict[str, Any] | None = None) -> Any:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        if body is None:
            connection.request("GET", target)
        else:
            connection.request("POST", target, json.dumps(body), {"Content-Type": "application/json"})
        return json.load(connection.getresponse())


@contextmanager
def _reader(port: int) -> Iterator[None]:
    """Read and discard the events of the race until the context exits."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/race/events")
    response = connection.getresponse()

    def read() -> None:
        with suppress(OSError, HTTPException):
            while response.readline():
                pass

    thread = Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        connection.sock.shutdown(SHUT_RDWR)
        thread.join()
        connection.close()


def _browser() -> str | None:
    """Return the path of a browser, or None if it or Playwright is missing."""
    return next(filter(None, map(shutil.which, BROWSERS)), None) if find_spec("playwright") else None


@contextmanager
def _page(path: str, port: int) -> Iterator[Look]:
    """Run a browser, and yield a context manager that shows the race page until its context exits."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - optional

    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})

        @contextmanager
        def look() -> Iterator[None]:
            page.goto(f"http://127.0.0.1:{port}/race")
            try:
                yield
            finally:
                page.goto("about:blank")

        yield look
