"""The documentation of results.json, made from its models: `make schema` writes it into docs/.

The text about a field is the string below it. It becomes a description in docs/results.schema.json, and a line of
docs/results.md.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc, getsource
from pathlib import Path
from typing import Any, get_args, get_type_hints

from .schema import Results

DIALECT = "https://json-schema.org/draft/2020-12/schema"

SCHEMA_FILE, PAGE = Path("docs/results.schema.json"), Path("docs/results.md")

BEGIN = "<!-- the rest of this page is written by: make schema -->\n"

WORDS = {"string": "text", "boolean": "true or false"}
"""Words for types of JSON that differ from their names."""


def parts() -> list[type]:
    """Return the classes that the file is made of, the whole first, each before the parts in it."""
    found: dict[type, None] = {}
    todo: list[type] = [Results]
    while todo:
        each = todo.pop(0)
        if each not in found:
            found[each] = None
            todo += [inner for hint in get_type_hints(each).values() for inner in _classes(hint)]
    return [*found]


def _classes(hint: Any) -> Iterator[type]:
    """Yield the classes of this project in a type."""
    if getattr(hint, "__module__", "").startswith("loadtest.") and isinstance(hint, type):
        yield hint
    for inner in get_args(hint):
        yield from _classes(inner)


@cache
def told(part: type) -> dict[str, str]:
    """Return the text about each field of a class that has one."""
    (definition,) = ast.parse(getsource(part)).body
    assert isinstance(definition, ast.ClassDef)
    found, name = {}, ""
    for statement in definition.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                found[name] = _in_line(text)
            case _:
                name = ""
    return found


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of results.json, with a description of each field."""
    schema = Results.model_json_schema(mode="serialization")
    inner = schema.pop("$defs")
    for part in parts():
        about = schema if part is Results else inner[part.__name__]
        about["description"] = _in_line(part.__doc__ or "")
        if "prefixItems" in about:  # a tuple
            fields = dict(zip(part.__annotations__, about["prefixItems"], strict=True))
        else:
            fields = about["properties"]
        for name, field in fields.items():
            field["title"] = name
            if name in told(part):
                field["description"] = told(part)[name]
    return {"$schema": DIALECT, **schema, "$defs": inner}


def sections() -> str:
    """Return a section of Markdown for each part of the file, with a list of its fields."""
    schema = json_schema()
    found = []
    for part in parts():
        about = schema if part is Results else schema["$defs"][part.__name__]
        fields = about.get("properties") or {each["title"]: each for each in about["prefixItems"]}
        ordered = "A list, in this order. " if "prefixItems" in about else ""
        lines = [f"- {_told(name, field)}\n" for name, field in fields.items()]
        found.append(f"### {part.__name__}\n\n{ordered}{about['description']}\n\n{''.join(lines)}")
    return "\n".join(found)


def _told(name: str, field: dict[str, Any]) -> str:
    meaning = field.get("description")
    return f"`{name}` ({_type(field)}){f': {meaning}' if meaning else ''}"


def _type(field: dict[str, Any]) -> str:
    """Return the type of a field in words, with links to parts."""
    match field:
        case {"$ref": str(link)}:
            name = link.rpartition("/")[2]
            told = f"[{name}](#{name.lower()})"
        case {"const": value}:
            told = f"`{json.dumps(value)}`"
        case {"enum": values}:
            told = " or ".join(f"`{json.dumps(value)}`" for value in values)
        case {"anyOf": several} | {"oneOf": several}:
            told = " or ".join(map(_type, several))
        case {"type": "array", "items": each}:
            told = f"list of {_type(each)}"
        case {"type": "object", "additionalProperties": each}:
            told = f"object of {_type(each)}"
        case {"format": "date-time"}:
            told = "date and time"
        case {"type": kind}:
            told = WORDS.get(kind, kind)
        case _:
            told = "anything"
    return told


def _in_line(text: str) -> str:
    """Return the text of a docstring in one line, with the word of JSON for None."""
    return re.sub(r"\bNone\b", "null", re.sub(r"\s+", " ", cleandoc(text)))


def documents() -> dict[Path, str]:
    """Return the text of each file of the documentation that is made from the models, by its path in the project."""
    page = PAGE.read_text(encoding="utf-8").partition(BEGIN)[0]
    return {SCHEMA_FILE: json.dumps(json_schema(), indent=1) + "\n", PAGE: f"{page}{BEGIN}\n{sections()}"}


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
