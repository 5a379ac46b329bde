"""The demand of a request on a service, and the prediction of a model: common to all kinds of load."""

from dataclasses import dataclass, replace

ROUNDING = 1e-9
"""Share by which two equal rates may differ: at the knee they are equal except for rounding."""

USERS = "users"
ARRIVALS = "arrivals"
SLOTS = "slots"
LOOPS = "event loops"
CPU = "CPU"
ADMISSION = "in-flight limit"
GENERATOR = "generator"
DEADLOCK = "deadlock"
BLOCKED = "slow clients"

HELD_AT_WORK = (SLOTS, LOOPS)
"""Limits that a request also holds while the service computes for it."""

STANDSTILL = (DEADLOCK, BLOCKED)
"""Bounds at which no request succeeds."""


@dataclass(frozen=True)
class Limit:
    """A limited resource of a service, such as slots: its capacity, and the seconds that a request holds one unit.

    The limit named CPU has as its capacity the processes that can compute at once, and requests queue at each of them.
    """

    name: str
    capacity: int
    held: float

    @property
    def throughput(self) -> float:
        """The maximum throughput in requests per second."""
        return self.capacity / self.held


@dataclass(frozen=True)
class Calibration:
    """Times of one request in seconds, measured before the steps that they predict.

    `cpu`: CPU time of the service, while many users keep it busy. `cpu_alone`: the same of a single user, whose
    requests find an idle core. `beside`: CPU time on the core of the load generator, while many users keep it busy.
    `turn`: time from one request to the next of a single user. `waited`: the part of it in which the request waited on
    the service and no CPU time was spent. `delay`: the wait, or the computation, that was asked for. `neighbours`: the
    largest share of a set of cores that processes outside the run took meanwhile, from 0 to 1. `inside`: CPU time of a
    single user's request while it held what it waited for, such as that of a database's driver. It includes that of the
    database itself where that shares its core with the load generator.
    """

    cpu: float
    cpu_alone: float
    beside: float
    turn: float
    waited: float
    delay: float
    neighbours: float = 0.0
    inside: float = 0.0


