"""Checks of the machine before a workshop: each returns one finding, and changes nothing."""
