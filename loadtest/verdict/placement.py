"""State which cores a run used, and for what."""

from itertools import pairwise

from loadtest.contenders.cores import SHARED_WORD, ranges
from loadtest.english import count, listed, plural_of
from loadtest.results.generators import GeneratorWindow
from loadtest.results.schema import Results
from loadtest.workload.demand import GENERATOR

from .processors import DATABASE, UPSTREAM

TOOLS = {GENERATOR: "load generator", DATABASE: DATABASE, UPSTREAM: UPSTREAM}
"""Names in sentences of all that may run beside the services, by the names in the results."""


def placement(results: Results) -> str:
    """Return which cores the services used, and which everything else; if all shared them, with the reason.

    Load generators on other machines are named with their hosts.
    """
    ran = {GENERATOR, *(name for step in results.steps if step.measured for name in step.measured.others_cpu)}
    tools = [word for name, word in TOOLS.items() if name in ran]
    if generators := _most(results):
        far = sorted({each.host for each in generators if not each.local})
        tools[:1] = [] if far else [f"{len(generators)} load generators"]
        if far:
            told = f"{count(len(generators), 'load generator')} on {listed(far)}"
            return "; ".join(filter(None, (_here(results, tools), told)))
    return _here(results, tools)


def _most(results: Results) -> list[GeneratorWindow]:
    """Return the load generators of the step that had most of them; none if there was a single one."""
    return max((step.measured.generators for step in results.steps if step.measured), key=len, default=[])


def _here(results: Results, tools: list[str]) -> str:
    """Return which cores of this machine the services used, and which `tools`."""
    cores = results.cores
    ours = any(each.ours or each.command for each in results.contenders)  # the run started them
    if not tools:
        return f"services on {_numbered(cores.service)}" if ours and cores.apart else ""
    if not cores.apart:
        users = ["services", *tools] if ours else tools
        return f"shared by {listed(users)}, because {_reason(results)}" if len(users) > 1 else f"used by {users[0]}"
    told = f"{listed(tools)} on {_numbered(cores.others)}"
    return f"services on {_numbered(cores.service)}; {told}" if ours else told


def _reason(results: Results) -> str:
    """Return why the services had no cores of their own, in the order in which contenders.cores decides it."""
    words = " ".join(results.command).replace("=", " ").split()
    if ("--cores", SHARED_WORD) in pairwise(words):
        return f"--cores is {SHARED_WORD}"
    if results.machine.cores < 2:
        return "there are fewer than two"
    return "this system cannot bind processes to cores"


def _numbered(cores: tuple[int, ...]) -> str:
    return f"{plural_of(len(cores), 'core')} {ranges(cores)}"
