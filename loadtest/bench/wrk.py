"""wrk, an independent load generator (github.com/wg/wrk)."""

import re
import shutil
import subprocess
from dataclasses import dataclass

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3}


class WrkFailed(Exception):
    """The failure of wrk: not installed, or errors in its output."""


@dataclass(frozen=True)
class Seen:
    """The results of wrk: number of requests, requests per second, and latencies in milliseconds."""

    requests: int
    throughput: float
    p50: float
    p99: float


def wrk(url: str, connections: int, seconds: int) -> Seen:
    """Load `url` for `seconds` with `connections` connections from one thread.

    Raises:
        WrkFailed: if wrk is not installed, or reports socket errors or a status other than 2xx and 3xx.

    """
    command = shutil.which("wrk")
    if command is None:
        raise WrkFailed("wrk is not installed; on Debian: apt-get install wrk.")
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    printed = subprocess.run([command, *options, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise WrkFailed(printed)
    return Seen(
        requests=int(_found(r"(\d+) requests in", printed)[1]),
        throughput=float(_found(r"Requests/sec:\s+([\d.]+)", printed)[1]),
        p50=_latency("50%", printed),
        p99=_latency("99%", printed),
    )


def _found(pattern: str, printed: str) -> re.Match[str]:
    found = re.search(pattern, printed)
    if found is None:
        raise WrkFailed(printed)
    return found


def _latency(label: str, printed: str) -> float:
    number, unit = _found(rf"{label}\s+([\d.]+)(us|ms|s|m)", printed).groups()
    return float(number) * UNITS[unit]
