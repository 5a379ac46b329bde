import pytest

from loadtest.contenders.cores import Cores
from loadtest.results.schema import Results
from loadtest.verdict.placement import placement
from tests.loadtest.support.fabricated import generator_part as part
from tests.loadtest.support.fabricated import measured, results, step

APART = Cores((0, 1, 2), (3,))


def run(
    name: str = "aiohttp",
    others: tuple[str, ...] = (),
    generators: int = 0,
    hosts: tuple[str, ...] = (),
    **changes: object,
) -> Results:
    """Return a run. `hosts`: the machines of its load generators, if that is another one."""
    parts = [part(place, local=not hosts, host=hosts[place] if hosts else "here") for place in range(generators)]
    window = measured(1, others_cpu=dict.fromkeys(("command", *others), 0.0), generators=parts)
    return results([step(name, 1, measured=window)]).model_copy(update=changes)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (run(cores=APART), "services on cores 0-2; load generator on core 3"),
        (
            run(others=("upstream", "database"), cores=Cores((0,), (1, 3))),
            "services on core 0; load generator, database and upstream on cores 1,3",
        ),
        (run(generators=2, cores=APART), "services on cores 0-2; 2 load generators on core 3"),
        (
            run(generators=2, hosts=("north", "south"), cores=APART),
            "services on cores 0-2; 2 load generators on north and south",
        ),
        (
            run(others=("database",), generators=1, hosts=("north",), cores=APART),
            "services on cores 0-2; database on core 3; 1 load generator on north",
        ),
        (run("stranger", generators=1, hosts=("north",), cores=APART), "1 load generator on north"),
        (run("stranger", cores=APART), "load generator on core 3"),
        (run("stranger"), "used by load generator"),
        (
            run(others=("database",), command=["sync-vs-async", "compare", "--cores", "shared"]),
            "shared by services, load generator and database, because --cores is shared",
        ),
        (
            run(command=["sync-vs-async", "compare", "--cores=shared"]),
            "shared by services and load generator, because --cores is shared",
        ),
        (
            run(machine=run().machine.model_copy(update={"cores": 1.5})),
            "shared by services and load generator, because there are fewer than two",
        ),
        (run(), "shared by services and load generator, because this system cannot bind processes to cores"),
    ],
)
def test_a_run_says_which_cores_it_used_and_for_what(found: Results, told: str) -> None:
    assert placement(found) == told
