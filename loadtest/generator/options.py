"""The command-line options of the project's locustfiles, and the open load that they describe."""

from collections.abc import Mapping
from typing import Any, get_args

from loadtest.workload.open import PATIENCE, Arrivals, Open

MOST_RATE = 100_000
"""The most arrivals per second."""

MOST_SEED = 10**9

KINDS = get_args(Arrivals)


def add_options(parser: Any) -> None:
    """Add the users' options to the command line and the web UI. No argument group: the web UI omits groups."""
    parser.add_argument("--delay", default="100ms", help="Time that each request waits on the service, such as 100ms")
    parser.add_argument("--think", type=float, default=0.0, help="Seconds between an answer and the next request")
    parser.add_argument(
        "--stagger", type=float, default=0.1, help="Seconds over which the users' first requests are spread"
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=0.0,
        help="Arrivals per second at each service, however busy it is; latencies then count from the intended start of "
        "a request. 0: users who wait for their answers. With a rate, users are clients, the most requests that can be "
        f"in flight. Rate x {PATIENCE:g} of them for each service are enough, since they give up after {PATIENCE:g} s; "
        "with fewer, an arrival may wait for a free client, and its latency contains that wait",
    )
    parser.add_argument(
        "--arrivals",
        choices=KINDS,
        default=Open.arrivals,
        help="poisson: arrivals independent of each other, as those of many people; even: at equal intervals",
    )
    parser.add_argument(
        "--seed", type=int, default=Open.seed, help="Seed of the arrivals: the same seed gives the same arrivals"
    )


def open_load(options: Mapping[str, Any]) -> Open | None:
    """Return the open load that options describe, as numbers or as text, or None if their rate is 0.

    Raises:
        ValueError: if an option is invalid; the message is one sentence.

    """
    rate = _number("--rate", float, options["rate"], MOST_RATE)
    seed = _number("--seed", int, options["seed"], MOST_SEED)
    arrivals = options["arrivals"]
    if arrivals not in KINDS:
        raise ValueError(f"--arrivals takes {' or '.join(KINDS)}; got {arrivals}.")
    if not rate:
        return None
    if _number("--think", float, options["think"], float("inf")):
        raise ValueError("--think is for users who wait for their answers; leave it out with --rate.")
    return Open(rate, arrivals, int(seed))


def _number(option: str, kind: type[float], value: Any, most: float) -> float:
    try:
        number = kind(value)
    except (ValueError, OverflowError):
        number = kind(-1)
    if not 0 <= number <= most:  # NaN fails every comparison
        what = "a whole number" if kind is int else "a number"
        limits = "of at least 0" if most == float("inf") else f"from 0 to {most}"
        raise ValueError(f"{option} takes {what} {limits}; got {value}.")
    return number
