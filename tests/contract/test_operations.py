import pytest

from contract.operation import LONGEST_BODY, Operation, options
from contract.operations import OPERATIONS
from contract.problems import Problem
from contract.settings import Settings

EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def test_no_name_and_no_path_is_there_twice() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({operation.path for operation in OPERATIONS}) == len(OPERATIONS)


@EVERY
def test_the_example_is_a_good_request(operation: Operation) -> None:
    assert isinstance(operation.parse(operation.example, {}, Settings()), operation.takes)


@EVERY
def test_an_unknown_parameter_is_refused_with_the_known_ones(operation: Operation) -> None:
    known = [name for name in operation.takes.model_fields if name not in operation.takes.from_headers]
    takes = f"takes only {', '.join(known)}" if known else "takes no parameters"
    query = "&" if "?" in operation.example else "?"
    with pytest.raises(Problem) as refusal:
        operation.parse(f"{operation.example}{query}dealy=1s", {}, Settings())
    assert refusal.value.status == 400
    assert refusal.value.detail == f"{operation.path} {takes}; got 'dealy' with the value '1s'."


@EVERY
def test_a_request_header_is_not_a_parameter(operation: Operation) -> None:
    for name in operation.takes.from_headers:
        with pytest.raises(Problem, match=f"takes no parameters; got '{name}' with the value 'x'"):
            operation.parse(f"{operation.example}?{name}=x", {}, Settings())


@EVERY
@pytest.mark.parametrize("length", ["0", "00", "1", str(LONGEST_BODY)])
def test_a_body_up_to_the_limit_is_let_pass(operation: Operation, length: str) -> None:
    operation.parse(operation.example, {"Content-Length": length}, Settings())


@EVERY
@pytest.mark.parametrize("length", [str(LONGEST_BODY + 1), "1" + "0" * 300, "-1", "abc", "", "1.5", "²"])
def test_a_longer_body_is_refused(operation: Operation, length: str) -> None:
    with pytest.raises(Problem, match=r"^The body of a request may hold at most 4096 bytes\.$") as refusal:
        operation.parse(operation.example, {"Content-Length": length}, Settings())
    assert refusal.value.status == 413


@EVERY
def test_a_body_of_unknown_length_is_refused(operation: Operation) -> None:
    with pytest.raises(Problem, match=r"needs a Content-Length, of at most 4096 bytes\.$") as refusal:
        operation.parse(operation.example, {"Transfer-Encoding": "chunked"}, Settings())
    assert refusal.value.status == 411


def test_options_names_the_methods_in_its_body_and_its_header() -> None:
    assert options().body == b'{"allow":["GET","HEAD","OPTIONS"]}\n'
    assert options().headers == {"Allow": "GET, HEAD, OPTIONS"}
