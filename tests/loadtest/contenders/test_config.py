"""Tests of the file that describes services and requests of the user's own."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from loadtest.contenders.config import Mistakes, read
from loadtest.contenders.request import Expected, Request
from loadtest.contenders.secrets import MASK, Secrets
from loadtest.contenders.target import Target, Tls

SERVICE = '[service.shop]\nurl = "http://127.0.0.1:5001"\n'

WHOLE = """
[service.old]
run = "gunicorn -b 127.0.0.1:{port} shop:app"
cwd = "old"
ready = "/healthz"
build = ["make assets"]
before = ["./reset --hard ${QUOTED}"]
env = { API_KEY = "${KEY}", MODE = "fast" }

[service.new]
url = "http://localhost:5002/"

[request.order]
path = "/orders?kind=new"
query = { q = "soup & bread", page = 2, hot = true, number = "{n}" }
headers = { Authorization = "Bearer ${TOKEN}" }
json = { id = "{uuid}", lines = [{ name = "{name}", price = 1.5, sold = 2026-11-28 }] }
csv = "names.csv"
expect = { status = 201, header = { Kind = "order" }, body = "id" }
weight = 3

[request.upload]
path = "/files/{n}"
method = "put"
file = "names.csv"

[request.raw]
body = "plain {text}"
"""


def described(folder: Path, text: str, **environment: str) -> list[Target]:
    path = folder / "services.toml"
    path.write_text(text, encoding="utf-8")
    return read(path, Secrets(environment), Tls(), allow_remote=False)


def mistakes(folder: Path, text: str, **environment: str) -> list[str]:
    """Return the lines of the error, without the path of the file."""
    with pytest.raises(Mistakes) as error:
        described(folder, text, **environment)
    start = f"{folder / 'services.toml'}: "
    lines = str(error.value).splitlines()
    assert all(line.startswith(start) and line.endswith(".") for line in lines)
    return [line.removeprefix(start) for line in lines]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old").mkdir()
    (tmp_path / "names.csv").write_text('name,age\n"O\'Hara ""Al"" é",31\nBo,40\n', encoding="utf-8")
    return tmp_path


def test_services_are_found_running_or_started_and_all_get_the_same_requests(folder: Path) -> None:
    old, new = described(folder, WHOLE, KEY="k-123", TOKEN="t-456", QUOTED='k-123\'s "own"')
    assert old.start
    assert (old.name, old.url, old.start.folder) == ("old", "", folder / "old")
    assert old.made_of == "gunicorn -b 127.0.0.1:{port} shop:app"
    assert old.start.command == ("gunicorn", "-b", "127.0.0.1:{port}", "shop:app")
    assert (old.start.ready, old.start.build, old.start.before) == (
        *("/healthz", (("make", "assets"),)),
        (("./reset", "--hard", 'k-123\'s "own"'),),
    )
    assert old.start.environment == {"API_KEY": "k-123", "MODE": "fast"}
    assert (new.name, new.url, new.start, new.made_of) == (
        "new",
        "http://localhost:5002",
        None,
        "http://localhost:5002",
    )
    assert old.requests == new.requests
    assert all(each.described for each in (old, new))


def test_a_request_is_what_the_file_says_and_is_filled_anew_each_time(folder: Path) -> None:
    order, upload, raw = described(folder, WHOLE, KEY="k", TOKEN="t-456", QUOTED="q")[0].requests
    assert (order.label, order.method, order.weight, order.fixed) == ("order", "POST", 3, False)
    assert (order.expected.status, order.expected.headers, order.expected.part) == (201, {"Kind": "order"}, "id")
    first, second, third = (order.sent(number) for number in (1, 2, 3))
    assert parse_qs(urlsplit(first.path).query) == {
        **{"kind": ["new"], "q": ["soup & bread"], "page": ["2"], "hot": ["true"], "number": ["1"]}
    }
    assert first.headers == {"Content-Type": "application/json", "Authorization": "Bearer t-456"}
    sold = [json.loads(each.body or "") for each in (first, second, third)]
    assert [each["lines"][0]["name"] for each in sold] == ['O\'Hara "Al" é', "Bo", 'O\'Hara "Al" é']
    assert len({each["id"] for each in sold}) == 3
    assert sold[0]["lines"][0] | {"name": ""} == {"name": "", "price": 1.5, "sold": "2026-11-28"}
    assert (upload.method, upload.sent(7).path, upload.body) == ("PUT", "/files/7", (folder / "names.csv").read_text())
    assert (raw.method, raw.fixed, raw.body) == ("POST", True, "plain {text}")


def test_json_has_one_type_however_its_header_is_written(folder: Path) -> None:
    text = f'{SERVICE}[request.r]\njson = 1\nheaders = {{ content-type = "application/merge-patch+json" }}'
    (target,) = described(folder, text)
    assert target.requests[0].headers == {"content-type": "application/merge-patch+json"}


def test_a_locustfile_is_found_beside_the_file(folder: Path) -> None:
    (folder / "mine.py").touch()
    (target,) = described(folder, f'locustfile = "mine.py"\n{SERVICE}')
    assert target.locustfile == folder / "mine.py"


def test_an_openapi_document_describes_the_requests(folder: Path) -> None:
    ok = {"responses": {"204": {"description": "fine"}}}
    paths = {"/a": {"get": ok, "delete": ok}, "/b": {"get": ok, "delete": ok}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    (folder / "api.json").write_text(json.dumps(document))
    chosen = 'include = ["* /a"]\nexclude = ["GET *"]\nunsafe = true\nheaders = { Key = "${TOKEN}" }'
    (target,) = described(folder, f'openapi = "api.json"\n{chosen}\n{SERVICE}', TOKEN="t-456")
    assert target.requests == (Request("/a", "DELETE", {"Key": "t-456"}, None, Expected(204), "DELETE /a"),)


def test_a_file_without_requests_asks_for_the_root(folder: Path) -> None:
    (target,) = described(folder, SERVICE)
    assert [(each.method, each.path, each.expected.status) for each in target.requests] == [("GET", "/", 200)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["service: is missing."]),
        ('[service.a]\nrun = "a {port}"\nbefore = [" "]', ["service.a: ' ' is no command."]),
        ("[service]", ["service: describes none."]),
        ("[service.a]\nprot = 1", ["service.a.prot: there is no such key."]),
        (
            '[service.a]\nrun = "x"\nurl = "y"\n[service.b]',
            [
                "service.a: takes either run (a command) or url (of a service that runs).",
                "service.b: takes either run (a command) or url (of a service that runs).",
            ],
        ),
        ('[service.a]\nrun = "gunicorn"', ["service.a: run or a value of env needs {port}, the port to listen on."]),
        ('[service.a]\nurl = "http://127.0.0.1"\nready = "/"', ["service.a: ready is for a service that run starts."]),
        ('[service.a]\nrun = "a {port}"\ncwd = "gone"', ["service.a: cwd: {folder}/gone is no folder."]),
        ('[service.a]\nrun = "a {port}"\nready = "x"', ["service.a: ready: must begin with a slash."]),
        ('[service.a]\nrun = "a {port}"\nenv = { A = 1 }', ["service.a.env.A: Input should be a valid string."]),
        (
            '[service.a]\nrun = "a {port}"\nbuild = ["a \'"]',
            ['service.a: "a \'" is no command: No closing quotation.'],
        ),
        ('[service.a]\nurl = "127.0.0.1:80"', ["service.a: url: reads http://HOST:PORT."]),
        ('[service.a]\nurl = "http://me:pw@h"', ["service.a: url: must not contain a user name or a password."]),
        (
            '[service.a]\nurl = "http://192.0.2.1"',
            ["service.a: 192.0.2.1 is not this machine. Load on it needs --allow-remote, and its owner's consent."],
        ),
        (f'{SERVICE}[request.r]\npath = "x"', ["request.r: the path must begin with a slash; got 'x'."]),
        (f'{SERVICE}[request.r]\nmethod = "FETCH"', ["request.r: method: is one of *; got 'FETCH'."]),
        (f'{SERVICE}[request.r]\nbody = ""\njson = 1', ["request.r: takes one of body and json."]),
        (f"{SERVICE}[request.r]\nweight = 0", ["request.r.weight: Input should be greater than or equal to 1."]),
        (f"{SERVICE}[request.r]\nexpect = {{ stat = 1 }}", ["request.r.expect.stat: there is no such key."]),
        (f'{SERVICE}[request.r]\nfile = "gone"', ["request.r: file: {folder}/gone cannot be read: *"]),
        (f'{SERVICE}[request.r]\ncsv = "empty.csv"', ["request.r: csv: {folder}/empty.csv has no row."]),
        (
            f'{SERVICE}[request.r]\ncsv = "uneven.csv"',
            ["request.r: csv: {folder}/uneven.csv: line 3 has more or fewer cells than the first line."],
        ),
        (
            f'{SERVICE}[request.r]\npath = "/{{nmae}}"\ncsv = "names.csv"',
            ["request.r: braces in the path take uuid, n, name, age; got '/{nmae}'."],
        ),
        (
            f'{SERVICE}[request.r]\nheaders = {{ A = "Bearer ${{BRACES}}" }}',
            ["request.r: braces in the header A take uuid, n; got 'Bearer ***'."],
        ),
        (
            f'{SERVICE}[request.r]\nexpect = {{ header = {{ A = "${{GONE}}" }} }}',
            ["request.r: the environment variable 'GONE' is not set."],
        ),
        (f"{SERVICE}[request.r]\nquery = {{ q = [1] }}", ["request.r.query.q: takes a text, a number, true or false."]),
        (f"{SERVICE}[request]", ["request: describes none."]),
        (
            f'{SERVICE}[request.r]\nheaders = {{ A = "{{name}}" }}\ncsv = "names.csv"',
            ["request.r: the header A takes printable ASCII characters."],
        ),
        (f'{SERVICE}[request.r]\npath = "/${{ODD}}"', ["request.r: the path takes ASCII characters *; got '/***'."]),
        (
            f'{SERVICE}[request.r]\nheaders = {{ A = "${{GONE}}" }}\n[request.s]\nbody = "${{EMPTY}}"',
            [
                "request.r: the environment variable 'GONE' is not set.",
                "request.s: the environment variable 'EMPTY' is empty.",
            ],
        ),
        (f'locustfile = "gone.py"\n{SERVICE}', ["locustfile: {folder}/gone.py is no file."]),
        (
            f'locustfile = "names.csv"\n{SERVICE}[request.r]',
            ["the file: takes one of locustfile and request, which say what users do."],
        ),
        (f'include = ["GET *"]\n{SERVICE}', ["the file: include is for the requests of openapi."]),
        (f'openapi = "gone.json"\n{SERVICE}', ["openapi: {folder}/gone.json cannot be read: *"]),
        (
            f'openapi = "api.json"\nheaders = {{ A = "${{GONE}}" }}\n{SERVICE}',
            ["openapi: the environment variable 'GONE' is not set."],
        ),
    ],
)
def test_each_mistake_is_a_line_that_names_its_key(text: str, lines: list[str], folder: Path) -> None:
    (folder / "empty.csv").write_text("name\n")
    (folder / "uneven.csv").write_text("name,age\nAl,31\nBo\n")
    found = mistakes(folder, text, EMPTY="", ODD="a secret", BRACES="ab{cd}ef")
    expected = [line.replace("{folder}", str(folder)) for line in lines]
    assert len(found) == len(expected)
    for line, pattern in zip(found, expected, strict=True):
        before, _, after = pattern.partition("*")
        assert line.startswith(before)
        assert line.endswith(after)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"[service", "is not TOML: "), (b"\xff", "is not TOML: "), (None, "cannot be read: No such file or directory.")],
)
def test_a_file_that_is_none_is_one_sentence(content: bytes | None, told: str, tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Mistakes, match=r"^[^\n]*$") as error:
        read(path, Secrets({}), Tls(), allow_remote=False)
    assert str(error.value).startswith(f"{path} {told}")


def test_what_comes_from_the_environment_and_what_is_named_like_a_secret_is_masked(folder: Path) -> None:
    path = folder / "services.toml"
    path.write_text(WHOLE.replace('MODE = "fast"', 'DB_PASSWORD = "hunter2"'), encoding="utf-8")
    secrets = Secrets({"KEY": "k-123", "TOKEN": "t/456", "QUOTED": "q"})
    read(path, secrets, Tls(), allow_remote=False)
    assert secrets.masked("k-123, Bearer t/456, t%2F456, hunter2") == f"{MASK}, Bearer {MASK}, {MASK}, {MASK}"


def test_what_an_answer_must_have_is_expanded_and_masked_as_what_is_sent(folder: Path) -> None:
    path = folder / "services.toml"
    expect = 'expect = { header = { X-Api-Key = "literal", Kind = "${KIND}" }, body = "${PART}" }'
    path.write_text(f"{SERVICE}[request.r]\n{expect}", encoding="utf-8")
    secrets = Secrets({"KIND": "k-123", "PART": "p-456"})
    (target,) = read(path, secrets, Tls(), allow_remote=False)
    assert target.requests[0].expected == Expected(200, {"X-Api-Key": "literal", "Kind": "k-123"}, "p-456")
    assert secrets.masked("literal k-123 p-456") == f"{MASK} {MASK} {MASK}"


def test_secrets_in_the_examples_of_a_document_are_masked(folder: Path) -> None:
    key = {"name": "X-Api-Key", "in": "header", "schema": {"type": "string"}, "example": "literal"}
    operation = {"parameters": [key], "responses": {"200": {"description": "It."}}}
    document = {"openapi": "3.0.3", "info": {"title": "A", "version": "1"}, "paths": {"/a": {"get": operation}}}
    (folder / "api.json").write_text(json.dumps(document))
    path, secrets = folder / "services.toml", Secrets({})
    path.write_text(f'openapi = "api.json"\n{SERVICE}', encoding="utf-8")
    (target,) = read(path, secrets, Tls(), allow_remote=False)
    assert target.requests[0].headers == {"X-Api-Key": "literal"}
    assert secrets.masked("a literal") == f"a {MASK}"
