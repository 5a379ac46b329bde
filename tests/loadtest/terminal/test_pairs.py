import io

from rich.console import Console

from loadtest.results.schema import Pairing
from loadtest.terminal.layout import put
from loadtest.terminal.pairs import tables
from tests.loadtest.support.fabricated import measured, options, results, step


def test_each_pairing_has_a_table_of_medians_ratios_and_what_they_say() -> None:
    steps = [
        step(name, users, repeat=repeat, measured=measured(users, took, memory=memory * 2**20, server_cpu=None))
        for name, took, memory in (("old", 0.1, 100), ("new", 0.05, 150), ("old again", 0.1, 100))
        for repeat in range(1, 7)
        for users in (1, 100)
    ]
    itself = Pairing(before="old", after="old again", itself=True)
    pairings = [itself, Pairing(before="old", after="new")]
    run = results(steps)
    run = run.model_copy(update={"options": options(loads=run.options.loads, pairings=pairings, repeats=6)})
    screen = Console(file=io.StringIO(), width=120, color_system=None)
    for each in tables(run):
        put(screen, each)
    assert isinstance(screen.file, io.StringIO)
    words = screen.file.getvalue().replace("─", "").split()  # a title may be longer than its table is wide
    title = "pair by pair (requests/s; latency in ms; CPU in µs; memory in MiB)"
    assert (
        words
        == " ".join(
            [
                f"old again against old, {title}",
                "users figure old old again ratio interval pairs says",
                "1 throughput 10.0 10.0 1.000 1.000 to 1.000 6 alike",
                "p50 100 100 1.000 1.000 to 1.000 6 alike",
                "memory 100.0 100.0 1.000 1.000 to 1.000 6 alike",
                "100 throughput 1000 1000 1.000 1.000 to 1.000 6 alike",
                "p50 100 100 1.000 1.000 to 1.000 6 alike",
                "p99 100 100 1.000 1.000 to 1.000 6 alike",
                "memory 100.0 100.0 1.000 1.000 to 1.000 6 alike",
                f"new against old, {title}",
                "users figure old new ratio interval pairs says",
                "1 throughput 10.0 20.0 2.000 2.000 to 2.000 6 faster",
                "p50 100 50.0 0.500 0.500 to 0.500 6 faster",
                "memory 100.0 150.0 1.500 1.500 to 1.500 6 more",
                "100 throughput 1000 2000 2.000 2.000 to 2.000 6 faster",
                "p50 100 50.0 0.500 0.500 to 0.500 6 faster",
                "p99 100 50.0 0.500 0.500 to 0.500 6 faster",
                "memory 100.0 150.0 1.500 1.500 to 1.500 6 more",
            ]
        ).split()
    )
    assert tables(results(steps)) == []
