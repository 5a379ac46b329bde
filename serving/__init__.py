"""How a service is served: its command line, its socket and gunicorn. Both twins come through here alike."""
