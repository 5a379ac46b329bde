"""The page of the race on Locust's web app."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from locust.runners import LocalRunner

from loadtest.workload.scenarios import ABOUT

from .control import LASTS, Control, NotNow
from .feed import LATE, Feed
from .figures import WINDOW
from .racers import Racer
from .request import MOST_USERS, wished
from .sample import MOST_DRAWN

View = Callable[[], Response]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: the page asks nobody but us."""


def attach(environment: Any, racers: Sequence[Racer]) -> None:
    """Put the page at /race, where there is a web app, and this process runs users of every racer itself."""
    web_ui = environment.web_ui
    if web_ui is None or not isinstance(environment.runner, LocalRunner):
        return
    known = {getattr(each, "service", None): each for each in environment.available_user_classes.values()}
    if not all(racer.name in known for racer in racers):
        return
    control = Control(environment, racers, [known[racer.name] for racer in racers])
    feed = Feed(environment, racers, control)
    protected: Callable[[View], View] = web_ui.auth_required_if_enabled
    race = Blueprint("race", __name__, template_folder="templates", static_folder="static", static_url_path="/race")

    @race.get("/race")
    @protected
    def page() -> Response:
        html = render_template(
            "race.html",
            page=feed.page,
            racers=racers,
            about=ABOUT,
            most_users=MOST_USERS,
            minutes=LASTS / 60,
            window=WINDOW,
            late=LATE,
            drawn=MOST_DRAWN,
        )
        return make_response(html, {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})

    @race.get("/race/events")
    @protected
    def events() -> Response:
        return Response(feed.events(), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})

    @race.post("/race/start")
    @protected
    def start() -> Response:
        if refusal := _refusal():
            return refusal
        try:
            control.start(wished(request.get_json(silent=True)))
        except ValueError as mistake:
            return _problem(400, str(mistake))
        except NotNow as obstacle:
            return _problem(409, str(obstacle))
        return jsonify({})

    @race.post("/race/stop")
    @protected
    def stop() -> Response:
        if refusal := _refusal():
            return refusal
        control.stop()
        return jsonify({})

    web_ui.app.register_blueprint(race, url_prefix=environment.parsed_options.web_base_path or None)


def _refusal() -> Response | None:
    """What a request is told that another site sent through somebody's browser: Locust lets them all send anything."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        return _problem(403, f"Only this page starts and stops the race; asked by {origin}.")
    if not request.is_json:
        return _problem(415, "The body is to be JSON, and to say so: Content-Type: application/json.")
    return None


def _problem(status: int, sentence: str) -> Response:
    return make_response(jsonify({"problem": sentence}), status)
