"""The lessons in their order."""

from .lesson import Lesson
from .questions import (
    careless,
    computing,
    coroutines,
    database,
    decide,
    find,
    in_a_row,
    latency,
    overload,
    people,
    repair,
    slots,
    threads,
)

LESSONS: tuple[Lesson, ...] = tuple(
    each.LESSON
    for each in (
        in_a_row,
        slots,
        threads,
        coroutines,
        careless,
        repair,
        database,
        computing,
        people,
        latency,
        overload,
        decide,
        find,
    )
)
