"""The command sync-vs-async."""


def main() -> None:
    """Run the command line."""
    raise SystemExit("not there yet")
