"""Five tasks that each wait a second, one after the other: five seconds."""

import sys
import time

TASKS = 5


def task(number: int) -> None:
    """Wait a second, and print a line before and after."""
    print(f"task {number} begins")
    time.sleep(1)  # holds the thread: nothing else can run meanwhile
    print(f"task {number} ends")


def main() -> None:
    """Run all tasks, and print the seconds that they took."""
    began = time.perf_counter()
    for number in range(1, TASKS + 1):
        task(number)
    print(f"{time.perf_counter() - began:.3f} s in a row")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # the status that a shell gives Ctrl-C
