import re
import shlex
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest

from loadtest.contenders.selection import chosen, every
from loadtest.contenders.service import CORE, lineup

KNOWN = lineup(2)

NAMES = ", ".join(KNOWN)


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return a set of distributions: those added to it count as not installed, all others as version 1.0."""
    missing: set[str] = set()

    def version(name: str) -> str:
        if name in missing:
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr("loadtest.contenders.service.version", version)
    monkeypatch.setattr("peers.rows.version", version)
    return missing


@pytest.mark.parametrize(
    ("name", "kind", "slots", "made_of"),
    [
        ("flask:workers=1", "blocking", 1, "1 process x 1 thread = 1 slot"),
        ("flask-threads:workers=1:threads=1", "blocking", 1, "1 process x 1 thread = 1 slot"),
        ("flask-threads:workers=3:threads=10", "blocking", 30, "3 processes x 10 threads = 30 slots"),
        ("flask:worker-class=gthread:threads=4", "blocking", 20, "5 processes x 4 threads = 20 slots"),
        ("flask-gevent:workers=1", "non-blocking", None, "1 process x 1 thread of greenlets, no slot limit"),
        ("aiohttp:workers=1:threads=9", "non-blocking", None, "1 process x 1 event loop, no slot limit"),
    ],
)
def test_what_is_changed_changes_what_a_service_is_made_of(
    name: str, kind: str, slots: int | None, made_of: str
) -> None:
    service = chosen(name, KNOWN)
    assert (service.kind, service.slots, service.made_of) == (kind, slots, made_of)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("flask", {}),
        ("flask:workers=9", {"workers": 9}),
        ("flask-threads:workers=1:threads=64", {"workers": 1, "threads": 64}),
        ("flask-threads:threads=96:max-in-flight=32", {"threads": 96, "max_in_flight": 32}),
        ("aiohttp:max_in_flight=1", {"max_in_flight": 1}),
        ("flask:worker-class=gevent", {"worker_class": "gevent"}),
        ("flask:worker_class=gevent", {"worker_class": "gevent"}),
        ("flask-threads:worker-class=sync:threads=1", {"worker_class": "sync", "threads": 1}),
        ("aiohttp:worker-class=aiohttp.GunicornWebWorker", {"worker_class": "aiohttp.GunicornWebWorker"}),
    ],
)
def test_a_service_can_be_changed_by_its_name(text: str, changes: dict[str, Any]) -> None:
    assert chosen(text, KNOWN) == replace(KNOWN[text.partition(":")[0]], name=text, **changes)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        *(
            (text, f"There is no service {text!r}; choose from {NAMES}.")
            for text in ("", "bottle", "Flask", " flask", "flask ", "all")
        ),
        *(
            (
                f"flask:workers={value}",
                f"'flask:workers={value}': workers takes a whole number of at least 1; got '{value}'.",
            )
            for value in ("", "0", "-1", "1.5", "x", "²", "٣", " 1", "9" * 5000)
        ),
        *(
            (
                f"aiohttp:pool-size={value}",
                f"'aiohttp:pool-size={value}': pool-size takes a whole number of at least 1; got '{value}'.",
            )
            for value in ("", "0", "-1", "x")
        ),
        *(
            (
                f"flask-threads:max-in-flight={value}",
                f"'flask-threads:max-in-flight={value}': max-in-flight takes a whole number of at least 1; "
                f"got '{value}'.",
            )
            for value in ("", "0", "-1", "1.5", "x")
        ),
        ("aiohttp:threads=0", "'aiohttp:threads=0': threads takes a whole number of at least 1; got '0'."),
        *(
            (
                f"flask:{change}",
                f"'flask:{change}': '{change}' is not one of workers=N, threads=N, pool-size=N, max-in-flight=N, "
                "worker-class=CLASS.",
            )
            for change in ("", "x=1", "worker-class=", "in-flight=4", "MAX_IN_FLIGHT=4")
        ),
        ("flask:threads=4", "'flask:threads=4': a sync worker has one thread; set threads=1 or worker-class=gthread."),
        (
            "flask-threads:worker-class=sync",
            "'flask-threads:worker-class=sync': a sync worker has one thread; set threads=1 or worker-class=gthread.",
        ),
    ],
)
def test_what_cannot_be_chosen_is_one_clear_sentence(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint) + r"\Z"):
        chosen(text, KNOWN)


@pytest.mark.parametrize(
    ("text", "pool_size"),
    [
        ("aiohttp", 7),
        ("aiohttp:pool-size=100", 100),
        ("flask:workers=1:pool_size=1", 1),
        ("flask-threads:threads=8", 7),
    ],
)
def test_the_pools_of_a_service_are_its_own_or_those_of_all(text: str, pool_size: int) -> None:
    service = chosen(text, lineup(2, pool_size=7))
    assert service.pool_size == pool_size
    assert service.environment == {"POOL_SIZE": str(pool_size)}


@pytest.mark.usefixtures("lacking")
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("aiohttp", ["aiohttp"]),
        ("aiohttp,flask", ["aiohttp", "flask"]),
        ("all", [*KNOWN]),
        ("aiohttp:workers=1,all", ["aiohttp:workers=1", *KNOWN]),
        ("all,flask", [*KNOWN, "flask"]),
    ],
)
def test_all_in_a_list_stands_for_the_whole_line_up(text: str, names: list[str]) -> None:
    assert [service.name for service in every(text, KNOWN)] == names


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("fastapi", "uvicorn-worker"),
        ("django-async:workers=1", "httptools"),
        ("django", "Django"),
        ("django:threads=8", "Django"),
        ("flask-async", "asgiref"),
        ("fastapi", "uvicorn"),
        ("tornado", "tornado"),
    ],
)
def test_a_framework_that_is_not_installed_says_which_command_installs_it(
    text: str, missing: str, lacking: set[str]
) -> None:
    lacking.add(missing)
    with pytest.raises(ValueError, match="is not installed") as refusal:
        chosen(text, KNOWN)
    name = text.partition(":")[0]
    assert str(refusal.value) == (
        f"{name} needs {missing}, which is not installed: `make install-lineup` installs every framework of the "
        f"line-up, `{shlex.quote(sys.executable)} -m pip install --editable '.[{name}]'` this one alone."
    )


def test_all_says_which_command_installs_the_one_that_is_missing(lacking: set[str]) -> None:
    lacking.add("sanic")
    with pytest.raises(ValueError, match=r"\Asanic needs sanic, which is not installed: `make install-lineup` "):
        every("all", KNOWN)


def test_the_core_is_installed_with_the_project(lacking: set[str]) -> None:
    lacking |= {"Django", "asgiref", "pyramid", "tornado", "sanic", "fastapi", "uvicorn"}
    assert [chosen(name, KNOWN).name for name in CORE] == [*CORE]
    lacking.add("gevent")
    with pytest.raises(ValueError, match=r"\Aflask-gevent needs gevent, which is not installed\.\Z"):
        chosen("flask-gevent", KNOWN)
