"""The summary of a run for scripts."""

import json

from loadtest.verdict.summary import summary
from tests.loadtest.support.arrivals import evenly, limited, open_run, refusing
from tests.loadtest.support.fabricated import not_run, results, step


def test_every_step_has_its_figures_and_what_is_unknown_is_null() -> None:
    run = results([step("flask", 50), not_run("flask", 400), step("aiohttp", 50, doubts=["so"])])
    told = json.loads(json.dumps(summary(run), allow_nan=False))
    flask, unrun, aiohttp = told["steps"]
    assert (told["complete"], told["conclusive"]) == (True, False)
    assert told["headline"].startswith("At 50 users flask serves 50.0 requests a second")
    assert (flask["service"], flask["load"], flask["unit"], flask["bound"]) == ("flask", 50, "users", "slots")
    assert (flask["throughput_per_s"], flask["predicted_per_s"], flask["ratio"]) == (50.0, 50.0, 1.0)
    assert (flask["p50_ms"], flask["conclusive"]) == (1000.0, True)
    assert (unrun["run"], unrun["throughput_per_s"], unrun["p50_ms"], unrun["predicted_per_s"]) == (
        False,
        None,
        None,
        50.0,
    )
    assert (aiohttp["conclusive"], aiohttp["doubts"]) == (False, ["so"])


def test_a_percentile_among_lost_arrivals_is_null_and_requirements_have_answers() -> None:
    few = limited(32)
    run = open_run([refusing(few, evenly(960))], contenders=[few])
    run = run.model_copy(update={"options": run.options.model_copy(update={"requirements": ["errors<1%"]})})
    told = json.loads(json.dumps(summary(run), allow_nan=False))
    (only,) = told["steps"]
    assert only["p99_ms"] is None
    assert only["failures"] > 0
    (answer,) = told["requirements"]
    assert (answer["requirement"], answer["service"], answer["load"]) == ("errors<1%", few.name, 960)
