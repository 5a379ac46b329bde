"""Visits of a page with a chosen screen width and colour scheme, with or without JavaScript."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, WebError

HEIGHT = 900


@dataclass(frozen=True)
class Visit:
    """A loaded page, with its errors, requests and dialogs so far, reloads included."""

    page: Page
    errors: list[str]
    """Errors in the console, and uncaught exceptions."""
    requests: list[str]
    """The URL of every request, the page's own first."""
    dialogs: list[str]
    """The message of every dialog, each of which is closed at once."""
    warnings: list[str]
    """Warnings in the console."""


class Opens(Protocol):
    """A function that opens a URL in its own window, and returns the loaded page.

    Windows share no cookies and no storage. `width` is in CSS pixels.
    """

    def __call__(
        self, url: str, *, width: int = 1280, colours: Literal["light", "dark"] = "light", javascript: bool = True
    ) -> Visit: ...


@contextmanager
def visits(browser: Browser) -> Iterator[Opens]:
    """Yield a function that opens pages, and close them when the context exits."""
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
            dialogs: list[str] = []
            warnings: list[str] = []

            def hear(message: ConsoleMessage) -> None:
                told = {"error": errors, "warning": warnings}.get(message.type)
                if told is not None:
                    told.append(message.text)

            def miss(error: WebError) -> None:
                errors.append(str(error.error))

            def note(request: Request) -> None:
                requests.append(request.url)

            def dismiss(dialog: Dialog) -> None:
                dialogs.append(dialog.message)
                dialog.dismiss()

            window.on("console", hear)
            window.on("weberror", miss)
            window.on("request", note)
            window.on("dialog", dismiss)
            page = window.new_page()
            page.goto(url)
            return Visit(page, errors, requests, dialogs, warnings)

        yield visit
