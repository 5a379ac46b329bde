"""Twelve planted faults: functions of which one line, marked as the fault, holds its thread for about 40 ms.

The environment names what two of them ask: UPSTREAM_URL a slow upstream, DATABASE_URL a PostgreSQL database.
"""

import hashlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import cache
from tempfile import TemporaryFile

import psycopg
import requests  # noqa: TID251 - the fault is its use; the environment names no proxy

from .stand_ins import LOCK, RECORD, WAIT, hold, slow_log, slow_resolver

SYNCING = 0.035
"""Seconds of syncing: how long a disk takes for one entry differs widely."""

DISK = "/var/tmp"  # noqa: S108 - the file has no name there; /tmp may be in memory, where syncing costs nothing
NOTE = "x" * 9980
ORDERS = [{"id": number, "note": NOTE} for number in range(2000)]
LETTERS = "a" * 28 + "b"
ROWS = 200_000
COUNT = "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) select count(*) from n"


def time_sleep() -> None:
    """Sleep."""
    time.sleep(WAIT)  # fault


def http_client() -> None:
    """Ask the upstream by a client that blocks."""
    url = os.environ["UPSTREAM_URL"]
    requests.get(f"{url}/delay/{WAIT}", timeout=10)  # fault


def database_driver() -> None:
    """Query a database by a driver that blocks."""
    connection = database()
    connection.execute("select pg_sleep(%s)", [WAIT])  # fault


def fsync() -> None:
    """Write entries to a file, each of which is synced to the disk before the next."""
    with TemporaryFile(buffering=0, dir=DISK) as journal:
        for entry in entries():
            journal.write(entry)
            os.fsync(journal)  # fault


def subprocess_run() -> None:
    """Run a program to its end."""
    command = ["sleep", str(WAIT)]
    subprocess.run(command, check=True)  # fault


def password_hash() -> None:
    """Hash a password. OpenSSL releases the interpreter's lock meanwhile."""
    salt = bytes(16)
    hashlib.scrypt(b"password", salt=salt, n=2**14, r=8, p=1)  # fault


def key_derivation() -> None:
    """Hash a password in another way, which needs hardly any memory. It is planted in aiohttp alone."""
    salt = bytes(16)
    hashlib.pbkdf2_hmac("sha256", b"password", salt, 150_000)  # fault


def large_json() -> None:
    """Make 20 MB of JSON."""
    json.dumps(ORDERS)  # fault


def regular_expression() -> None:
    """Match a pattern that tries every way to divide the letters before it fails."""
    pattern = re.compile("(a|aa)+$")
    pattern.match(LETTERS)  # fault


def lock() -> None:
    """Take a lock that another thread holds."""
    held = threading.Event()
    threading.Thread(target=hold, args=(held,)).start()
    held.wait()
    with LOCK:  # fault
        pass


def name_lookup() -> None:
    """Look up a name, of which a slow name server knows the address."""
    slow_resolver()
    socket.getaddrinfo("shop.example", 443, socket.AF_INET)  # fault


def sqlite_query() -> None:
    """Query a database in memory. SQLite releases the interpreter's lock while it computes a row."""
    connection = sqlite()
    connection.execute(COUNT, [ROWS])  # fault


def slow_logging() -> None:
    """Log a message to a handler that is slow."""
    log = slow_log()
    log.warning(RECORD)  # fault


_connections = threading.local()

FAULTS = (
    time_sleep,
    http_client,
    database_driver,
    fsync,
    subprocess_run,
    password_hash,
    large_json,
    regular_expression,
    lock,
    name_lookup,
    sqlite_query,
    slow_logging,
)


def database() -> psycopg.Connection:
    """Return this thread's connection to the database, which the first use opens."""
    if not hasattr(_connections, "database"):
        _connections.database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    found: psycopg.Connection = _connections.database
    return found


@cache
def sqlite() -> sqlite3.Connection:
    """Return the connection to a database in memory."""
    return sqlite3.connect(":memory:")


def entries() -> Iterator[bytes]:
    """Yield lines for SYNCING seconds."""
    end = time.monotonic() + SYNCING
    while time.monotonic() < end:
        yield b"An order was paid.\n"
