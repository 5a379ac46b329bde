import re

from loadtest.workload.closed import Closed
from loadtest.workload.demand import CPU, Demand, Limit
from tests.docs.support.pages import section


def test_the_table_of_load_generators_is_that_of_the_model() -> None:
    lines = re.findall(
        r"^(\d+) process(?:es)? +(.*)$", section("docs/scaling-out.md", "When one is enough"), re.MULTILINE
    )
    assert len(lines) == 4
    for processes, figures in lines:
        told = [" ".join(found) for found in re.findall(r"([\d,]+) (\w+)", figures)]
        for generators, figure in zip((1, 2, 4, 8), told, strict=True):
            limits = (Limit(CPU, int(processes), 0.0002),)
            demand = Demand(0.1, limits, transit=0.0002, beside=0.0002, calibrated=True, generators=generators)
            found = Closed(10_000).predict(demand)
            assert figure == f"{found.throughput:,.0f} {found.bound}"
