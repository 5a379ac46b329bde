"""A request target as it was sent, taken apart the same way whichever framework received it.

Frameworks disagree on `%2F`, `%ff`, `//` and doubled parameters, so a service hands over the raw target and
the text of every parameter comes from here.
"""

import re
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from .problems import Problem, bad_request, echo, not_found

MOST_PARAMETERS = 100


_coded = re.compile(r"[%+\0]").search
"""Finds what in a query is not simply the text of a name or value."""


def texts(target: str, path: str) -> dict[str, str]:
    """The text of each parameter in `target`, a raw request target, for the operation at `path`.

    `path` is a literal such as `/fanout`, or ends in one parameter, as `/delay/{duration}` does. Bytes that are not
    ASCII may come as surrogate escapes. Parameters whose name begins with `_` are left out. A Problem: 404 where the
    target is not the path's; 400 for a repeated parameter, a NUL, invalid UTF-8.
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
    """A proxy's `http://host/path` as `/path`."""
    return urlsplit(raw_path).path if raw_path.startswith(("http://", "https://")) else raw_path


def as_sent(raw: str) -> str:
    """A target whose bytes were handed over as Latin-1: UTF-8, with surrogate escapes for what is none."""
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")


def _path_text(raw: str, name: str, target: str) -> str:
    if raw.isascii() and "%" not in raw and "/" not in raw:
        return raw
    text = unquote_to_bytes(raw.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    if "/" in text:  # sent as / or as %2F, it names another path
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
            raise bad_request(f"{echo(name)} may be given once only; got {echo(text)} as well.")
        found[name] = text


def _query_text(raw: str) -> str:
    return unquote(raw.replace("+", " "), errors="surrogateescape")


def is_text(text: str) -> bool:
    """Whether `text`, decoded with surrogate escapes, was UTF-8 without NUL."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _not_text(name: str, got: str) -> Problem:
    return bad_request(f"{echo(name)} must be UTF-8 text without NUL; got {echo(got)}.")
