"""The ports that each part listens on unless told otherwise."""

SYNC_APP = 8001
ASYNC_APP = 8002
UPSTREAM = 8003
OTHERS = 8004
"""The first of those that further services of a stack get."""
LOCUST = 8089
