"""The limits of every server, identical so that no framework gains an advantage from its server's defaults."""

BACKLOG = 2048
"""Connections that may wait to be accepted: gunicorn's default. aiohttp's default is 128."""

SPARE = 1000
"""Connections that a process accepts beyond MAX_IN_FLIGHT, so that further requests receive their 503."""

OTHERS = 64
"""Files and sockets that a process opens beside its connections, pools and threads."""

ENOUGH = 10240
"""The limit of open files that is asked for where the system names none: macOS allows a process no more by default."""

LONGEST_LINE = 8190
"""Maximum bytes in a request line: aiohttp's limit. gunicorn's default is 4094."""

MOST_HEADERS = 100
"""Maximum number of headers in a request: gunicorn's default. aiohttp's default is 128."""

KEEPALIVE = 10
"""Seconds that an idle connection stays open, if the worker class keeps connections. gevent workers take at least as
long to drain."""

DRAIN = 15.0
"""Seconds beyond the longest wait that requests in flight may take to finish after SIGTERM."""

SILENCE = 120
"""Seconds without a heartbeat after which gunicorn replaces a worker."""
