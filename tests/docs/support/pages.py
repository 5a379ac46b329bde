"""The pages that people read, taken apart: links, headings, tables and commands."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]

FOLDERS = ("deploy/kubernetes", "examples", "peers", "workshop")
"""Folders with a page of their own."""

PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *(ROOT / each / "README.md" for each in FOLDERS)])
}
"""The text of each page by its path."""


@dataclass(frozen=True)
class Line:
    """One command in a fenced `sh` block."""

    page: str
    text: str

    @property
    def words(self) -> list[str]:
        """The command's words, without the variables that it sets."""
        words = shlex.split(self.text, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            del words[0]
        return words

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that the command sets."""
        words = shlex.split(self.text, comments=True)
        return dict(word.split("=", 1) for word in words[: len(words) - len(self.words)])


def blocks(page: str, language: str = "sh") -> list[str]:
    """Return the fenced blocks of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)


def commands() -> list[Line]:
    """Return every command of every page, each once."""
    lines = {
        line: page
        for page in reversed(PAGES)
        for block in blocks(page)
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip() and not line.startswith("#")
    }
    return [Line(page, text) for text, page in lines.items()]


def section(page: str, heading: str) -> str:
    """Return the text below a heading, up to the next heading of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGES[page], re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no heading {heading!r}"
    return found[1]


def rows(page: str, heading: str, first: str) -> list[list[str]]:
    """Return the cells of all tables below a heading whose first column has this name."""
    found = []
    for table in re.findall(r"(?:^\|.*\|\n)+", section(page, heading), re.MULTILINE):
        head, _, *body = ([cell.strip() for cell in line[1:-2].split("|")] for line in table.splitlines(keepends=True))
        if head[0] == first:
            found += body
    assert found, f"{page} has no table of {first}s below {heading!r}"
    return found


def column(page: str, heading: str, first: str) -> list[str]:
    """Return the first column of those tables, without the marks of code."""
    return [row[0].strip("`") for row in rows(page, heading, first)]


def anchors(page: str) -> set[str]:
    """Return the anchors that a page's headings have."""
    prose = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
