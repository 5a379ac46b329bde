import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.support.visits import Opens, visits

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser. Without one its tests are skipped, but not in CI, where nobody would miss them."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None:
        return found
    missing = f"There is no browser: none of {', '.join(NAMES)} is in the PATH."
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="module")  # not longer: while Playwright is there, an event loop runs, and no coroutine test can
def browser(chromium: str) -> Iterator[Browser]:
    """A browser without a window, beside what Playwright itself starts it with."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu", "--disable-quic"]) as browser,
    ):
        yield browser


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opens]:
    """Opens pages, which are closed after the test."""
    with visits(browser) as opens:
        yield opens
