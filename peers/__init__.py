"""Other frameworks, one short file each: the twins of app.py, on the steps of the twin of their kind."""
