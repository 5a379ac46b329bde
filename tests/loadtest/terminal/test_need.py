import io

from rich.console import Console

from loadtest.results.advice import Advice, Proposal
from loadtest.terminal.layout import put
from loadtest.terminal.need import tables
from tests.loadtest.support.fabricated import results, step


def proposal(what: str, p99: float | None, memory: float | None, cores: float | None, *, enough: bool) -> Proposal:
    return Proposal(
        what=what, processes=1, slots=8, throughput=120.4, p99=p99, memory=memory, cores=cores, enough=enough
    )


def test_the_proposals_for_a_service_have_a_table() -> None:
    proposals = [
        proposal("as it is", None, None, None, enough=False),
        proposal("12 threads in 1 process", 0.1049, 100.4 * 2**20, 0.126, enough=True),
    ]
    some = Advice(service="mine", need="120 requests/s", proposals=proposals, sentence="No.")
    none = Advice(service="other", need="120 requests/s", proposals=[], sentence="That cannot be told.")
    run = results([step("mine", 1)]).model_copy(update={"advice": [none, some]})
    (table,) = tables(run)
    screen = Console(file=io.StringIO(), width=120, color_system=None)
    put(screen, table)
    assert isinstance(screen.file, io.StringIO)
    words = screen.file.getvalue().replace("─", "").split()  # a title may be longer than its table is wide
    assert (
        words
        == " ".join(
            [
                "mine for 120 requests/s: predicted (requests/s; p99 in ms; memory in MiB; cores busy)",
                "with throughput p99 memory cores carries it",
                "as it is 120 grows - - no",
                "12 threads in 1 process 120 105 100.4 0.13 yes",
            ]
        ).split()
    )
