"""make bench: every ratio, one after the other, or those named on the command line. About twelve minutes for all."""

import argparse
import sys
from subprocess import CalledProcessError
from typing import NoReturn

from loadtest.generator.driver import GeneratorFailed
from loadtest.processes.service import ServiceFailed

from . import asker_memory, ceiling, faults, lag, lineup, overhead, race, user_cost, waiting_memory, wrk_agreement
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
    "lineup": lineup.report,
    "race": race.report,
}


def main() -> NoReturn:
    """Run the benches."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=f"of {', '.join(BENCHES)} (default: all)")
    chosen = parser.parse_args().benches or list(BENCHES)
    unknown = [name for name in chosen if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {unknown[0]!r}; there are {', '.join(BENCHES)}")
    missed = 0
    for number, name in enumerate(chosen, start=1):
        print(f"[{number} of {len(chosen)}] {name} ...", flush=True)
        try:
            for finding in BENCHES[name]():
                print(f"  {finding.sentence}{'' if finding.met else ' MISSED'}", flush=True)
                missed += not finding.met
        except (WrkFailed, ServiceFailed, GeneratorFailed, CalledProcessError) as error:
            sys.exit(f"{name}: {error}")
    sys.exit(f"{missed} missed" if missed else 0)


if __name__ == "__main__":
    main()
