"""The HTTP contract of both twins. Pure code: no framework, no clock, no socket, no waiting."""
