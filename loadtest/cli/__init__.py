"""The command line: one command per file, its options above its function."""
