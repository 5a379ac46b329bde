"""The options of targets: running services of the user's own, and the request that they get."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from loadtest.contenders import openapi
from loadtest.contenders.config import NAME, read
from loadtest.contenders.openapi import Wanted
from loadtest.contenders.request import METHODS, Expected, Request, as_json, expected, header, json_body
from loadtest.contenders.secrets import Secrets
from loadtest.contenders.target import Target, Tls, parsed
from loadtest.measure.trial import TrialFailed, fewest_users, tried
from loadtest.processes.listening import Unseen, listening
from loadtest.processes.logs import Logs
from loadtest.processes.service import ServiceFailed

from .options import NO_SERVICES, Mistake, mistakes

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

ONE = ("path", "method", "json", "expect")
"""The options that describe a single request."""

CHOSEN = ("include", "exclude", "unsafe")
"""The options that choose among the operations of --openapi."""

ASKED = (*ONE, "header", "openapi", *CHOSEN)
"""The options that describe the requests of each --target, and that need one."""

REACHED = ("ca", "insecure", "allow_remote")
"""The options that say how targets are reached, those of a file too."""


def target_options(function: F) -> F:
    """Add --target and the options of its request. They are passed on by name, as `targets` takes them."""
    for option in (
        click.option("--insecure", is_flag=True, help="Take any certificate of a --target."),
        click.option(
            "--ca",
            metavar="FILE",
            help="Check the certificate of each --target with the authorities in this file (PEM) alone.",
        ),
        click.option(
            "--allow-remote", is_flag=True, help="Allow a --target on another machine; get its owner's consent first."
        ),
        click.option(
            "--expect",
            multiple=True,
            metavar="WHAT=VALUE",
            help="What the right answer of a --target is: status=201 (default: 200), header='NAME: VALUE', body=TEXT "
            "for a part of the body; may be repeated.",
        ),
        click.option(
            "--json",
            metavar="TEXT",
            help="JSON to send to every --target as the body. ${NAME} is replaced by that environment variable.",
        ),
        click.option(
            "--header",
            multiple=True,
            metavar="'NAME: VALUE'",
            help="Header to send to every --target, such as 'Authorization: Bearer ${TOKEN}'; may be repeated. What "
            "comes from the environment, and headers named like secrets, are masked in all output.",
        ),
        click.option(
            "--method",
            type=click.Choice(METHODS, case_sensitive=False),
            metavar="NAME",
            help=f"Method of the request to every --target: {', '.join(METHODS)} (default: GET, with --json POST).",
        ),
        click.option(
            "--unsafe",
            is_flag=True,
            help="Also take the operations of --openapi that may change something: those of all methods but GET.",
        ),
        click.option(
            "--exclude",
            multiple=True,
            metavar="PATTERN",
            help="Leave out these operations of --openapi, in a pattern like that of --include; may be repeated.",
        ),
        click.option(
            "--include",
            multiple=True,
            metavar="PATTERN",
            help="Take these operations of --openapi alone, such as 'GET /orders*': METHOD /path, where * is any text; "
            "may be repeated.",
        ),
        click.option(
            "--openapi",
            metavar="FILE",
            help="Send the examples of an OpenAPI document to every --target: those of its GET operations.",
        ),
        click.option("--path", metavar="PATH", help="Path to request from every --target (default: /)."),
        click.option(
            "--config",
            metavar="FILE",
            help=f"File that describes services and requests of your own (default: {NAME}, if the folder has one). "
            "They are compared alone unless --services names others.",
        ),
        click.option(
            "--target",
            multiple=True,
            metavar="NAME=URL",
            help="Also compare your own running HTTP service, such as mine=http://127.0.0.1:5001; may be repeated. "
            f"--services {NO_SERVICES} compares targets alone.",
        ),
    ):
        function = option(function)
    return function


def targets(given: dict[str, Any], secrets: Secrets, screen: Console) -> list[Target]:
    """Return the targets of the file and of the options of `target_options`. Raises Mistake if one of them is wrong.

    Without options for its request, a --target gets the requests of the file.
    """
    file = given["config"] or (NAME if Path(NAME).is_file() else None)
    asked = [name for name in ASKED if given[name] not in (None, (), False)]
    other = [name for name in REACHED if given[name] not in (None, False)]
    if not given["target"]:
        for name in asked if file else (*asked, *other):
            raise Mistake(f"--{name.replace('_', '-')} needs a --target.")
    tls, remote = Tls(given["ca"], given["insecure"]), given["allow_remote"]
    described: list[Target] = []

    def say(sentence: str) -> None:
        screen.print(sentence, markup=False, soft_wrap=True)

    if file is not None:
        if given["config"] is None:
            screen.print(f"{NAME} describes services of your own.", markup=False)
        with mistakes():
            described = read(Path(file), secrets, tls, allow_remote=remote, say=say)
    users = described[0].locustfile if described else None
    for name in asked if users else ():
        raise Mistake(f"--{name} is for requests, but the users of {users} send their own, and check the answers.")
    if described and not asked:
        requests = described[0].requests
    else:
        requests = _requests(given, secrets, say) if given["target"] else ()
    with mistakes():
        named = [parsed(each, requests, tls, allow_remote=remote) for each in given["target"]]
    return [*described, *(replace(each, locustfile=users) for each in named)]


def refuse_for_users(theirs: Sequence[Target], fewest: int | None, think: float, secrets: Secrets) -> None:
    """Raise Mistake if users of a locustfile cannot be put under a load: its smallest number of users, and think time.

    `fewest`: None for arrivals at a rate.
    """
    target = next((each for each in theirs if each.locustfile is not None), None)
    if target is None:
        return
    assert target.locustfile is not None
    name = target.locustfile.name
    if fewest is None:
        raise Mistake(f"--rate is for requests: the users of {name} send theirs when their tasks do.")
    if think:
        raise Mistake(f"--think is for requests: the users of {name} wait as long as their wait_time says.")
    try:
        least = fewest_users(target)
    except TrialFailed as error:
        raise Mistake(secrets.masked(str(error))) from None
    if fewest < least:
        raise Mistake(
            f"--users must be at least {least}: fewer are not of every user class of {name}, by their weights."
        )


def _requests(given: dict[str, Any], secrets: Secrets, say: Callable[[str], None]) -> tuple[Request, ...]:
    if given["openapi"] is None:
        for name in (name for name in CHOSEN if given[name]):
            raise Mistake(f"--{name} needs --openapi.")
        return (_request(given, secrets),)
    for name in (name for name in ONE if given[name] not in (None, ())):
        raise Mistake(f"--{name} is for a single request, but --openapi describes them all.")
    include, exclude = tuple(given["include"]), tuple(given["exclude"])
    wanted = Wanted(include, exclude, given["unsafe"], _headers(given, secrets))
    known = _of("--openapi", partial(openapi.read, wanted=wanted), Path(given["openapi"]))
    for request in known.requests:
        secrets.headers(request.headers)
    if known.left_out:
        say(known.left_out)
    return known.requests


def _headers(given: dict[str, Any], secrets: Secrets) -> dict[str, str]:
    headers: dict[str, str] = {}
    for text in given["header"]:
        name, value = _of("--header", header, text)
        headers[name] = _of("--header", secrets.expanded, value)
        secrets.header(name, headers[name])
    return headers


def _request(given: dict[str, Any], secrets: Secrets) -> Request:
    path = "/" if given["path"] is None else _of("--path", secrets.expanded, given["path"])
    if not path.startswith("/"):
        raise Mistake(f"--path must begin with a slash; got {given['path']!r}.")
    headers = _headers(given, secrets)
    body = given["json"]
    if body is not None:
        body = _of("--json", partial(_json, secrets=secrets), body)
        headers = as_json(headers)
    due = _of("--expect", partial(_expected, secrets=secrets), given["expect"])
    method = (given["method"] or ("GET" if body is None else "POST")).upper()
    try:
        return Request(path, method, headers, body, due)
    except ValueError as error:
        raise Mistake(f"--target: {secrets.masked(str(error))}.") from None


def _expected(texts: Sequence[str], secrets: Secrets) -> Expected:
    known = [secrets.expanded(text) for text in texts]
    try:
        due = expected(known)
    except ValueError as error:
        raise ValueError(secrets.masked(str(error))) from None
    secrets.headers(due.headers)
    return due


def _json(text: str, secrets: Secrets) -> str:
    """Return a JSON body. Values of variables are escaped if the text is JSON before: then they are in strings."""
    try:
        return json_body(secrets.expanded(json_body(text), in_json=True))
    except ValueError:
        return json_body(secrets.expanded(text))


def _of(option: str, made: Callable[[Any], T], text: Any) -> T:
    """Return what is made of an option's text. Raises Mistake that names the option."""
    try:
        return made(text)
    except ValueError as error:
        raise Mistake(f"{option}: {error}.") from None


