"""The description of this twin for the command line."""

from contract import ports
from serving.command_line import ServiceSpec

SERVICE = ServiceSpec(
    name="sync_app",
    about="The blocking twin, on Flask: each waiting request holds a thread.",
    port=ports.SYNC_APP,
    worker_class="gthread",
    worker_classes={
        "gthread": "threads, the default",
        "sync": "one request at a time, ignores --threads",
        "gevent": "greenlets",
    },
    threads_help="threads per worker that serve requests (default: THREADS, or 32)",
)
