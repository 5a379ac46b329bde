"""The default port of each service."""

SYNC_APP = 8001
ASYNC_APP = 8002
UPSTREAM = 8003
OTHERS = 8004
"""The first port for further services of a stack."""
LOCUST = 8089
