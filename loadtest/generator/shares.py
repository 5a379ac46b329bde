"""The share of the load that each of several Locust workers sends.

Locust's master shares users among its workers, and knows nothing of arrivals. So it deals the shares of the load: when
a run starts, and again once users have started or moved. The arrivals at a service are shared by the workers that have
clients of it. Whenever these workers change, the deal has a new number, and all workers begin their arrivals anew: the
shares of one deal are together exactly the schedule of one generator, those of different deals are not. Without a
master there is one share, the whole load.
"""

from collections.abc import Mapping
from typing import Any

from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtest.workload.share import WHOLE, Share

from .dispatcher import EvenDispatcher
from .users import WaitingUser

MESSAGE = "share"
"""The type of the message from the master to a worker: see `deal`."""


def deal(workers: list[str], plan: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, Any]]:
    """Return by worker its place among all, and by the name of a user class its place among those with such users.

    A place is a pair: the number of the place, from 0, and how many there are. `plan`: the number of users by worker
    and class. A worker without users of a class has no place among those that have some.
    """
    names = {name for users in plan.values() for name in users}
    having = {name: [each for each in workers if plan.get(each, {}).get(name)] for name in names}
    return {
        worker: {
            "users": (place, len(workers)),
            "arrivals": {name: (of.index(worker), len(of)) for name, of in having.items() if worker in of},
        }
        for place, worker in enumerate(workers)
    }


class Shares:
    """The shares of this process. On a master: what deals those of all workers."""

    def __init__(self, environment: Environment) -> None:
        self.deal = 0
        """The number of the deal that the shares belong to."""
        self._arrivals: Mapping[str, tuple[int, int]] | None = None
        self._dealt: Mapping[str, Any] = {}
        self._dispatcher: EvenDispatcher | None = None
        runner = environment.runner
        if isinstance(runner, MasterRunner):
            self._master = runner
            environment.dispatcher_class = self._dispatch  # type: ignore[assignment] # it is only called
            for event in (environment.events.test_start, environment.events.spawning_complete):
                event.add_listener(self._deal)  # type: ignore[no-untyped-call] # Locust has no type for it
        elif isinstance(runner, WorkerRunner):
            runner.register_message(MESSAGE, self._take)

    def arrivals(self, user_class: type[WaitingUser]) -> Share | None:
        """Return the share of a service's arrivals that this process sends, or None if it has no clients for them."""
        if self._arrivals is None:
            return WHOLE
        place = self._arrivals.get(user_class.__name__)
        return Share(*place) if place else None

    def _dispatch(self, worker_nodes: list[Any], user_classes: list[Any]) -> EvenDispatcher:
        self._dispatcher = EvenDispatcher(worker_nodes, user_classes)
        return self._dispatcher

    def _deal(self, **_event: Any) -> None:
        """Tell each worker its shares. Messages keep their order, so this comes before what Locust sends next."""
        there, index = self._master.clients, self._master.get_worker_index
        workers = sorted((each.id for each in there.ready + there.spawning + there.running), key=index)
        dealt = deal(workers, self._dispatcher.plan if self._dispatcher else {})
        if dealt != self._dealt:
            self._dealt, self.deal = dealt, self.deal + 1
        for worker, shares in dealt.items():
            self._master.send_message(MESSAGE, {**shares, "deal": self.deal}, worker)

    def _take(self, msg: Any, **_event: Any) -> None:
        self._arrivals, self.deal = msg.data["arrivals"], msg.data["deal"]
        WaitingUser.share = Share(*msg.data["users"])
