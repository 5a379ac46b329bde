import re
from pathlib import Path

import pytest

from tests.docs.support.pages import PAGES, ROOT, anchors

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
PICTURE_BYTES = 150_000
README_LINES = 130


@pytest.mark.parametrize("page", PAGES)
def test_each_link_within_the_project_leads_to_a_file_and_a_heading_that_exist(page: str) -> None:
    for target in ("".join(found) for found in LINK.findall(PAGES[page])):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / Path(page).parent / path).resolve() if path else ROOT / page
        assert file.exists(), target
        assert not anchor or anchor in anchors(str(file.relative_to(ROOT))), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    known, todo = set[str](), ["README.md"]
    while todo:
        page = todo.pop()
        known.add(page)
        for target in ("".join(found) for found in LINK.findall(PAGES[page])):
            path = str((ROOT / Path(page).parent / target.partition("#")[0]).resolve().relative_to(ROOT))
            todo += [path] if path in PAGES and path not in known else []
    assert known == {*PAGES}


def test_the_readme_has_two_screens() -> None:
    assert len(PAGES["README.md"].splitlines()) <= README_LINES


def test_pictures_load_quickly() -> None:
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs").glob("*.png")}
    assert pictures
    assert max(pictures.values()) < PICTURE_BYTES
