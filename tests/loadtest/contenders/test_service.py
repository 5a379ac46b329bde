import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

import pytest

from contract.settings import Settings
from loadtest.contenders.service import ASYNC, CORE, SYNC, UVLOOP_WORKER, Service, lineup

KNOWN = lineup(2)

MADE_OF = [
    ("flask", "blocking", "5 processes x 1 thread = 5 slots"),
    ("flask-threads", "blocking", "2 processes x 32 threads = 64 slots"),
    ("flask-async", "blocking", "5 processes x 1 thread = 5 slots"),
    ("django", "blocking", "2 processes x 32 threads = 64 slots"),
    ("pyramid", "blocking", "2 processes x 32 threads = 64 slots"),
    ("flask-gevent", "non-blocking", "2 processes x 1 thread of greenlets, no slot limit"),
    ("aiohttp", "non-blocking", "2 processes x 1 event loop, no slot limit"),
    ("django-async", "non-blocking", "2 processes x 1 event loop, no slot limit"),
    ("tornado", "non-blocking", "2 processes x 1 event loop, no slot limit"),
    ("sanic", "non-blocking", "2 processes x 1 event loop, no slot limit"),
    ("fastapi", "non-blocking", "2 processes x 1 event loop, no slot limit"),
]


def test_each_service_says_what_it_is_made_of_and_the_blocking_ones_come_first() -> None:
    assert [(name, service.kind, service.made_of) for name, service in KNOWN.items()] == MADE_OF


@pytest.mark.parametrize("cores", [1, 2, 3, 8, 64])
def test_there_are_twice_as_many_sync_workers_as_cores_and_one(cores: int) -> None:
    workers = {service.workers for service in lineup(cores).values() if service.worker_class == "sync"}
    assert workers == {2 * cores + 1}


@pytest.mark.parametrize("cores", [1, 2, 8])
def test_every_other_service_has_one_worker_for_each_core(cores: int) -> None:
    workers = {service.workers for service in lineup(cores).values() if service.worker_class != "sync"}
    assert workers == {cores}


@pytest.mark.parametrize(
    ("name", "distributions"),
    [
        ("flask", ["Flask", "gunicorn"]),
        ("flask-threads", ["Flask", "gunicorn"]),
        ("flask-async", ["Flask", "gunicorn", "asgiref"]),
        ("django", ["Django", "gunicorn"]),
        ("pyramid", ["pyramid", "gunicorn"]),
        ("flask-gevent", ["Flask", "gunicorn", "gevent"]),
        ("aiohttp", ["aiohttp"]),
        ("django-async", ["Django", "uvicorn"]),
        ("tornado", ["tornado"]),
        ("sanic", ["sanic"]),
        ("fastapi", ["fastapi", "uvicorn"]),
    ],
)
def test_a_service_names_its_framework_its_server_and_what_runs_its_requests(
    name: str, distributions: list[str]
) -> None:
    assert KNOWN[name].distributions == distributions


@pytest.mark.parametrize("name", CORE)
def test_what_is_always_installed_has_versions_and_needs_no_group_of_dependencies(name: str) -> None:
    assert KNOWN[name].software == {each: version(each) for each in KNOWN[name].distributions}
    assert KNOWN[name].extra is None


def test_what_is_not_installed_has_no_versions() -> None:
    with pytest.raises(PackageNotFoundError):
        _ = replace(KNOWN["tornado"], framework="no-such-framework").software


def test_every_other_service_needs_the_group_of_dependencies_of_its_name_and_lies_among_the_peers() -> None:
    for name, service in KNOWN.items():
        if name not in CORE:
            assert service.extra == name
            assert service.module == f"peers.{name.replace('-', '_')}"


def test_a_service_serves_the_waiting_functions_of_a_twin_its_own_where_it_is_one() -> None:
    blocking = {name for name, service in KNOWN.items() if service.twin == SYNC}
    assert blocking == {"flask", "flask-threads", "flask-gevent", "django", "pyramid"}
    assert {service.twin for name, service in KNOWN.items() if name not in blocking} == {ASYNC}
    assert Service("mine", SYNC, "gthread", 1, 1).twin == SYNC


def test_a_coroutine_on_a_sync_worker_is_on_no_loop_of_its_process() -> None:
    assert [name for name, service in KNOWN.items() if service.on_a_loop] == [
        *("aiohttp", "django-async", "tornado", "sanic", "fastapi")
    ]


def test_pools_have_the_size_that_the_services_have_by_themselves() -> None:
    assert {service.pool_size for service in KNOWN.values()} == {Settings().pool_size}


def test_a_service_of_the_line_up_leaves_its_in_flight_limit_to_the_environment() -> None:
    assert {service.max_in_flight for service in KNOWN.values()} == {None}
    assert all(service.environment == {"POOL_SIZE": "10"} for service in KNOWN.values())


def test_a_service_with_an_in_flight_limit_is_started_with_it() -> None:
    limited = replace(KNOWN["flask-threads"], pool_size=7, max_in_flight=32)
    assert limited.environment == {"POOL_SIZE": "7", "MAX_IN_FLIGHT": "32"}
    assert limited.command() == KNOWN["flask-threads"].command()
    assert limited.made_of == KNOWN["flask-threads"].made_of


@pytest.mark.parametrize(
    ("cores", "workers", "processors"),
    [(2, 1, 1), (2, 2, 2), (2, 5, 2), (1, 3, 1), (0.5, 3, 0.5), (1.6, 3, 1.6), (1.6, 1, 1)],
)
def test_a_service_computes_on_no_more_cores_than_it_has_and_than_it_has_processes_for(
    cores: float, workers: int, processors: float
) -> None:
    assert replace(lineup(cores)["aiohttp"], workers=workers).processors == processors


def test_the_command_is_what_anyone_could_type() -> None:
    assert KNOWN["aiohttp"].command(8002) == [
        *(sys.executable, "-P", "-m", "async_app", "--port", "8002"),
        *("--worker-class", UVLOOP_WORKER, "--workers", "2", "--threads", "32"),
    ]
