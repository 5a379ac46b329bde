"""The thirteen lessons, a file each."""
