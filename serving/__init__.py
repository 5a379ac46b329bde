"""The code that serves every service: command line, socket and gunicorn. Both twins start through it."""
