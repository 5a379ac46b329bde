"""The load generator, on Locust, in a process of its own."""
