import pytest

from loadtest.contenders.cores import Cores
from loadtest.report import before_after as two
from loadtest.report.figures.theme import UNSURE
from loadtest.report.paired import REPEATS
from loadtest.results.schema import Contender, Machine, Results, Step
from loadtest.verdict.before_after import TOO_FEW_REPEATS, unlike
from tests.loadtest.support.fabricated import contender, results, step


def repeats(*responses: float) -> list[Step]:
    """Return steps of ten users of one service, one repeat for each response time in seconds."""
    return [step("aiohttp", 10, response, repeat=place) for place, response in enumerate(responses, 1)]


def changed(**changes: object) -> Results:
    """Return a run with changes to its machine or to itself."""
    run = results([step("aiohttp", 10)])
    own = {name: value for name, value in changes.items() if name not in Machine.model_fields}
    return run.model_copy(update={"machine": run.machine.model_copy(update=changes), **own})


def served(**changes: object) -> Results:
    """Return a run with changes to its service."""
    known: Contender = contender("aiohttp", **changes)  # type: ignore[arg-type] # any field of a contender
    return results([step("aiohttp", 10)]).model_copy(update={"contenders": [known]})


def test_runs_without_a_common_step_say_so_and_draw_nothing() -> None:
    page = two.page(results([step("flask", 1)]), results([step("aiohttp", 1)]))
    assert "there is nothing to compare" in page.verdict[0]
    assert page.verdict[1:] == ["Measured only before: flask at 1 user.", "Measured only after: aiohttp at 1 user."]
    assert (page.pictures, page.paired, page.table.rows) == ([], [], [])


def test_runs_that_asked_for_different_things_are_not_drawn() -> None:
    other = changed().model_copy(update={"options": changed().options.model_copy(update={"delay": "250ms"})})
    with pytest.raises(ValueError, match="cannot be compared"):
        two.page(changed(), other)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (changed(), []),
        (changed(cores=8), ["The machines differ in cores: 2 before, 8 after."]),
        (changed(processor="another"), ["The machines differ in processor: a processor before, another after."]),
        (changed(python="3.13.0"), ["The machines differ in python: 3.11.0 before, 3.13.0 after."]),
        (
            changed(packages={"aiohttp": "4.0"}),
            ["The machines differ in packages: aiohttp 3.0 before, aiohttp 4.0 after."],
        ),
        (
            changed(packages={"aiohttp": "3.0", "uvloop": "1"}),
            ["The machines differ in packages: none before, uvloop 1 after."],
        ),
        (changed(complete=False), ["The run after is incomplete."]),
        (changed(commit="another"), []),  # the commit is what the report compares
        (served(command=["serve", "elsewhere"]), []),
        (
            results([step("aiohttp", 10)]).model_copy(update={"cores": Cores((0,), (1,))}),
            ["The runs differ in cores: shared before, service=0,others=1 after."],
        ),
    ],
)
def test_what_differs_beside_what_is_compared_is_said(after: Results, told: list[str]) -> None:
    assert unlike(changed(), after) == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"made_of": "something else"}, "something else"), ({"environment": {"POOL_SIZE": "50"}}, "POOL_SIZE=50")],
)
def test_a_service_that_was_made_in_another_way_is_named(changes: dict[str, object], told: str) -> None:
    (found,) = unlike(served(), served(**changes))
    first, _, second = found.partition(" before, ")
    assert first.startswith("aiohttp differs: ")
    assert told in second
    assert told not in first


def test_the_table_and_the_bars_hold_every_figure_as_it_was_measured() -> None:
    page = two.page(results(repeats(0.100, 0.102)), results(repeats(0.200, 0.204)))
    rates, latency = page.table.rows
    assert rates == ["aiohttp", "10", "throughput, requests/s", "99.0", "49.5", "0.500", "0.490 to 0.510", "slower"]
    assert latency[:6] == ["aiohttp", "10", "p90, ms", "102", "204", "2.000"]
    throughput, slower = page.paired
    (panel,) = throughput.panels
    (found,) = panel.twos
    assert (panel.heading, found.name, found.says, found.clear) == ("10 users", "aiohttp", "slower", True)
    assert found.times == "0.50 times, 0.49 to 0.51"
    assert [(bar.name, bar.label, bar.holds) for bar in found.bars] == [
        ("before", "99.0/s", True),
        ("after", "49.5/s", True),
    ]
    before, after = found.bars
    assert before.ends
    assert after.length == pytest.approx((before.length or 0.0) / 2)
    assert before.ends[0] < (before.length or 0.0) < before.ends[1] == 1
    assert [bar.label for bar in slower.panels[0].twos[0].bars] == ["102 ms", "204 ms"]


def test_the_first_screen_has_the_fewest_the_middle_and_the_most_load_and_what_is_inconclusive_stands_in_brackets() -> (
    None
):
    loads = (1, 2, 10, 50, 200)
    steps = [step("aiohttp", users, repeat=repeat) for users in loads for repeat in (1, 2)]
    doubtful = [step("aiohttp", 200, repeat=repeat, doubts=["a doubt"]) for repeat in (1, 2)]
    first, others, *_ = two.page(results(steps), results([*steps[:-2], *doubtful])).paired
    assert [panel.heading for panel in first.panels] == ["1 user", "10 users", "200 users"]
    assert [panel.heading for panel in others.panels] == ["2 users", "50 users"]
    before, after = first.panels[-1].twos[0].bars
    assert (before.holds, after.holds, after.label) == (True, False, f"({before.label})")
    assert first.panels[-1].twos[0].times == "(1.00 times, 1.00 to 1.00)"
    assert first.caption.endswith(UNSURE)
    assert UNSURE not in others.caption
    assert all(sentence in others.caption for sentence in (REPEATS.bars, REPEATS.ends, REPEATS.times))


def test_one_repeat_says_first_why_nothing_can_be_told_and_what_to_run() -> None:
    page = two.page(results(repeats(0.1)), results(repeats(0.2)))
    assert page.headline == TOO_FEW_REPEATS.rstrip(".")
    assert page.advice
    assert page.advice.commands == ["sync-vs-async compare --repeats 6"]
    assert [bar.ends for bar in page.paired[0].panels[0].twos[0].bars] == [None, None]
    assert page.paired[0].caption == f"{REPEATS.bars} {REPEATS.times}"
    assert two.page(results(repeats(0.1, 0.1)), results(repeats(0.2, 0.2))).advice is None


def test_both_machines_are_told_and_the_commands_that_are_the_same_once() -> None:
    page = two.page(changed(), changed(cores=8, command=["sync-vs-async", "compare", "--quick"]))
    assert dict(page.facts)["Processor"] == "a processor, 2 usable cores before; a processor, 8 usable cores after"
    assert dict(page.facts)["Python"] == "3.11.0"
    assert sorted(page.commands) == [
        ("The load generator", "generate"),
        ("This run, after", "sync-vs-async compare --quick"),
        ("This run, before", "sync-vs-async compare"),
        (
            "aiohttp: aiohttp 1.0, its own server",
            "POOL_SIZE=10 serve aiohttp --worker-class aiohttp.GunicornUVLoopWebWorker",
        ),
    ]
