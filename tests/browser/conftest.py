import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.support.visits import Opens, visits
from tests.support.stalls import SLACK

NAMES = ("chromium", "chromium-browser", "google-chrome")

expect.set_options(timeout=1.5 * SLACK * 1000)  # in milliseconds; a stall lasts as long as the default


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a browser. Without one, skip the tests; in CI fail, because a skip would go unnoticed."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None:
        return found
    missing = f"No browser found: none of {', '.join(NAMES)} is in the PATH."
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="module")  # Playwright runs an event loop, which blocks coroutine tests meanwhile
def browser(chromium: str) -> Iterator[Browser]:
    """Run a headless browser for a module, and yield it."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu", "--disable-quic"]) as browser,
    ):
        yield browser


@pytest.fixture(scope="module")
def visit_for_all(browser: Browser) -> Iterator[Opens]:
    """Yield a function that opens pages for several tests of a module; close them after the module."""
    with visits(browser) as opens:
        yield opens


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opens]:
    """Yield a function that opens pages; close them after the test."""
    with visits(browser) as opens:
        yield opens