def answering(targets: Sequence[Target], screen: Console, secrets: Secrets, logs: Logs) -> list[Target]:
    """Ask each target once, print what it answered, and return it with the time that this took.

    `logs` get the output of those that are started for it. Raises Mistake if one does not answer as it should.
    """
    found = []
    for each in targets:
        try:
            with screen.status(Text(f"Asking {each.name}")):
                known = tried(each, secrets, logs)
        except (TrialFailed, ServiceFailed) as error:
            raise Mistake(secrets.masked(str(error))) from None
        for one in known:
            screen.print(secrets.masked(one.told), markup=False, soft_wrap=True)
        for warning in dict.fromkeys(warning for one in known for warning in one.warnings):
            screen.print(secrets.masked(warning), markup=False, soft_wrap=True)
        if each.start is None:
            screen.print(_seen(each), markup=False, soft_wrap=True)
        weighted = zip(each.requests, known, strict=True)
        mean = sum(request.weight * one.seconds for request, one in weighted)
        wait = mean / sum(request.weight for request in each.requests)
        found.append(replace(each, wait=wait, blocks=any(one.blocks for one in known)))
    return found


def _seen(target: Target) -> str:
    """Return a sentence about the processes of a target that runs already."""
    try:
        return f"{target.name}: {listening(target)}."
    except Unseen as why:
        return f"CPU and memory of {target.name} are unknown: {why}."
