"""The limits of every server, so that none has an advantage that is not its own."""

BACKLOG = 2048
"""Connections that may wait to be accepted. gunicorn's default; aiohttp's own would be 128."""

SPARE = 1000
"""Connections that a process takes beyond the requests that may wait in it, so that the next one hears 503."""

LONGEST_LINE = 8190
"""Bytes in a request line: aiohttp's limit. gunicorn's default is 4094."""

KEEPALIVE = 10
"""Seconds that an idle connection stays open, where the worker class keeps connections at all. gevent's workers drain
no faster."""

DRAIN = 15.0
"""Seconds beyond the longest wait that requests in flight may take to finish after SIGTERM."""

SILENCE = 120
"""Seconds without a sign of life after which gunicorn replaces a worker."""
