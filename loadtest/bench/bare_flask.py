"""The least that a Flask view can do to wait, under the same server as the twin: the baseline."""

import time
from typing import Any

from flask import Flask

from serving.command_line import Serve
from serving.serve import main
from sync_app.plumbing.service import SERVICE


def delay(duration: str) -> dict[str, float]:
    """Wait, and say for how long."""
    seconds = float(duration)
    time.sleep(seconds)
    return {"duration": seconds}


def load(_serve: Serve) -> Any:
    """The WSGI application."""
    app = Flask(__name__)
    app.add_url_rule("/delay/<duration>", view_func=delay)
    return app


if __name__ == "__main__":
    main(SERVICE, load)
