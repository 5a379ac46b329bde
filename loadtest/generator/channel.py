"""Messages between the load generators and what joins them: signed with a shared secret, numbered, as JSON.

Locust's port takes messages from anybody. A message that does not carry the right signature is no message of ours, and
one that was lost or comes twice is noticed, because each side numbers what it sends. Whoever can read the network can
read what is sent.

The secret itself is never sent. A generator says hello with a number that it made up, and is answered with another one;
both make a key of the secret and the two numbers, which signs all that follows, so that nothing from another
conversation fits in.
"""

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_hex
from typing import Any

TYPE = "sync-vs-async"
"""The type of our messages among Locust's."""


class Forged(Exception):
    """A message was signed with another secret, or is none of ours."""


class Lost(Exception):
    """A message was lost, or came twice."""


def nonce() -> str:
    """Return a number to use once."""
    return token_hex(16)


def sealed(secret: str, content: Mapping[str, Any]) -> dict[str, str]:
    """Return a message."""
    text = json.dumps(content)
    return {"text": text, "signature": _signature(secret, text)}


def opened(secret: str, message: object) -> dict[str, Any]:
    """Return the content of a message. Raises Forged if it was not sealed with this secret."""
    text, signature = (message.get("text"), message.get("signature")) if isinstance(message, Mapping) else (None, None)
    if not (isinstance(text, str) and isinstance(signature, str)):
        raise Forged
    if not hmac.compare_digest(_signature(secret, text).encode(), signature.encode()):
        raise Forged
    found: dict[str, Any] = json.loads(text)
    return found


class Channel:
    """One side of a conversation. `side`: a name that differs from the other side's."""

    def __init__(self, secret: str, nonces: tuple[str, str], side: str) -> None:
        self._key = _signature(secret, "".join(nonces))
        self._side = side
        self._sent = self._received = 0

    def send(self, content: Mapping[str, Any]) -> dict[str, str]:
        """Return the next message to send."""
        self._sent += 1
        return sealed(self._key, {"from": self._side, "number": self._sent, "content": content})

    def receive(self, message: object) -> dict[str, Any]:
        """Return the content of a message from the other side.

        Raises Forged if it comes from anybody else, and Lost if it is not the one after the last.
        """
        found = opened(self._key, message)
        if found["from"] == self._side:
            raise Forged
        self._received += 1
        if found["number"] != self._received:
            raise Lost
        content: dict[str, Any] = found["content"]
        return content


def _signature(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()
