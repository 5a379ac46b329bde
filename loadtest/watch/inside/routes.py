"""The route of a request, from the frame of the framework that serves it. No part of a path that may be a secret."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

FRAMEWORKS = frozenset(
    {"aiohttp", "django", "fastapi", "flask", "litestar", "quart", "sanic", "starlette", "tornado", "werkzeug"}
)
"""Packages whose objects are asked for their attributes. Those of other objects could run any code."""

TEMPLATES = (
    ("match_info", "route", "resource", "canonical"),  # aiohttp
    ("route", "path"),  # Sanic
    ("resolver_match", "route"),  # Django
    ("url_rule", "rule"),  # Flask and Quart
)
"""Attributes of a request that lead to the template of its route."""

HIDDEN = "{…}"
"""The text in the place of a part of a path that may be a value."""

LONGEST_WORD = 24
MOST_PARTS = 8


def route_of(frame: FrameType) -> str:
    """Return the method and route of the request that a framework's frame serves, or an empty string."""
    names = frame.f_code.co_varnames
    try:
        if "scope" in names:
            return _of_scope(_local(frame, "scope"))
        if "request" in names:
            return _of_request(_local(frame, "request"))
        if "self" in names and frame.f_code.co_name == "_execute":  # Tornado's handler
            handler = _local(frame, "self")
            return _of_request(handler.request) if _of_framework(handler) else ""
    except Exception:
        return ""
    return ""


def _local(frame: FrameType, name: str) -> Any:
    """Return a variable of a framework's frame. Before Python 3.13 a frame keeps what was read: it is let go of."""
    known = frame.f_locals
    found = known.get(name)
    if sys.version_info < (3, 13):
        known.clear()
    return found


def _of_scope(scope: Any) -> str:
    if type(scope) is not dict or type(scope.get("path")) is not str:
        return ""
    route = scope.get("route")
    path = getattr(route, "path", None) if _of_framework(route) else None
    if path is None and type(values := scope.get("path_params")) is dict:  # of Starlette: the rest is its route
        path = scope["path"]
        for name, value in values.items():
            path = path.replace(f"/{value}", f"/{{{name}}}")
    return _named(scope.get("method", "WEBSOCKET"), path, scope["path"])


def _of_request(request: Any) -> str:
    if not _of_framework(request):
        return ""
    template = None
    for names in TEMPLATES:
        found = request
        for name in names:
            found = getattr(found, name, None)
        if isinstance(found, str):
            template = f"/{found.lstrip('/')}"
            break
    return _named(getattr(request, "method", None), template, getattr(request, "path", None))


def _of_framework(something: Any) -> bool:
    return any(str(each.__module__).partition(".")[0] in FRAMEWORKS for each in type(something).__mro__)


def _named(method: Any, template: Any, path: Any) -> str:
    """Return the method and the template, or of a path the words alone."""
    if not isinstance(method, str) or not (isinstance(template, str) or isinstance(path, str)):
        return ""
    if not (method.isascii() and method.isalpha() and len(method) <= LONGEST_WORD):
        method = HIDDEN
    return f"{method} {template if isinstance(template, str) else words_of(path)}"


def words_of(path: str) -> str:
    """Return the first part of a path, if it is a plain word: others may be names, numbers or tokens of somebody."""
    parts = path.partition("?")[0].split("/")[1:]
    known = [part if number == 0 and _is_word(part) else HIDDEN for number, part in enumerate(parts[:MOST_PARTS])]
    return "/".join(["", *known])


def _is_word(part: str) -> bool:
    if len(part) > LONGEST_WORD or not part.isascii():
        return False
    letters = part.replace("-", "").replace("_", "")
    version = part[:1] == "v" and part[1:].isdigit() and len(part) <= 3
    return not part or version or (letters.isalpha() and letters.islower())
