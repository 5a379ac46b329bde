"""The results file: its schema, and how it is stored."""
