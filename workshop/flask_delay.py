"""A complete Flask service that waits: each request holds a thread.

python workshop/flask_delay.py            serves until Ctrl-C
curl -i http://127.0.0.1:8001/delay/1     answers after a second
"""

import time

from flask import Flask

app = Flask(__name__)


@app.get("/delay/<duration>")
def delay(duration: str) -> dict[str, float]:
    """Wait for `duration` seconds, and return them."""
    seconds = float(duration)
    time.sleep(seconds)  # holds a thread
    return {"duration": seconds}


if __name__ == "__main__":
    app.run(port=8001)
