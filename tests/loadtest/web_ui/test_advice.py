from loadtest.contenders.service import lineup
from loadtest.web_ui.advice import advice, shared, users_for
from loadtest.web_ui.racers import Racer, twins

KNOWN = lineup(2)


def racers(*names: str) -> list[Racer]:
    return [Racer(KNOWN[name], "http://127.0.0.1:1") for name in names]


def test_users_are_suggested_from_the_requests_that_a_blocking_service_works_on() -> None:
    assert users_for(twins({})) == 256
    assert users_for(twins({"THREADS": "5", "WEB_CONCURRENCY": "2"})) == 80
    threads = KNOWN["flask-threads"].slots
    assert threads
    assert users_for(racers("flask", "flask-threads", "aiohttp")) == 12 * threads
    assert users_for(racers("aiohttp", "flask-gevent")) is None


def test_the_advice_says_why() -> None:
    assert advice(twins({"THREADS": "5"}), 40) == (
        "In the scenario delay, 20 for each service are 4 times the 5 requests that sync_app works on at once (1 "
        "process x 5 threads = 5 slots; assumed from this terminal's settings). With 10 users or fewer, all services "
        "answer alike."
    )
    behind = advice(twins({"THREADS": "5"}), 40, behind=True)
    assert "that sync_app works on at once (1 process x 5 threads = 5 slots;" in behind
    assert "assumed from this terminal's settings; replicas multiply it)." in behind
    several = racers("flask", "flask-threads", "aiohttp")
    said = advice(several, 768)
    assert f"that flask-threads works on at once ({several[1].service.made_of})." in said
    assert f"With {3 * (several[0].service.slots or 0)} users or fewer, " in said


def test_users_are_shared_by_weight() -> None:
    assert shared({"SyncApp": 1, "AsyncApp": 3}, 1000) == (
        "All users are shared among the user classes by weight: of 1,000, 250 are of SyncApp and 750 are of AsyncApp."
    )
    assert shared({"SyncApp": 1}, 10) == shared({"SyncApp": 0, "AsyncApp": 0}, 10) == shared({}, 10) == ""
