"""The parser for raw request targets, the same for every framework.

Frameworks disagree on `%2F`, `%ff`, `//` and repeated parameters. Each service therefore passes the raw target to this
module, which extracts the text of every parameter.
"""

import re
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from .problems import Problem, bad_request, echo, not_found

MOST_PARAMETERS = 100


_coded = re.compile(r"[%+\0]").search
"""Finds a character in a query that needs decoding or is not allowed."""


def texts(target: str, path: str) -> dict[str, str]:
    """Return the text of each parameter in `target`, a raw request target, for the operation at `path`.

    `path` is a literal such as `/fanout`, or ends in one parameter, as `/delay/{duration}` does. Bytes that are not
    ASCII may come as surrogate escapes. Parameters whose name begins with `_` are left out. Raises Problem: 404 if
    `target` does not match `path`; 400 for a repeated parameter, more than 100 parameters, a NUL or invalid UTF-8.
    """
    prefix, brace, name = path.partition("{")
    raw_path, _, query = target.partition("?")
    if not raw_path.startswith(prefix):
        raw_path = origin_form(raw_path)
    found = {}
    if brace:
        if not raw_path.startswith(prefix):
            raise not_found(target)
        found[name[:-1]] = _path_text(raw_path[len(prefix) :], name[:-1], target)
    elif raw_path != prefix:
        raise not_found(target)
    if query:
        _add_query(found, query)
    return found


def origin_form(raw_path: str) -> str:
    """Return the path of a target in a proxy's form: `http://host/path` becomes `/path`, `http://host` becomes `/`."""
    return urlsplit(raw_path).path or "/" if raw_path.startswith(("http://", "https://")) else raw_path


def as_sent(raw: str) -> str:
    """Decode a target that arrived as Latin-1: as UTF-8, with surrogate escapes for invalid bytes."""
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")


def _path_text(raw: str, name: str, target: str) -> str:
    if raw.isascii() and "%" not in raw and "/" not in raw:
        return raw
    text = unquote_to_bytes(raw.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    if "/" in text:  # a slash, sent as / or as %2F, makes it another path
        raise not_found(target)
    if not is_text(text):
        raise _not_text(name, text)
    return text


def _add_query(found: dict[str, str], query: str) -> None:
    if query.count("&") >= MOST_PARAMETERS:
        raise bad_request(f"The query may hold at most {MOST_PARAMETERS} parameters.")
    plain = query.isascii() and not _coded(query)
    for pair in query.split("&"):
        if not pair:
            continue
        name, _, text = pair.partition("=")
        if not plain:
            name, text = _query_text(name), _query_text(text)
            if not (is_text(name) and is_text(text)):
                raise _not_text(name, text)
        if name.startswith("_"):
            continue
        if name in found:
            raise bad_request(f"{echo(name)} may be given only once; got {echo(text)} as well.")
        found[name] = text


def _query_text(raw: str) -> str:
    return unquote(raw.replace("+", " "), errors="surrogateescape")


def is_text(text: str) -> bool:
    """Return whether `text`, decoded with surrogate escapes, was UTF-8 without NUL."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _not_text(name: str, got: str) -> Problem:
    return bad_request(f"{echo(name)} must be UTF-8 text without NUL; got {echo(got)}.")
