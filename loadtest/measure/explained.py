"""Add to the results of services of the user's own what their steps show: limits, predictions, and advice."""

from collections.abc import Sequence

from loadtest.contenders.target import Target
from loadtest.results.schema import Contender, Predicted, Results, Step
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.bounds import KEEPS_UP, OWN_LIMIT, throughput, uneven
from loadtest.verdict.inferred import demand, infer, predicted
from loadtest.verdict.need import advise
from loadtest.workload.demand import Limit
from loadtest.workload.scenarios import POOL


def explained(results: Results, targets: Sequence[Target]) -> Results:
    """Return the results with the model that the steps of each target show, and with the predictions by it.

    The model is of users who do nothing but wait for answers: those of a locustfile show none.
    """
    again = {each.after for each in results.options.pairings if each.itself}
    targets = [each for each in targets if each.locustfile is None and each.name not in again]
    table = rows(results)
    own = {each.name: [row for row in table if row.service == each.name] for each in targets}
    known = {each.name: each for each in targets}
    contenders = [
        _modelled(each, known[each.name], own[each.name]) if each.name in known else each for each in results.contenders
    ]
    models = {each.name: each for each in contenders if each.inferred}
    steps = [
        _foretold(step, models[step.service], own[step.service]) if step.service in models else step
        for step in results.steps
    ]
    told = results.model_copy(update={"contenders": contenders, "steps": steps})
    need, costs = results.options.need, results.costs
    if need is None or costs is None:
        return told
    advice = [advise(each, own[each.name], need, costs) for each in contenders if each.name in own]
    return told.model_copy(update={"advice": advice})


def _modelled(contender: Contender, target: Target, table: list[Row]) -> Contender:
    found = infer(table, blocks=target.blocks)
    if found is None:
        return contender
    pools = [Limit(f"{pool.name}{POOL}", pool.size, pool.held) for pool in target.pools]
    return contender.model_copy(update={"inferred": found, "demand": demand(found, target.slots, pools)})


def _foretold(step: Step, contender: Contender, table: list[Row]) -> Step:
    row = next(each for each in table if each.load == step.load)
    assert contender.inferred is not None
    assert contender.demand is not None
    told = predicted(row, contender.inferred, contender.demand, table)
    bound = _uneven(step, told, contender) if told and step.bound == OWN_LIMIT else None
    return step.model_copy(update={"predicted": told, "bound": bound or step.bound})


def _uneven(step: Step, told: Predicted, contender: Contender) -> str | None:
    """Name the limit that is unevenly shared, if that explains why a step falls short of its prediction.

    Only connections that are kept stay with a process: then there is one for each user.
    """
    seen = step.measured
    if seen is None or not seen.connections or sum(seen.connections) < step.load.most_in_flight:
        return None
    ratio = throughput(seen) / told.throughput
    of_processes = contender.model_copy(update={"processes": len(seen.connections)})
    return uneven(step.load, ratio, seen, of_processes) if ratio < KEEPS_UP else None
