from loadtest.bench.planted.cases import KINDS, LOOPS, STARTS, cases
from loadtest.bench.planted.faults import FAULTS


def test_each_of_twelve_faults_has_a_kind_and_is_a_case_of_each_framework_and_loop() -> None:
    assert [*KINDS] == [*FAULTS]
    assert len({each.path for each in cases()}) == 12
    assert len({*cases()}) == 12 * len(STARTS) * len(LOOPS) == 72


def test_each_fault_marks_one_line_of_its_function() -> None:
    for case in cases():
        code = case.fault.__code__
        assert case.line in {line for _, _, line in code.co_lines()}, case.path
