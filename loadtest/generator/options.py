"""The options of the project's locustfiles, on the command line and in the web UI, and what they describe."""

from collections.abc import Mapping
from typing import Any, get_args

from loadtest.english import listed
from loadtest.workload.durations import seconds
from loadtest.workload.open import Arrivals, Open
from loadtest.workload.scenarios import ABOUT, RACED, SLOW_CLIENTS, longest

DEFAULT = "delay"
"""The scenario if none is chosen."""

MOST_RATE = 100_000
"""The most arrivals per second."""

MOST_SEED = 10**9

MOST_SECONDS = 3600
"""The longest think time and the longest stagger in seconds."""

KINDS = get_args(Arrivals)


def add_options(parser: Any) -> None:
    """Add the users' options to the command line and the web UI. No argument group: the web UI omits groups."""
    parser.add_argument(
        "--scenario",
        env_var="LOCUST_SCENARIO",
        choices=[*RACED],
        help=f"What the requests wait for; {DEFAULT} unless chosen",
    )
    parser.add_argument("--delay", default="100ms", help="Time that each request waits on the service, such as 100ms")
    parser.add_argument(
        "--rate",
        type=float,
        default=0.0,
        help="Arrivals per second at each service; 0: users who wait",
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
    parser.add_argument("--think", type=float, default=0.0, help="Seconds between an answer and the next request")
    parser.add_argument(
        "--stagger", type=float, default=0.1, help="Seconds over which the users' first requests are spread"
    )


def check(options: Mapping[str, Any]) -> None:
    """Check the options of users, as values or as the text of a form.

    Raises:
        ValueError: if one is invalid, or if they exclude each other; the message is one sentence.

    """
    names = scenarios(options)
    most = min(map(longest, names))
    delay = options["delay"]
    if seconds("--delay", delay, most=most) > most:
        raise ValueError(f"--delay takes at most {most:g}s for {listed(names)}; got {delay!r}.")
    for pause in ("think", "stagger"):
        _number(f"--{pause}", float, options[pause], MOST_SECONDS)
    open_load(options)


def scenarios(options: Mapping[str, Any]) -> list[str]:
    """Return the scenarios that the options choose: that of `--scenario`, else those that the tags leave.

    Without both, the scenario is DEFAULT. With both, the tags must leave the scenario.

    Raises:
        ValueError: if a name is unknown, or if nothing is left; the message is one sentence.

    """
    left = tagged(options)
    chosen = options["scenario"] or None
    if chosen is None and options["tags"]:
        return left
    if chosen is not None and chosen not in RACED:
        raise ValueError(_takes("--scenario", chosen))
    if (chosen or DEFAULT) not in left:
        raise ValueError(
            f"The scenario {chosen or DEFAULT} is not one that --tags and --exclude-tags leave: {', '.join(left)}."
        )
    return [chosen or DEFAULT]


def tagged(options: Mapping[str, Any]) -> list[str]:
    """Return the scenarios that `--tags` and `--exclude-tags` leave; all without them. Raises ValueError if none."""
    given = _tags(options)
    for option, names in given.items():
        for name in names:
            if name not in ABOUT:
                raise ValueError(_takes(option, name))
    included, excluded = given.values()
    if SLOW_CLIENTS in included:
        raise ValueError(f"{SLOW_CLIENTS} needs sync-vs-async compare, which runs the slow clients.")
    left = [name for name in RACED if name not in excluded and (name in included or not included)]
    if not left:
        raise ValueError("--tags and --exclude-tags leave no scenario; leave out one of them.")
    return left


def _tags(options: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names that each option of tags has, which a form joins with commas."""
    given = {"--tags": options["tags"] or [], "--exclude-tags": options["exclude_tags"] or []}
    return {option: names.split(",") if isinstance(names, str) else names for option, names in given.items()}


def _takes(option: str, name: str) -> str:
    return f"{option} takes {', '.join(RACED)}; got {name}."


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
    if _number("--think", float, options["think"], MOST_SECONDS):
        raise ValueError("--think is for users who wait for their answers; leave it out with --rate.")
    return Open(rate, arrivals, int(seed))


def _number(option: str, kind: type[float], value: Any, most: float) -> float:
    try:
        number = kind(value)
    except (ValueError, OverflowError):
        number = kind(-1)
    if not 0 <= number <= most:  # NaN fails every comparison
        what = "a whole number" if kind is int else "a number"
        raise ValueError(f"{option} takes {what} from 0 to {most}; got {value}.")
    return number
