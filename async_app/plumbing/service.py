"""The description of this twin for the command line."""

from contract import ports
from serving import aiohttp_workers
from serving.command_line import ServiceSpec

SERVICE = ServiceSpec(
    name="async_app",
    about="The non-blocking twin, on aiohttp: each waiting request holds a coroutine.",
    port=ports.ASYNC_APP,
    worker_class=aiohttp_workers.DEFAULT,
    worker_classes=aiohttp_workers.CHOICES,
    threads_help="threads per worker that make blocking calls (default: THREADS, or 32)",
)
