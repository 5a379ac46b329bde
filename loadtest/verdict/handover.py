"""The cost of moving a call from an event loop to a thread, or to another process."""

from .observed import Observed

THREAD_HANDOFF = 1e-4
"""CPU seconds of a call in a thread beside the call itself: to hand it over, and its result back.

Measured with `loop.run_in_executor(pool, time.sleep, seconds)` while all threads were taken (asyncio and uvloop, Python
3.11, 2 cores): 0.04 to 0.18 ms, of which 0.02 to 0.07 ms in the loop's thread.
"""

PROCESS_HANDOFF = 5e-4
"""CPU seconds of a call in another process beside the call itself, if what is passed is small.

Measured with a ProcessPoolExecutor in the same way: 0.15 to 0.34 ms in the service's process, and 0.05 to 0.24 ms in
the other one.
"""


def workers(observed: Observed) -> int:
    """Return the processes of a pool beside each process of a service: as many as cores in all, but one at least."""
    return max(1, int(observed.share))
