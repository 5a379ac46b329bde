"""Judgements and sentences from results; nothing is run, read or written."""
