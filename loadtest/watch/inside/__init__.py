"""The watcher that runs in the processes of a watched service. It imports the standard library alone."""
