"""Loads and their predictions: one module for each kind of load."""

from .closed import Closed
from .open import Open

Load = Closed | Open
"""The union of all kinds of load. Add new kinds here; `kind` distinguishes them in results.json."""
