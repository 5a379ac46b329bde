"""Loads and their predictions: one module for each kind of load."""

from .closed import Closed

Load = Closed
"""The union of all kinds of load. Add new kinds here; `kind` distinguishes them in results.json."""
