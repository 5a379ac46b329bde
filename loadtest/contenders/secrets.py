"""Secrets in what a user brings: values from the environment, and headers that are named like secrets."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

MASK = "***"

VARIABLE = re.compile(r"\$\{([^}]*)\}")

NAMED = re.compile(r"auth|cookie|credential|key|passw|secret|session|signature|token", re.IGNORECASE)
"""Names of headers whose values are secrets wherever they come from."""

SCHEMES = ("basic", "bearer", "digest", "token")
"""Words before the secret in the value of a header."""

SHORT = 4
"""Characters from which on a text is masked wherever it stands. Shorter ones are masked only where they stand alone."""


class Secrets:
    """The secrets of one run. They are sent to services, and masked in everything that is shown or written."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._forms: set[str] = set()

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
            self.note(known)
            return json.dumps(known)[1:-1] if in_json else known

        return VARIABLE.sub(value, text)

    def header(self, name: str, value: str) -> None:
        """Note that a header is sent. If it is named like a secret, its value is one, and so are parts of it."""
        if not NAMED.search(name) or not value:
            return
        scheme, _, rest = value.partition(" ")
        if scheme.lower() in SCHEMES and rest.strip():
            self.note(rest.strip())
            return
        for part in (value, *(_cookies(value) if "cookie" in name.lower() else value.split()[-1:])):
            self.note(part)

    def headers(self, sent: Mapping[str, str]) -> None:
        """Note that headers are sent."""
        for name, value in sent.items():
            self.header(name, value)

    @property
    def forms(self) -> list[str]:
        """Every form in which a secret may stand in a text, the longest first: as it is, in JSON, in a URL, in HTML."""
        return sorted(self._forms, key=len, reverse=True)

    def masked(self, value: Any) -> Any:
        """Return a value as JSON knows it with every secret in its texts and keys masked."""
        return _masked(value, self.forms)

    def note(self, secret: str) -> None:
        """Note a secret, and each of its lines: a log or an error may be cut between them."""
        lines = (line.strip() for line in secret.splitlines())
        for text in {secret, *(line for line in lines if len(line) >= SHORT)}:
            self._forms.update(_forms(text))


NO_SECRETS = Secrets({})


def _masked(value: Any, forms: list[str]) -> Any:
    match value:
        case str():
            for form in forms:
                value = value.replace(form, MASK) if len(form) >= SHORT else _alone(form).sub(MASK, value)
            return value
        case dict():
            return {_masked(key, forms): _masked(inner, forms) for key, inner in value.items()}
        case list() | tuple():
            return [_masked(inner, forms) for inner in value]
        case _:
            return value


def _alone(form: str) -> re.Pattern[str]:
    """Return the pattern of a text that is part of no longer word or number: with the secret 2, 201 and 1.2 stay."""
    return re.compile(rf"(?<!\w)(?<!\d\.){re.escape(form)}(?!\w)(?!\.\d)")


def _cookies(value: str) -> Iterator[str]:
    """Yield the values in a header of cookies, as they are sent and as they are meant; not short ones, as `en`."""
    for cookie in value.split(";"):
        text = cookie.partition("=")[2].strip().strip('"')
        if len(text) >= SHORT:
            yield from (text, unquote(text))


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield quote_plus(secret, safe="{}")  # in the query of a request, where braces are for placeholders
    yield html.escape(secret)
    yield html.escape(secret, quote=False)
    yield html.escape(secret).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")  # as templates do
    for ascii_only in (True, False):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    yield repr(secret)[1:-1]
    yield repr(secret + "\"'")[1:-4]  # in a text with both quotes
    yield repr(secret.encode())[2:-1]
