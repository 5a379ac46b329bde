from itertools import pairwise, product

import pytest

from loadtest.workload.queueing import Station, mean_value_analysis

ONE = (Station(1.0),)
TWO_SERVERS = (Station(1.0, 2),)
TWO = (Station(1.0), Station(0.5))


# By hand, for a turn of one second of delay and a demand of one second, unless the row says otherwise: the customers at
# a station are those that one customer fewer leaves there, and the one in service has half of its demand left.
@pytest.mark.parametrize(
    ("stations", "delay", "waking", "throughputs"),
    [
        ((), 0.5, 0.0, [2, 4, 6]),  # nothing to queue for
        (ONE, 0.0, 0.0, [1, 1, 1]),  # no delay: the first customer fills the station
        # 2: waits 1 + 1/2 - 1/4; 3: would be 9/8
        (ONE, 1.0, 0.0, [1 / 2, 8 / 9, 1]),
        # the same at half the speed
        ((Station(2.0),), 2.0, 0.0, [1 / 4, 4 / 9, 1 / 2]),
        # 2: waits 1 + (1/2 - 1/4) / 2; 3: waits 1 + (18/17 - 8/17) / 2
        (TWO_SERVERS, 1.0, 0.0, [1 / 2, 16 / 17, 17 / 13]),
        # a delay of half a second; 2: waits 5/4 and 9/16; 3: would be more than the slower station carries
        (TWO, 0.5, 0.0, [1 / 2, 32 / 37, 1]),
        # half a second to wake up, less the busier the station is. 2: waits 6/5, and wakes for 3/10; 3: would be 1.13
        (ONE, 1.0, 0.5, [2 / 5, 4 / 5, 1]),
    ],
    ids=["none", "no delay", "one", "slower", "two servers", "two stations", "waking"],
)
def test_the_throughput_of_few_customers_is_that_worked_out_by_hand(
    stations: tuple[Station, ...], delay: float, waking: float, throughputs: list[float]
) -> None:
    found = [mean_value_analysis(customers, delay, stations, waking) for customers in (1, 2, 3)]
    assert found == pytest.approx(throughputs)


@pytest.mark.parametrize("number", [1, 10, 1000])
def test_customers_who_queue_for_nothing_only_wait(number: int) -> None:
    assert mean_value_analysis(number, 0.25, ()) == pytest.approx(4 * number)


def test_no_customers_have_no_throughput() -> None:
    assert mean_value_analysis(0, 1.0, ONE) == 0


NETWORKS = [
    (delay, stations, waking)
    for delay, stations, waking in product(
        (0.0, 0.001, 0.1, 10.0),
        (
            (Station(0.001),),
            (Station(0.001, 2),),
            (Station(0.003, 8),),
            (Station(0.001), Station(0.0002)),
            (Station(0.0002), Station(0.001)),
            (Station(0.002, 2), Station(0.001)),
        ),
        (0.0, 0.0005),
    )
]


@pytest.mark.parametrize(("delay", "stations", "waking"), NETWORKS)
def test_throughput_is_never_above_a_bound_and_with_many_customers_reaches_the_tightest(
    delay: float, stations: tuple[Station, ...], waking: float
) -> None:
    most = min(station.servers / station.demand for station in stations)
    hurried = delay + sum(station.demand for station in stations)
    for customers in (1, 2, 3, 10, 100, 1000):
        found = mean_value_analysis(customers, delay, stations, waking)
        assert 0 < found <= min(customers / hurried, most) * (1 + 1e-9)
    assert mean_value_analysis(1, delay, stations, waking) == pytest.approx(min(1 / (hurried + waking), most))
    assert mean_value_analysis(50_000, delay, stations, waking) == pytest.approx(most, rel=0.001)


@pytest.mark.parametrize(("delay", "stations", "waking"), NETWORKS)
def test_one_customer_more_never_lowers_the_throughput(
    delay: float, stations: tuple[Station, ...], waking: float
) -> None:
    found = [mean_value_analysis(customers, delay, stations, waking) for customers in range(1, 60)]
    assert all(more >= less * (1 - 1e-9) for less, more in pairwise(found))


def test_as_many_servers_carry_as_much_with_shorter_queues_if_they_share_one() -> None:
    apart = mean_value_analysis(4, 0.01, (Station(0.002, 2),))
    together = mean_value_analysis(4, 0.01, (Station(0.001),))
    assert apart < together
