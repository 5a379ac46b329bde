"""Additions to Locust's web UI: notes above its form, and the page /twins with charts of each service."""
