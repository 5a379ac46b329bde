"""Secrets in what a user brings: values from the environment, and headers that are named like secrets."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"

VARIABLE = re.compile(r"\$\{([^}]*)\}")

NAMED = re.compile(r"auth|cookie|credential|key|passw|secret|session|signature|token", re.IGNORECASE)
"""Names of headers whose values are secrets wherever they come from."""

SCHEMES = ("basic", "bearer", "digest", "token")
"""Words before the secret in the value of a header."""


class Secrets:
    """The secrets of one run. They are sent to services, and masked in everything that is shown or written."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._known: set[str] = set()

    def expanded(self, text: str, *, in_json: bool = False) -> str:
        """Return the text with the value of each ${VARIABLE}, which is a secret from then on.

        `in_json`: escape the values, which stand in strings of JSON. Raises ValueError if a variable is not set, or is
        empty.
        """

        def value(found: re.Match[str]) -> str:
            name = found[1]
            known = self._environment.get(name, "")
            if not known:
                raise ValueError(
                    f"the environment variable {name!r} is {'empty' if name in self._environment else 'not set'}"
                )
            self._known.add(known)
            return json.dumps(known)[1:-1] if in_json else known

        return VARIABLE.sub(value, text)

    def header(self, name: str, value: str) -> None:
        """Note that a header is sent. If it is named like a secret, its value is one."""
        if NAMED.search(name) and value:
            scheme, _, rest = value.partition(" ")
            self._known.add(rest.strip() if scheme.lower() in SCHEMES and rest.strip() else value)

    @property
    def forms(self) -> list[str]:
        """Every form in which a secret may stand in a text, the longest first: as it is, in JSON, in a URL."""
        found = {form for secret in self._known for form in _forms(secret)}
        return sorted(found, key=len, reverse=True)

    def masked(self, value: Any) -> Any:
        """Return a value as JSON knows it with every secret in its texts and keys masked."""
        return masked(value, self.forms)


NO_SECRETS = Secrets({})


def masked(value: Any, forms: list[str]) -> Any:
    """Return a value as JSON knows it with each of these forms masked in its texts and keys."""
    match value:
        case str():
            for form in forms:
                value = value.replace(form, MASK)
            return value
        case dict():
            return {masked(key, forms): masked(inner, forms) for key, inner in value.items()}
        case list() | tuple():
            return [masked(inner, forms) for inner in value]
        case _:
            return value


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    for ascii_only in (True, False):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    yield repr(secret)[1:-1]
    yield repr(secret.encode())[2:-1]
