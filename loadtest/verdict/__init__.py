"""Judgements and sentences derived from results. Pure: no process, no file."""
