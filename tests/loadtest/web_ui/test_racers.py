import json

import pytest

from contract import ports
from loadtest.contenders.cores import usable_cores
from loadtest.contenders.service import Service, lineup
from loadtest.race.command import race
from loadtest.web_ui.racers import Racer, read, twins, written
from serving import aiohttp_workers

KNOWN = lineup(2, pool_size=7)


@pytest.mark.parametrize(
    ("environment", "sizes", "urls"),
    [
        ({}, (1, 32, 10), ("http://127.0.0.1:8001", "http://127.0.0.1:8002")),
        ({"THREADS": "1"}, (1, 1, 10), ("http://127.0.0.1:8001", "http://127.0.0.1:8002")),
        (
            {"WEB_CONCURRENCY": "3", "POOL_SIZE": "2", "ASYNC_APP_URL": "http://async_app:8002/"},
            (3, 32, 2),
            ("http://127.0.0.1:8001", "http://async_app:8002"),
        ),
    ],
)
def test_the_twins_are_what_the_environment_makes_of_them_and_that_is_an_assumption(
    environment: dict[str, str], sizes: tuple[int, int, int], urls: tuple[str, str]
) -> None:
    own = usable_cores()
    assert twins(environment) == [
        Racer(Service("sync_app", "sync_app", "gthread", *sizes, cores=own), urls[0], assumed=True),
        Racer(Service("async_app", "async_app", aiohttp_workers.DEFAULT, *sizes, cores=own), urls[1], assumed=True),
    ]


def test_an_environment_that_no_twin_would_start_in_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^THREADS='many' is invalid: "):
        twins({"THREADS": "many"})


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8001", "http://[::::]:1", "http://x/y", "http://ann:s3cret@x", "http://x:99999"]
)
def test_a_url_at_which_no_twin_can_be_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"^SYNC_APP_URL must be http://HOST:PORT, ") as refused:
        twins({"SYNC_APP_URL": url})
    assert url not in str(refused.value)


@pytest.mark.parametrize("racers", [twins({}), [Racer(KNOWN["aiohttp"], "http://127.0.0.1:1")], []])
def test_what_is_written_is_read(racers: list[Racer]) -> None:
    assert read(written(racers)) == racers


def test_locust_is_told_of_each_service_and_where_it_is_served() -> None:
    *served, locust = race([KNOWN["flask"], KNOWN["flask-threads"], KNOWN["aiohttp"]])
    assert [part.url for part in served] == ["http://127.0.0.1:8001", "http://127.0.0.1:8004", "http://127.0.0.1:8002"]
    assert (locust.name, locust.port) == ("race", ports.LOCUST)
    told = read(locust.environment["RACERS"])
    assert [(racer.service, racer.url, racer.assumed) for racer in told] == [
        (KNOWN[part.name], part.url, False) for part in served
    ]
    assert json.loads(locust.environment["RACERS"])[0]["service"]["pool_size"] == 7
