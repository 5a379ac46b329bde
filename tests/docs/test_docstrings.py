"""Docstrings open with what they are about. ruff's D401 and D404 hold functions to the imperative."""

import ast
import re
import subprocess
from collections.abc import Iterator

from tests.docs.support.pages import ROOT

RIDDLE = re.compile(
    r"(All of|As|Each of|Everybody|Everything|How|It|Its|Nobody|None|Nothing|Of|One of|Somebody|Such|That|The other|"
    r"The rest|The same|Their|They|This|Those|These|What|Whatever|When|Where|Whether|Which|Who|Whoever|Whose)\b"
)
"""Openings whose subject stands in another sentence, or nowhere."""


def docstrings() -> Iterator[tuple[str, str]]:
    """Each docstring, and each string in its manner below an assignment, with where it stands."""
    named = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in (each for each in named.split() if not each.startswith("tests/")):
        for node in ast.walk(ast.parse((ROOT / name).read_text())):
            for statement in getattr(node, "body", []) if not isinstance(node, ast.Lambda | ast.IfExp) else []:
                match statement:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        yield f"{name}:{statement.lineno}", text


def test_each_docstring_opens_with_a_subject_or_a_verb() -> None:
    assert [(place, text) for place, text in docstrings() if RIDDLE.match(text)] == []
