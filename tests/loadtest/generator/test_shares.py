"""Users and arrivals of several Locust workers. Locust runs in a process of its own, because it patches the library."""

import json
import subprocess
import sys
from typing import Any


def said(program: str) -> Any:
    """Return what a program prints last, as JSON."""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(ran.stdout.splitlines()[-1])


DISPATCH = """
import json
from locust import User
from locust.dispatch import UsersDispatcher
from locust.runners import WorkerNode
from loadtest.generator.dispatcher import EvenDispatcher

class One(User): pass
class Other(User): pass

def dispatched(dispatcher, users):
    dispatcher.new_dispatch(target_user_count=users, spawn_rate=1000)
    for plan in dispatcher:
        pass
    return sorted([each["One"], each["Other"]] for each in plan.values())

workers = [WorkerNode(name) for name in ("a_1", "a_2", "b_1")]
dispatcher = EvenDispatcher(workers[:2], [One, Other])
steps = [dispatched(dispatcher, 8), dispatched(dispatcher, 13), dispatched(dispatcher, 4)]
dispatcher.add_worker(workers[2])
steps.append(dispatched(dispatcher, 12))
dispatcher.remove_worker(workers[0])
steps.append(dispatched(dispatcher, 12))
print(json.dumps([steps, dispatched(UsersDispatcher(workers[1:], [One, Other]), 8)]))
"""


def test_users_of_every_service_are_spread_evenly_over_all_workers_whoever_comes_or_goes() -> None:
    steps, stock = said(DISPATCH)
    assert steps == [
        [[2, 2], [2, 2]],
        [[3, 3], [4, 3]],
        [[1, 1], [1, 1]],
        [[2, 2], [2, 2], [2, 2]],
        [[3, 3], [3, 3]],
    ]
    assert stock == [[0, 4], [4, 0]]  # otherwise EvenDispatcher would be needless


DEAL = """
import json
from loadtest.generator.shares import deal
print(json.dumps(deal(["a", "b", "c"], {"a": {"One": 1, "Other": 0}, "b": {"One": 2, "Other": 1}})))
"""


def test_arrivals_are_shared_by_the_workers_that_have_clients_for_them() -> None:
    assert said(DEAL) == {
        "a": {"users": [0, 3], "arrivals": {"One": [0, 2]}},
        "b": {"users": [1, 3], "arrivals": {"One": [1, 2], "Other": [0, 1]}},
        "c": {"users": [2, 3], "arrivals": {}},
    }


ARRIVALS = """
import json
from types import SimpleNamespace
from unittest.mock import patch
import locust.runners
from locust.env import Environment
from loadtest.generator import profile
from loadtest.generator.users import TwinUser

class One(TwinUser): service, host = "one", "http://127.0.0.1:9"
class Other(TwinUser): service, host = "other", "http://127.0.0.1:9"

begun = []
class Recorded(profile.ChangingSchedule):
    def begin(self, offsets):
        begun.append(next(offsets))

options = dict(scenario=None, tags=None, exclude_tags=None, delay="10ms", think=0.0, stagger=0.0, rate=10.0)
options |= dict(arrivals="even", seed=1, web_base_path="")
with patch.object(locust.runners.WorkerRunner, "__init__", lambda self, *_: None):
    runner = locust.runners.WorkerRunner()
runner.custom_messages, runner.target_user_count = {}, 4
environment = Environment(user_classes=[One, Other], stop_timeout=60.0)
environment.parsed_options, environment.runner = SimpleNamespace(**options), runner
profile.ChangingSchedule = Recorded
profile.ProfileArrivals(environment)

def dealt(number, **arrivals):
    take, _ = runner.custom_messages["share"]
    data = {"users": [2, 3], "arrivals": arrivals, "deal": number}
    take(environment=environment, msg=SimpleNamespace(data=data))
    begun.clear()
    environment.events.spawning_complete.fire(user_count=4)
    return [*begun]

environment.events.test_start.fire(environment=environment)
steps = [dealt(1, One=[2, 3]), dealt(1, One=[2, 3]), dealt(2, One=[1, 2], Other=[0, 2])]
place = One.share.place
environment.events.test_stop.fire(environment=environment)
print(json.dumps([steps, place, environment.stop_timeout]))
"""


def test_a_worker_sends_its_share_of_the_arrivals_and_begins_anew_if_shares_are_dealt_anew() -> None:
    steps, place, stop_timeout = said(ARRIVALS)
    never = float("inf")
    assert steps == [[0.2, never], [], [0.1, 0.0]]  # the first arrivals of this worker at both services
    assert place == 2
    assert stop_timeout == 0  # a worker is ready for the next run at once
