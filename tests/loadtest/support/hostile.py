"""Hostile names, which a page or terminal must show as plain text."""

from loadtest.results.exchange import Exchange
from loadtest.results.schema import Results
from tests.loadtest.support.fabricated import measured, results, step

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>' onmouseover='alert(1)' x=\"",
    "</script></title></svg><svg onload=alert(1)><script>alert(1)</script>",
    "<!--{{ 7 * 7 }}{% raw %}]]>&lt;&amp; javascript:alert(1)",
    "\N{RIGHT-TO-LEFT OVERRIDE}\N{ARABIC LETTER ALEF}\N{RACING CAR}\N{SNOWMAN}",
    "\x00\x07\x1b[31mred\x7f\N{LINE SEPARATOR}\ufdd0",
    "x" * 400,
)


def printable(text: str) -> str:
    """Return the printable characters of `text`: other service names are refused."""
    return "".join(filter(str.isprintable, text))


def hostile(text: str) -> Results:
    """Return a run in which every name and message is `text`, or its printable characters if required."""
    run = results([step("flask", users, doubts=[text] if users == 1 else []) for users in (1, 10)], complete=False)
    first = [Exchange(0.0, 0.1, 0.1, 200, f"{text}; pid=1; lane={text}", 0.1, 0.1), Exchange(0.1, 0.2, 0.2, 200, text)]
    named = [
        each.model_copy(
            update={
                "service": printable(text),
                "bound": text,
                "measured": measured(each.load.most_in_flight, first=first, errors={text: 1}),
                "predicted": each.predicted and each.predicted.model_copy(update={"bound": text}),
            }
        )
        for each in run.steps
    ]
    machine = run.machine.model_copy(
        update={"processor": text, "system": text, "python": text, "packages": {text: text}, "commit": text}
    )
    (known,) = run.contenders
    return run.model_copy(
        update={
            "failure": text,
            "command": [text],
            "generator_command": [text],
            "options": run.options.model_copy(update={"delay": text}),
            "machine": machine,
            "contenders": [
                known.model_copy(
                    update={
                        "name": printable(text),
                        "made_of": text,
                        "software": {text: text},
                        "command": [text],
                        "environment": {"POOL_SIZE": text},
                    }
                )
            ],
            "steps": named,
        }
    )
