"""The blocking twin, on Flask: a request that waits holds a thread."""
