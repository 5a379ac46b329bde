"""The slow things behind a service, run for those who have none: a PostgreSQL database and an HTTP service."""


class BackingFailed(Exception):
    """Something behind the services did not come up; the message's first line is the sentence to show."""
