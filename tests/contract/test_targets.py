import pytest

from contract.problems import Problem
from contract.targets import texts


@pytest.mark.parametrize(
    ("target", "path", "found"),
    [
        ("/", "/", {}),
        ("/?", "/", {}),
        ("/healthz", "/healthz", {}),
        ("/delay/1s", "/delay/{duration}", {"duration": "1s"}),
        ("/delay/", "/delay/{duration}", {"duration": ""}),
        ("/delay/%31%73", "/delay/{duration}", {"duration": "1s"}),
        ("/delay/%", "/delay/{duration}", {"duration": "%"}),
        ("/delay/%zz", "/delay/{duration}", {"duration": "%zz"}),
        ("/delay/1+1", "/delay/{duration}", {"duration": "1+1"}),
        ("/delay/..", "/delay/{duration}", {"duration": ".."}),
        ("/delay/é", "/delay/{duration}", {"duration": "é"}),
        ("/delay/1#x", "/delay/{duration}", {"duration": "1#x"}),
        ("/delay/a%252Fb", "/delay/{duration}", {"duration": "a%2Fb"}),
        ("/fanout?n=5&delay=1s", "/fanout", {"n": "5", "delay": "1s"}),
        ("/fanout?n=", "/fanout", {"n": ""}),
        ("/fanout?n", "/fanout", {"n": ""}),
        ("/fanout?%6E=%35", "/fanout", {"n": "5"}),
        ("/fanout?n=1+1", "/fanout", {"n": "1 1"}),
        ("/fanout?n=1;delay=1", "/fanout", {"n": "1;delay=1"}),
        ("/fanout?n=1?n=2", "/fanout", {"n": "1?n=2"}),
        ("/fanout?n=a=b", "/fanout", {"n": "a=b"}),
        ("/fanout?&&n=1&", "/fanout", {"n": "1"}),
        ("/fanout?what=ever", "/fanout", {"what": "ever"}),
        ("http://any.test/fanout?n=1", "/fanout", {"n": "1"}),
        ("http://any.test", "/", {}),
        ("http://any.test?n=1", "/", {"n": "1"}),
        ("https://any.test:1/delay/1", "/delay/{duration}", {"duration": "1"}),
    ],
)
def test_the_text_of_each_parameter_is_found(target: str, path: str, found: dict[str, str]) -> None:
    assert texts(target, path) == found


@pytest.mark.parametrize("query", ["_=1", "_", "_=1&_=2", "_nocache=1", "%5F=1", "_a=1&_b=2"])
def test_names_that_begin_with_an_underscore_are_left_out(query: str) -> None:
    assert texts(f"/fanout?{query}", "/fanout") == {}
    assert texts(f"/fanout?{query}&n=1", "/fanout") == {"n": "1"}


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/healthz/", "/healthz"),
        ("/healthz#x", "/healthz"),
        ("/health%7A", "/healthz"),
        ("//healthz", "/healthz"),
        ("/healthz2", "/healthz"),
        ("healthz", "/healthz"),
        ("*", "/"),
        ("", "/"),
        ("http://any.test", "/healthz"),
        ("ftp://any.test/healthz", "/healthz"),
        ("/delay", "/delay/{duration}"),
        ("/d%65lay/1", "/delay/{duration}"),
        ("//delay/1", "/delay/{duration}"),
        ("/delay/1/", "/delay/{duration}"),
        ("/delay//1", "/delay/{duration}"),
        ("/delay/a/b", "/delay/{duration}"),
        ("/delay/a%2Fb", "/delay/{duration}"),
        ("/delay/a%2fb", "/delay/{duration}"),
        ("/delay/%2F", "/delay/{duration}"),
    ],
)
def test_a_target_of_another_path_is_not_found(target: str, path: str) -> None:
    with pytest.raises(Problem) as refusal:
        texts(target, path)
    assert (refusal.value.status, refusal.value.detail) == (
        404,
        f"No endpoint matches {target!r}; GET / lists the endpoints.",
    )


@pytest.mark.parametrize(
    ("target", "path", "detail"),
    [
        ("/fanout?n=1&n=2", "/fanout", "'n' may be given only once; got '2' as well."),
        ("/fanout?n=1&%6E=1", "/fanout", "'n' may be given only once; got '1' as well."),
        ("/fanout?n&n", "/fanout", "'n' may be given only once; got '' as well."),
        ("/delay/1?duration=2", "/delay/{duration}", "'duration' may be given only once; got '2' as well."),
        ("/delay/%00", "/delay/{duration}", r"'duration' must be UTF-8 text without NUL; got '\x00'."),
        ("/delay/1%00", "/delay/{duration}", r"'duration' must be UTF-8 text without NUL; got '1\x00'."),
        ("/delay/%ff", "/delay/{duration}", r"'duration' must be UTF-8 text without NUL; got '\udcff'."),
        ("/delay/%C3", "/delay/{duration}", r"'duration' must be UTF-8 text without NUL; got '\udcc3'."),
        (
            "/delay/%ed%a0%80",
            "/delay/{duration}",
            r"'duration' must be UTF-8 text without NUL; got '\udced\udca0\udc80'.",
        ),
        ("/delay/\udcff", "/delay/{duration}", r"'duration' must be UTF-8 text without NUL; got '\udcff'."),
        ("/fanout?n=%00", "/fanout", r"'n' must be UTF-8 text without NUL; got '\x00'."),
        ("/fanout?n=%ff", "/fanout", r"'n' must be UTF-8 text without NUL; got '\udcff'."),
        ("/fanout?n=\udcff", "/fanout", r"'n' must be UTF-8 text without NUL; got '\udcff'."),
        ("/fanout?%ff=1", "/fanout", r"'\udcff' must be UTF-8 text without NUL; got '1'."),
        ("/fanout?%00=1", "/fanout", r"'\x00' must be UTF-8 text without NUL; got '1'."),
        ("/fanout?_=%ff", "/fanout", r"'_' must be UTF-8 text without NUL; got '\udcff'."),
    ],
)
def test_what_is_repeated_or_not_text_is_refused(target: str, path: str, detail: str) -> None:
    with pytest.raises(Problem) as refusal:
        texts(target, path)
    assert (refusal.value.status, refusal.value.detail) == (400, detail)


def test_a_query_holds_at_most_a_hundred_parameters() -> None:
    assert len(texts("/fanout?" + "&".join(f"p{i}=1" for i in range(100)), "/fanout")) == 100
    with pytest.raises(Problem, match=r"^The query may hold at most 100 parameters\.$") as refusal:
        texts("/fanout?" + "&".join(f"_{i}=1" for i in range(101)), "/fanout")
    assert refusal.value.status == 400


def test_a_long_target_is_cut_short_where_it_is_shown() -> None:
    with pytest.raises(Problem) as refusal:
        texts("/" + "a" * 8000, "/healthz")
    assert refusal.value.detail == f"No endpoint matches '/{'a' * 79}...'; GET / lists the endpoints."
