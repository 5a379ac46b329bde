"""The slow dependencies of a service, started unless others are set: a PostgreSQL database and an HTTP upstream."""


class BackingFailed(Exception):
    """The error for a dependency that did not start. The first line of its message is the sentence to show."""
