import pytest

from contract.operation import LONGEST_BODY, Operation, options
from contract.operations import OPERATIONS, refusal
from contract.problems import Problem
from contract.settings import Settings
from tests.contract.support.asking import BY_NAME, parsed_body, parsed_example, whole

EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def test_no_name_and_no_path_is_there_twice() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({operation.path for operation in OPERATIONS}) == len(OPERATIONS)


@EVERY
def test_the_example_is_a_good_request(operation: Operation) -> None:
    assert isinstance(parsed_example(operation), operation.takes)


@EVERY
def test_what_reads_a_body_is_a_post_and_all_else_a_get(operation: Operation) -> None:
    if operation.name == "answer":
        assert (operation.method, operation.methods) == ("POST", ("POST", "OPTIONS"))
    else:
        assert (operation.method, operation.methods) == ("GET", ("GET", "HEAD", "OPTIONS"))


def test_only_answers_and_a_look_at_the_metrics_take_no_place() -> None:
    assert [operation.name for operation in OPERATIONS if not operation.takes_a_place] == ["answer", "metrics"]


@EVERY
def test_an_unknown_parameter_is_refused_with_the_known_ones(operation: Operation) -> None:
    known = [name for name in operation.takes.model_fields if name not in operation.takes.from_elsewhere()]
    takes = f"takes only {', '.join(known)}" if known else "takes no parameters"
    query = "&" if "?" in operation.example else "?"
    with pytest.raises(Problem) as refusal:
        operation.parse(f"{operation.example}{query}dealy=1s", {}, Settings())
    assert refusal.value.status == 400
    assert refusal.value.detail == f"{operation.path} {takes}; got 'dealy' with the value '1s'."


@pytest.mark.parametrize(
    ("name", "sent", "takes"),
    [
        ("index", "host", "takes no parameters"),
        ("index", "accept", "takes no parameters"),
        ("answer", "answer", "takes only question"),
    ],
)
def test_a_header_or_body_is_not_a_parameter(name: str, sent: str, takes: str) -> None:
    operation = BY_NAME[name]
    with pytest.raises(Problem) as refusal:
        parsed_body(operation, f"{operation.example}?{sent}=x", b"soup" if name == "answer" else b"")
    assert refusal.value.detail == f"{operation.path} {takes}; got {sent!r} with the value 'x'."


@pytest.mark.parametrize("length", ["0", "00", "1", str(LONGEST_BODY)])
def test_admitting_a_body_up_to_the_limit_does_not_raise(length: str) -> None:
    for operation in OPERATIONS:
        operation.admit({"Content-Length": length})


@EVERY
def test_admitting_a_request_without_a_body_does_not_raise(operation: Operation) -> None:
    operation.admit({})


@pytest.mark.parametrize(
    "length",
    [str(LONGEST_BODY + 1), "1" + "0" * 300, "9" * 5000, "-1", "abc", "", "1.5", "²"],
    ids=lambda length: length[:9],
)
def test_a_longer_body_is_refused(length: str) -> None:
    for operation in OPERATIONS:
        with pytest.raises(Problem, match=r"^A request body may hold at most 4096 bytes\.$") as refusal:
            operation.admit({"Content-Length": length})
        assert refusal.value.status == 413


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "1"}, {"Content-Length": "4097"}])
def test_a_body_of_unknown_length_is_refused(headers: dict[str, str]) -> None:
    for operation in OPERATIONS:
        with pytest.raises(Problem, match=r"needs a Content-Length of at most 4096 bytes\.$") as refusal:
            operation.admit({"Transfer-Encoding": "chunked", **headers})
        assert refusal.value.status == 411


@pytest.mark.parametrize("encoding", ["", "identity", "Identity, identity"])
def test_admitting_a_body_as_it_is_does_not_raise(encoding: str) -> None:
    for operation in OPERATIONS:
        operation.admit({"Content-Encoding": encoding, "Content-Length": "1"})


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "x", "identity, gzip", "gzip,identity"])
def test_an_encoded_body_is_refused(encoding: str) -> None:
    for operation in OPERATIONS:
        with pytest.raises(Problem, match=r"^A request body must not be compressed .*\.$") as refusal:
            operation.admit({"Content-Encoding": encoding, "Content-Length": "1"})
        assert (refusal.value.status, refusal.value.headers) == (415, {"Accept-Encoding": "identity"})


@pytest.mark.parametrize(
    ("name", "body"),
    [("index", b'{"allow":["GET","HEAD","OPTIONS"]}\n'), ("answer", b'{"allow":["POST","OPTIONS"]}\n')],
)
def test_options_names_the_methods_in_its_body_and_its_header(name: str, body: bytes) -> None:
    reply = options(BY_NAME[name].methods)
    assert whole(reply) == body
    assert reply.headers == {"Allow": ", ".join(BY_NAME[name].methods)}


@pytest.mark.parametrize(
    ("method", "target", "status", "allowed"),
    [
        ("GET", "/nope", 404, None),
        ("OPTIONS", "/delay/a%2Fb", 404, None),
        ("OPTIONS", "/d%65lay/1", 404, None),
        ("PUT", "//delay/1", 404, None),
        ("PUT", "/delay/1/", 404, None),
        ("PUT", "/delay/1", 405, "GET, HEAD, OPTIONS"),
        ("PUT", "/delay/%ff", 405, "GET, HEAD, OPTIONS"),
        ("PUT", "/delay/nan?x=1&x=2", 405, "GET, HEAD, OPTIONS"),
        ("HEAD", "/answer/", 405, "OPTIONS, POST"),
        ("get", "http://x/healthz", 405, "GET, HEAD, OPTIONS"),
    ],
)
def test_what_no_operation_takes_is_refused_for_its_path_or_for_its_method(
    method: str, target: str, status: int, allowed: str | None
) -> None:
    problem = refusal(method, target)
    assert (problem.status, problem.headers.get("Allow")) == (status, allowed)
