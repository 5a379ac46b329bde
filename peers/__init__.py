"""Adapters for the other frameworks, one short file each, on the steps of the twin of their kind."""
