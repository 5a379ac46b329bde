"""What the command line offers."""

from contract import ports
from serving import aiohttp_workers
from serving.command_line import ServiceSpec

SERVICE = ServiceSpec(
    name="async_app",
    about="The non-blocking twin, on aiohttp: a request that waits holds a coroutine.",
    port=ports.ASYNC_APP,
    worker_class=aiohttp_workers.DEFAULT,
    worker_classes=aiohttp_workers.CHOICES,
    threads_help="threads for blocking calls in each worker (default: THREADS, or 32)",
)
