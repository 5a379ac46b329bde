"""The command line: one command per file, with its options as decorators of its function."""
