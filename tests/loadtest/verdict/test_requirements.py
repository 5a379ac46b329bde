"""Requirements: what their texts say, and which ones are refused."""

import pytest

from loadtest.verdict.requirements import CAPACITY, FIGURES, STALLS, refuse, requirement

TAKES = "a requirement reads like p99<500ms, "


def test_a_text_names_a_service_a_figure_a_side_and_a_value() -> None:
    for text, service, figure, bound, other in (
        ("p99<500ms", None, "p99", 500.0, None),
        (" new : p99.9 <= 1.5 s ", "new", "p99.9", 1500.0, None),
        ("p50<250us", None, "p50", 0.25, None),
        ("errors<0.1%", None, "errors", 0.001, None),
        ("errors<=0%", None, "errors", 0.0, None),
        ("throughput>=100", None, "throughput", 100.0, None),
        ("goodput>12.5/s", None, "goodput", 12.5, None),
        ("memory<200MiB", None, "memory", 200 * 2**20, None),
        ("memory<200MB", None, "memory", 200e6, None),
        ("cpu<1.2ms", None, "cpu", 1200.0, None),
        ("capacity>=200/s", None, "capacity", 200.0, None),
        ("stalls<10ms", None, "stalls", 10.0, None),
        ("throughput>=0.95x old", None, "throughput", 0.95, "old"),
        ("flask:threads=8: p99 < 2x a flask:threads=4", "flask:threads=8", "p99", 2.0, "a flask:threads=4"),
    ):
        found = requirement(text)
        assert (found.service, found.figure, found.other) == (service, figure, other), text
        assert found.bound == pytest.approx(bound), text
        assert found.text == text.strip()


def test_a_side_includes_its_value_or_not() -> None:
    sides = {sign: [requirement(f"throughput{sign}100").allows(each) for each in (99, 100, 101)] for sign in SIGNS}
    assert sides == SIGNS


SIGNS = {
    "<": [True, False, False],
    "<=": [True, True, False],
    ">": [False, False, True],
    ">=": [False, True, True],
}


def test_a_text_that_is_no_requirement_is_refused_in_one_sentence() -> None:
    for text, complaint in (
        *((text, TAKES) for text in ("", "p99", "p99=500ms", "p99==500ms", "p99=>5ms", "<5ms", ": p99<5ms", "p99<")),
        ("p98<500ms", f"There is no figure 'p98' to require; choose from {', '.join(FIGURES)}."),
        ("P99<500ms", "There is no figure 'P99' to require; "),
        ("p99<500", "The value of p99 is written as 1ms, 1s, 1us or 1µs, or as 0.95x NAME; got 'p99<500'."),
        ("p99<500MiB", "The value of p99 is written as "),
        ("p99<-1ms", "The value of p99 is written as "),
        ("p99<nanms", "The value of p99 is written as "),
        ("p99<1e3ms", "The value of p99 is written as "),
        ("errors<1", "The value of errors is written as 1%; got 'errors<1'."),
        ("memory<200", "The value of memory is written as 1MiB, "),
        ("throughput>100ms", "The value of throughput is written as 1/s or 1, "),
        ("throughput>=0.95x", "The value of throughput is written as "),
        ("errors<2x old", "errors takes a share such as 1%: of none there is no multiple; got 'errors<2x old'."),
        ("stalls<2x old", "stalls takes a time such as 10ms: of none there is no multiple; got 'stalls<2x old'."),
        ("stalls<10", "The value of stalls is written as 1ms, 1s, 1us or 1µs; got 'stalls<10'."),
        ("p99<0x old", "A factor must be above 0; got 'p99<0x old'."),
    ):
        with pytest.raises(ValueError, match=r"\.$") as refused:
            requirement(text)
        assert str(refused.value).startswith(complaint), text


def test_a_run_that_cannot_have_an_answer_is_refused() -> None:
    run = {"services": ["old", "new"], "deadline": False}
    search = {**run, "only": CAPACITY}
    for text, of, complaint in (
        ("olb: p99<1s", run, "'olb: p99<1s' names 'olb', and there are only old and new."),
        ("p99<2x olb", run, "'p99<2x olb' names 'olb', and there are only old and new."),
        ("old: p99<2x old", run, "'old: p99<2x old' compares old with itself; it takes two services."),
        ("p99<2x old", {**run, "services": ["old"]}, "'p99<2x old' compares old with itself; it takes two services."),
        ("goodput>1", run, "'goodput>1' needs a run with --deadline."),
        ("capacity>1", run, "Only the command capacity finds a capacity; got 'capacity>1'."),
        ("p99<1s", search, "A search for capacity goes beyond it, and can only require capacity; got 'p99<1s'. "),
        ("stalls<1ms", run, "Only the command stalls finds what holds an event loop; got 'stalls<1ms'."),
        ("stalls<1ms", search, "A search for capacity goes beyond it, and can only require capacity; got "),
        ("p99<1s", {**run, "only": STALLS}, "The command stalls can only require stalls; got 'p99<1s'."),
        ("capacity>1", {**run, "only": STALLS}, "The command stalls can only require stalls; got 'capacity>1'."),
        ("p99<2x old", {**run, "others": ["before"]}, "'p99<2x old' names 'old', and there is only before."),
    ):
        with pytest.raises(ValueError, match=r"\.$") as refused:
            refuse([requirement(text)], **of)  # type: ignore[arg-type]
        assert str(refused.value).startswith(complaint), text
    for text, of in (
        ("new: p99<2x old", run),
        ("goodput>1", {**run, "deadline": True}),
        ("capacity>2x old", search),
        ("p99<2x before", {**run, "others": ["before"]}),
    ):
        refuse([requirement(text)], **of)  # type: ignore[arg-type]
