from loadtest.workload.closed import Closed
from loadtest.workload.demand import CPU, Demand, Limit
from tests.docs.support.pages import rows


def test_the_table_of_load_generators_is_that_of_the_model() -> None:
    table = rows("docs/scaling-out.md", "When one is enough", "processes of the service")
    for row in table:
        processes, *cells = row
        for generators, cell in zip((1, 2, 4, 8), cells, strict=True):
            demand = Demand(
                0.1,
                (Limit(CPU, int(processes), 0.0002),),
                transit=0.0002,
                beside=0.0002,
                calibrated=True,
                generators=generators,
            )
            found = Closed(10_000).predict(demand)
            assert cell == f"{found.throughput:,.0f} {found.bound}"
    assert len(table) == 4