@dataclass(frozen=True)
class Demand:
    """The demand of one request on one service.

    `wait`: seconds that the request waits on the service, by the contract. `late`: seconds by which the wait lasts
    longer, such as the grain of a timer or a database's own time. `inside`: CPU time in seconds during which a request
    holds a unit of a pool. `transit`: seconds outside the service, of the network and the load generator. `beside`: the
    part of `transit` for which requests queue, on the core of one of `generators` load generators. These four are 0
    unless `calibrated`.
    `patience`: seconds until a long poll times out; None for requests
    that do not wait for another request, which needs a slot too. `blocked`: True if slow clients hold every slot.
    `admission`: the requests that may wait at once, beyond which the service refuses further ones; None: as many as
    come.
    """

    wait: float
    limits: tuple[Limit, ...] = ()
    patience: float | None = None
    blocked: bool = False
    late: float = 0.0
    transit: float = 0.0
    beside: float = 0.0
    calibrated: bool = False
    admission: Limit | None = None
    inside: float = 0.0
    generators: int = 1

    @property
    def sheds(self) -> bool:
        """True if the service refuses requests when it is full.

        It cannot unless it has more slots, or event loops, than it admits requests: otherwise they queue for one, and
        nothing is free to refuse them.
        """
        if self.admission is None:
            return False
        return all(each.capacity > self.admission.capacity for each in self.limits if each.name in HELD_AT_WORK)

    @property
    def needs_another(self) -> bool:
        """True if a request that holds a slot waits for another request that needs one."""
        return self.patience is not None and self.slots is not None

    @property
    def tightest(self) -> Limit | None:
        """The limit with the lowest throughput, or None without limits."""
        return min(self.limits, key=lambda limit: limit.throughput, default=None)

    @property
    def slots(self) -> Limit | None:
        """The limit of the slots, or None if slots are unlimited."""
        return self._named(SLOTS)

    @property
    def cpu(self) -> Limit | None:
        """The limit of the CPU, or None if the CPU time of a request is unknown."""
        return self._named(CPU)

    @property
    def alone(self) -> float:
        """The response time in seconds of a request that queues for nothing."""
        return self.wait + self.late + self.transit + (self.cpu.held if self.cpu else 0.0)

    @property
    def waking(self) -> float:
        """The part of `alone` in seconds that disappears while other requests keep the cores busy."""
        return self.transit - self.beside

    @property
    def by_itself(self) -> "Demand":
        """A copy without the load generator's own CPU time: the service as many small clients would see it."""
        return replace(self, transit=self.waking, beside=0.0)

    def waiting(self, wait: float) -> "Demand":
        """Return the demand of a request that waits `wait` seconds: it holds all but the CPU as much longer."""
        longer = wait - self.wait
        limits = (each if each.name == CPU else replace(each, held=each.held + longer) for each in self.limits)
        admission = self.admission and replace(self.admission, held=self.admission.held + longer)
        return replace(self, wait=wait, limits=tuple(limits), admission=admission)

    def part(self, processes: int) -> "Demand":
        """Return the demand on one of several processes, each of which has an equal part of every limit."""
        limits = tuple(replace(each, capacity=max(1, each.capacity // processes)) for each in self.limits)
        admission = self.admission and replace(self.admission, capacity=self.admission.capacity // processes)
        return replace(self, limits=limits, admission=admission)

    @property
    def uncalibrated(self) -> "Demand":
        """The waits and limits of this demand by the contract alone, without the CPU."""
        cpu, stretch = (self.cpu.held if self.cpu else 0.0), self._stretch(self.late)
        limits = tuple(
            replace(
                limit,
                held=(limit.held - cpu) / stretch
                if limit.name in HELD_AT_WORK
                else limit.held / self._stretch(self.late + self.inside),
            )
            for limit in self.limits
            if limit.name != CPU
        )
        admission = self.admission and replace(self.admission, held=self.admission.held / stretch)
        return Demand(self.wait, limits, admission=admission)

    def slower(self, times: float, beside: float) -> "Demand":
        """Return this demand if a request costs `times` as much CPU time, and the load generator `beside` as much."""
        more, inside = (times - 1) * (self.cpu.held if self.cpu else 0.0), self.inside * times
        pools = self._stretch(self.late + inside) / self._stretch(self.late + self.inside)
        limits = tuple(
            replace(limit, held=limit.held + more if limit.name in (CPU, *HELD_AT_WORK) else limit.held * pools)
            for limit in self.limits
        )
        transit = self.waking * times + self.beside * beside
        return replace(self, limits=limits, transit=transit, beside=self.beside * beside, inside=inside)

    def calibrated_by(self, calibration: Calibration, processors: int) -> "Demand":
        """Return this demand with the times of a calibration; `processors` is the capacity of the limit CPU.

        If a request computes instead of waiting, the computation is part of the calibration's CPU time, and this demand
        has its own already: only the rest is added.
        """
        own = 0.0 if self.cpu is None else self.cpu.held
        cpu = own + calibration.cpu - (calibration.delay if own else 0.0)
        late = max(0.0, calibration.waited - calibration.delay) if self.wait else 0.0
        waited = calibration.delay + late if self.wait else 0.0
        stretch, pools = self._stretch(late), self._stretch(late + calibration.inside)
        limits = tuple(
            replace(limit, held=limit.held * stretch + cpu if limit.name in HELD_AT_WORK else limit.held * pools)
            for limit in self.limits
            if limit.name != CPU
        )
        return replace(
            self,
            limits=(*limits, Limit(CPU, processors, cpu)),
            admission=self.admission and replace(self.admission, held=self.admission.held * stretch),
            late=late,
            inside=calibration.inside if self.wait else 0.0,
            transit=max(calibration.beside, calibration.turn - calibration.cpu - waited),
            beside=calibration.beside,
            calibrated=True,
        )

    def _stretch(self, longer: float) -> float:
        """Return the factor by which a wait that takes `longer` seconds more is longer than the contract's."""
        return 1 + longer / self.wait if self.wait else 1.0

    def _named(self, name: str) -> Limit | None:
        return next((limit for limit in self.limits if limit.name == name), None)


@dataclass(frozen=True)
class Prediction:
    """The model's prediction for one service under one load."""

    throughput: float
    """Successful requests per second."""

    response: float
    """Seconds from request to response, including the queue."""

    bound: str
    """`users`, `arrivals`, the name of a limit, `generator`, `deadlock` or `slow clients`."""

    @property
    def saturated(self) -> bool:
        """True if requests queue, or are refused."""
        return self.bound not in (USERS, ARRIVALS)
