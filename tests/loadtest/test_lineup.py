import re
import sys

import pytest

from contract.settings import Settings
from loadtest.lineup import UVLOOP_WORKER, Service, chosen, lineup

KNOWN = lineup(2)


@pytest.mark.parametrize("cores", [1, 2, 3, 8, 64])
def test_there_are_twice_as_many_sync_workers_as_cores_and_one(cores: int) -> None:
    assert lineup(cores)["flask"].workers == 2 * cores + 1


@pytest.mark.parametrize("cores", [1, 2, 8])
def test_every_other_service_has_one_worker_for_each_core(cores: int) -> None:
    workers = {name: service.workers for name, service in lineup(cores).items() if name != "flask"}
    assert workers == {"flask-threads": cores, "flask-gevent": cores, "aiohttp": cores}


@pytest.mark.parametrize(
    ("name", "kind", "slots", "made_of"),
    [
        ("flask", "blocking", 5, "5 processes x 1 thread = 5 slots"),
        ("flask-threads", "blocking", 64, "2 processes x 32 threads = 64 slots"),
        ("flask-gevent", "non-blocking", None, "2 processes x 1 thread of greenlets, slots as needed"),
        ("aiohttp", "non-blocking", None, "2 processes x 1 event loop, slots as needed"),
        ("flask:workers=1", "blocking", 1, "1 process x 1 thread = 1 slot"),
        ("flask-threads:workers=1:threads=1", "blocking", 1, "1 process x 1 thread = 1 slot"),
        ("flask-threads:workers=3:threads=10", "blocking", 30, "3 processes x 10 threads = 30 slots"),
        ("flask:worker-class=gthread:threads=4", "blocking", 20, "5 processes x 4 threads = 20 slots"),
        ("flask-gevent:workers=1", "non-blocking", None, "1 process x 1 thread of greenlets, slots as needed"),
        ("aiohttp:workers=1:threads=9", "non-blocking", None, "1 process x 1 event loop, slots as needed"),
    ],
)
def test_a_service_says_what_it_is_made_of(name: str, kind: str, slots: int | None, made_of: str) -> None:
    service = chosen(name, KNOWN)
    assert (service.kind, service.slots, service.made_of) == (kind, slots, made_of)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("flask", Service("flask", "sync_app", "sync", 5, 1)),
        ("flask:workers=9", Service("flask:workers=9", "sync_app", "sync", 9, 1)),
        (
            "flask-threads:workers=1:threads=64",
            Service("flask-threads:workers=1:threads=64", "sync_app", "gthread", 1, 64),
        ),
        ("flask:worker-class=gevent", Service("flask:worker-class=gevent", "sync_app", "gevent", 5, 1)),
        ("flask:worker_class=gevent", Service("flask:worker_class=gevent", "sync_app", "gevent", 5, 1)),
        (
            "flask-threads:worker-class=sync:threads=1",
            Service("flask-threads:worker-class=sync:threads=1", "sync_app", "sync", 2, 1),
        ),
        (
            "aiohttp:worker-class=aiohttp.GunicornWebWorker",
            Service("aiohttp:worker-class=aiohttp.GunicornWebWorker", "async_app", "aiohttp.GunicornWebWorker", 2, 32),
        ),
    ],
)
def test_a_service_can_be_changed_by_its_name(text: str, service: Service) -> None:
    assert chosen(text, KNOWN) == service


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        *(
            (text, f"There is no service {text!r}; there are flask, flask-threads, flask-gevent, aiohttp.")
            for text in ("", "django", "Flask", " flask", "flask ")
        ),
        *(
            (f"flask:workers={value}", f"'flask:workers={value}': workers takes a whole number from 1; got '{value}'.")
            for value in ("", "0", "-1", "1.5", "x", "²", " 1")
        ),
        *(
            (
                f"aiohttp:pool-size={value}",
                f"'aiohttp:pool-size={value}': pool-size takes a whole number from 1; got '{value}'.",
            )
            for value in ("", "0", "-1", "x")
        ),
        ("aiohttp:threads=0", "'aiohttp:threads=0': threads takes a whole number from 1; got '0'."),
        ("flask:", "'flask:': '' is not workers=N, threads=N, pool-size=N or worker-class=CLASS."),
        ("flask:x=1", "'flask:x=1': 'x=1' is not workers=N, threads=N, pool-size=N or worker-class=CLASS."),
        (
            "flask:worker-class=",
            "'flask:worker-class=': 'worker-class=' is not workers=N, threads=N, pool-size=N or worker-class=CLASS.",
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


def test_pools_have_the_size_that_the_services_have_by_themselves() -> None:
    assert {service.pool_size for service in KNOWN.values()} == {Settings().pool_size}


def test_the_command_is_what_anyone_could_type() -> None:
    assert KNOWN["aiohttp"].command(8002) == [
        *(sys.executable, "-m", "async_app", "--port", "8002"),
        *("--worker-class", UVLOOP_WORKER, "--workers", "2", "--threads", "32"),
    ]
