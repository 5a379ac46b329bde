"""What the command line offers."""

from contract import ports
from serving.command_line import ServiceSpec

SERVICE = ServiceSpec(
    name="sync_app",
    about="The blocking twin, on Flask: a request that waits holds a thread.",
    port=ports.SYNC_APP,
    worker_class="gthread",
    worker_classes={
        "gthread": "threads, the default",
        "sync": "one thread, whatever --threads says",
        "gevent": "greenlets",
    },
    threads_help="threads that answer requests in each worker (default: THREADS, or 32)",
)
