"""The blocking twin, on Flask: each waiting request holds a thread."""
