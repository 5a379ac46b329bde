"""The checks of settings that need more than their text: the database's client and the disk."""

import os
import re
from tempfile import TemporaryFile

from contract.settings import Settings

from .disk import FULL

PORT = re.compile("[0-9]{1,5}")


def check(settings: Settings) -> None:
    """Raise ValueError, with one sentence that names the variable, if a service could not use one of its settings."""
    if settings.database_url is not None and not _is_accepted(settings.database_url):
        raise ValueError(
            "DATABASE_URL is invalid: it must be a URL that libpq accepts, such as postgresql://USER@HOST/NAME "
            "(without a driver such as +psycopg2), or a list such as host=HOST dbname=NAME."
        )
    if settings.file_directory is not None:
        try:
            TemporaryFile(dir=settings.file_directory).close()
        except OSError as error:
            if error.errno not in FULL:  # room may come back, and requests are told until then
                sentence = f"no file can be created there ({error.strerror})"
                raise ValueError(f"FILE_DIRECTORY={settings.file_directory!r} is invalid: {sentence}.") from None


def _is_accepted(database_url: str) -> bool:
    """Return whether psycopg accepts an address.

    A child asks it: psycopg chooses on import how it waits, which must happen in a worker that gevent has patched.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    refused = True
    try:
        from psycopg import Error  # noqa: PLC0415 - see above
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - see above

        try:
            ports = str(conninfo_to_dict(database_url).get("port") or "").split(",")
            refused = any(port and not (PORT.fullmatch(port) and 1 <= int(port) <= 65535) for port in ports)
        except (Error, UnicodeError):
            pass  # their messages may hold the password
    finally:
        os._exit(refused)
