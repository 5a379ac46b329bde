from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser.support.visits import Opens
from tests.loadtest.support.servers import answering

pytestmark = pytest.mark.slow

TROUBLE = """<!doctype html>
<title>Trouble</title>
<img src="missing.png" alt="">
<noscript><p>no script</p></noscript>
<script>
  console.log("harmless");
  console.error("told");
  alert("said");
  setTimeout(() => { document.title = "Done"; throw new Error("thrown"); });
</script>"""

QUIET = b"<!doctype html><title>Quiet</title>"


@pytest.fixture
def trouble(tmp_path: Path) -> str:
    """Return the URL of a page with errors."""
    page = tmp_path / "trouble.html"
    page.write_text(TROUBLE)
    return page.as_uri()


def test_the_errors_and_dialogs_of_a_page_are_noted(visit: Opens, trouble: str) -> None:
    visited = visit(trouble)
    expect(visited.page).to_have_title("Done")
    assert visited.requests == [trouble, trouble.replace("trouble.html", "missing.png")]
    missing, thrown, told = sorted(visited.errors)
    assert "ERR_FILE_NOT_FOUND" in missing
    assert (thrown, told) == ("thrown", "told")
    assert visited.dialogs == ["said"]


def test_requests_to_anywhere_are_noted(visit: Opens) -> None:
    with answering(200, QUIET, **{"Content-Type": "text/html"}) as url, answering(200, b"") as elsewhere:
        visited = visit(url)
        visited.page.evaluate("url => fetch(url, {mode: 'no-cors'}).then(() => null)", elsewhere)
        visited.page.reload()
    assert visited.requests == [f"{url}/", f"{elsewhere}/", f"{url}/"]
    assert visited.errors == []


@pytest.mark.parametrize(("width", "colours"), [(1280, "light"), (380, "dark")])
@pytest.mark.parametrize("javascript", [True, False])
def test_a_page_is_shown_as_it_was_asked_for(
    visit: Opens, trouble: str, width: int, colours: Literal["light", "dark"], javascript: bool
) -> None:
    page = visit(trouble, width=width, colours=colours, javascript=javascript).page
    assert page.evaluate("innerWidth") == width
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (colours == "dark")
    expect(page.locator("noscript p")).to_have_count(0 if javascript else 1)  # get_by_text skips noscript
