"""A page as its reader has it: the width of the screen, its colours, with and without JavaScript."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, WebError

HEIGHT = 900


@dataclass(frozen=True)
class Visit:
    """A page that has loaded, and what has happened on it so far, reloads among it."""

    page: Page
    errors: list[str]
    """What stands as an error in the console, and exceptions that nobody caught."""
    requests: list[str]
    """The address of every request, the page's own first."""


class Opens(Protocol):
    """Opens the page at an address in a window of its own, which shares no cookies and no storage with others."""

    def __call__(
        self, url: str, *, width: int = 1280, colours: Literal["light", "dark"] = "light", javascript: bool = True
    ) -> Visit:
        """The page once it has loaded; `width` in CSS pixels."""


@contextmanager
def visits(browser: Browser) -> Iterator[Opens]:
    """What opens pages; they are closed when the context is left."""
    with ExitStack() as windows:

        def visit(
            url: str, *, width: int = 1280, colours: Literal["light", "dark"] = "light", javascript: bool = True
        ) -> Visit:
            window = windows.enter_context(
                browser.new_context(
                    viewport={"width": width, "height": HEIGHT}, color_scheme=colours, java_script_enabled=javascript
                )
            )
            errors: list[str] = []
            requests: list[str] = []

            def hear(message: ConsoleMessage) -> None:
                if message.type == "error":
                    errors.append(message.text)

            def miss(error: WebError) -> None:
                errors.append(str(error.error))

            def note(request: Request) -> None:
                requests.append(request.url)

            window.on("console", hear)
            window.on("weberror", miss)
            window.on("request", note)
            page = window.new_page()
            page.goto(url)
            return Visit(page, errors, requests)

        yield visit
