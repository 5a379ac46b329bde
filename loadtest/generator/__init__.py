"""The load generator: Locust in its own process."""
