"""The pages of the wall on Locust's web app: the form for a prediction, and the presenter's reveal."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request

from loadtest.web_ui.policy import POLICY

from .guard import not_json
from .wall import NotTaken, Wall

COOKIE = "prediction"
"""The cookie with a browser's token, which the browser forgets when it is closed."""

FORM_POLICY = POLICY.replace("form-action 'none'", "form-action 'self'")

View = Callable[[], Response]


def add_wall(race: Blueprint, wall: Wall, environment: Any, protected: Callable[[View], View]) -> None:
    """Add the pages of `wall` to the blueprint of the race. The start of any run reveals the predictions."""

    def reveal(**_event: Any) -> None:
        wall.revealed = True

    environment.events.test_start.add_listener(reveal)

    @race.get("/race/predict")
    @protected
    def predict() -> Response:
        return _form(wall, HTTPStatus.OK)

    @race.post("/race/prediction")
    @protected
    def prediction() -> Response:
        try:
            token = wall.send(request.cookies.get(COOKIE), request.form.get("number", ""))
        except ValueError as mistake:
            return _form(wall, HTTPStatus.BAD_REQUEST, str(mistake))
        except NotTaken as obstacle:
            return _form(wall, HTTPStatus.CONFLICT, str(obstacle))
        sent = make_response(redirect("predict", HTTPStatus.SEE_OTHER))
        sent.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
        return sent

    @race.post("/race/reveal")
    @protected
    def revealed() -> Response:
        if refusal := not_json():
            return refusal
        reveal()
        return jsonify({})


def _form(wall: Wall, status: HTTPStatus, problem: str = "") -> Response:
    """Return the page with the form, and with the number that this browser has sent before."""
    html = render_template(
        "predict.html",
        asked=wall.asked,
        sent=wall.sent(request.cookies.get(COOKIE)),
        open=not wall.revealed,
        problem=problem,
    )
    return make_response(html, status, {"Content-Security-Policy": FORM_POLICY, "Cache-Control": "no-store"})
