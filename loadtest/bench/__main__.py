"""Run the benchmarks one after the other: those named, or all of them in about ninety minutes (make bench)."""

import argparse
import sys
from subprocess import CalledProcessError
from typing import NoReturn

from loadtest.generator.driver import GeneratorFailed
from loadtest.processes.service import ServiceFailed
from loadtest.terminal.layout import legible

from . import (
    arrivals,
    asker_memory,
    ceiling,
    faults,
    generator_faults,
    generators,
    lag,
    lineup,
    overhead,
    own,
    planted_faults,
    processors,
    race,
    search,
    stall_repairs,
    user_cost,
    waiting_memory,
    watcher,
    wrk_agreement,
)
from .wrk import WrkFailed

BENCHES = {
    "overhead": overhead.report,
    "ceiling": ceiling.report,
    "waiting-memory": waiting_memory.report,
    "asker-memory": asker_memory.report,
    "lag": lag.report,
    "faults": faults.report,
    "user-cost": user_cost.report,
    "wrk-agreement": wrk_agreement.report,
    "processors": processors.report,
    "arrivals": arrivals.report,
    "search": search.report,
    "pairs": own.pairs,
    "limits": own.limits,
    "advice": own.advice,
    "lineup": lineup.report,
    "race": race.report,
    "generators": generators.report,
    "generator-faults": generator_faults.report,
    "watcher": watcher.report,
    "planted-faults": planted_faults.report,
    "stall-repairs": stall_repairs.report,
}


def main() -> NoReturn:
    """Run the benchmarks, print each finding, and exit with status 1 if an aim was missed."""
    legible(sys.stdout)
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=f"one of {', '.join(BENCHES)} (default: all)")
    chosen = parser.parse_args().benches or list(BENCHES)
    unknown = [name for name in chosen if name not in BENCHES]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; choose from {', '.join(BENCHES)}")
    missed = 0
    for number, name in enumerate(chosen, start=1):
        print(f"[{number} of {len(chosen)}] {name} ...", flush=True)
        try:
            for finding in BENCHES[name]():
                print(f"  {finding.sentence}{'' if finding.met else ' AIM MISSED'}", flush=True)
                missed += not finding.met
        except (WrkFailed, ServiceFailed, GeneratorFailed, CalledProcessError) as error:
            sys.exit(f"{name}: {error}")
    sys.exit(f"Aims missed: {missed}" if missed else 0)


if __name__ == "__main__":
    main()
