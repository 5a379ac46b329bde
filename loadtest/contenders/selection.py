"""Selection of services of the line-up by the names that a user types."""

import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from typing import Any

from peers.rows import PEERS, missing

from .service import Service

ALL = "all"
"""The name that stands for every service of the line-up."""


def every(text: str, known: Mapping[str, Service]) -> list[Service]:
    """Return the services in a comma-separated list; `all` is the whole line-up. Raises ValueError as `chosen` does."""
    names = [name for each in text.split(",") for name in (known if each == ALL else [each])]
    return [chosen(name, known) for name in names]


def chosen(text: str, known: Mapping[str, Service]) -> Service:
    """Return the service that `text` names, such as `flask-threads` or `flask-threads:workers=1:threads=64`.

    Raises ValueError if the name, a setting or its value is wrong, or a package is missing. The message is one
    sentence: it lists the valid choices, or says how to install the package.
    """
    name, *changes = text.split(":")
    if name not in known:
        raise ValueError(f"There is no service {name!r}; choose from {', '.join(known)}.")
    changed: dict[str, Any] = {"name": text}
    for change in changes:
        key, _, value = change.partition("=")
        match key.replace("-", "_"):
            case "workers" | "threads" | "pool_size" | "max_in_flight" as number:
                changed[number] = _positive(text, key, value)
            case "worker_class" if value:
                changed["worker_class"] = value
            case _:
                raise ValueError(
                    f"{text!r}: {change!r} is not one of workers=N, threads=N, pool-size=N, max-in-flight=N, "
                    "worker-class=CLASS."
                )
    service = replace(known[name], **changed)
    if service.worker_class == "sync" and service.threads > 1:  # gunicorn would ignore the number of threads
        raise ValueError(f"{text!r}: a sync worker has one thread; set threads=1 or worker-class=gthread.")
    _refuse_missing(service)
    return service


def _refuse_missing(service: Service) -> None:
    try:
        _ = service.software
        if service.extra is not None:
            PEERS[service.extra].find()
    except PackageNotFoundError as error:
        if service.extra is None:
            raise ValueError(f"{service.name} needs {error.name}, which is not installed.") from None
        raise ValueError(missing(service.extra, error.name)) from None


def _positive(text: str, key: str, value: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", value) or int(value) < 1:
        raise ValueError(f"{text!r}: {key} takes a whole number of at least 1; got {value!r}.")
    return int(value)
