"""The load of a step, and what theory says of it: one module for each kind of load."""

from .closed import Closed

Load = Closed
"""Every kind of load. Another one joins it here, told apart in results.json by its `kind`."""
