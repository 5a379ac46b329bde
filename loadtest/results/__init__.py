"""The results file: its schema and its storage."""
