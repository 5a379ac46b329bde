"""The twelve lessons, a file each."""
