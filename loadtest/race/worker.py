"""A load generator of a race that runs under a Locust master: it follows the master's runs, and sends it views."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import gevent
from locust.env import Environment
from locust.exception import RPCError
from locust.runners import WorkerRunner

from loadtest.generator.profile import ProfileArrivals
from loadtest.generator.users import TwinUser
from loadtest.web_ui.racers import Racer
from loadtest.workload.share import Share

from .generators import BEGIN, VIEW
from .observer import Observer
from .view import EVERY


def follow(
    environment: Environment,
    racers: Sequence[Racer],
    user_classes: Mapping[str, type[TwinUser]],
    arrivals: ProfileArrivals,
    share: Share,
) -> None:
    """Run the users of a race that the master wants from this worker, and send it what they do.

    `user_classes`: the users of each racer, by the racer's name. `share`: the place of this worker among all.
    """
    runner, classes = environment.runner, [user_classes[racer.name] for racer in racers]
    assert isinstance(runner, WorkerRunner)
    observer = Observer(environment, racers, classes, arrivals, share)

    def begin(msg: Any, **_event: Any) -> None:
        options: dict[str, Any] | None = msg.data["options"]
        if options is not None:
            vars(environment.parsed_options).update(options)
            for user_class, racer in zip(classes, racers, strict=True):
                user_class.tasks = [TwinUser.task_for(options["scenario"])]
                user_class.host = racer.url  # a run from Locust's own page may have set another host
        observer.begin(msg.data["run"])

    def tell() -> None:
        while True:
            # all load generators, and the page, look at about the same moments, if their clocks have the same origin
            gevent.sleep(EVERY - time.perf_counter() % EVERY)
            try:
                runner.send_message(VIEW, {"place": share.place, "view": observer.view()})
            except RPCError:
                continue  # the next view has all counts, too

    runner.register_message(BEGIN, begin)
    gevent.spawn(tell)
