"""The page of the race on Locust's web app."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from locust.runners import LocalRunner, MasterRunner

from contract.bodies import STREAMED
from loadtest.generator.profile import ProfileArrivals
from loadtest.processes.qr_code import as_svg
from loadtest.web_ui.policy import POLICY
from loadtest.web_ui.racers import Racer
from loadtest.workload.open import PATIENCE
from loadtest.workload.scenarios import RACED

from .audience import NOBODY, Audience
from .control import LASTS, Control, NotNow
from .feed import IN_TIME, Feed
from .figures import WINDOW
from .generators import Alone, Generators, Workers
from .guard import guard, hosts, not_json, problem
from .held import STAYS
from .observer import Observer
from .public import public
from .request import LEAST_RATE, MOST_RATE, MOST_USERS, decoded, wished
from .sample import MOST_DRAWN
from .view import LATE
from .visitors import Refused, is_presenter
from .wall import Wall
from .wall_pages import View, add_wall


def attach(  # noqa: PLR0913 - what the page shows, and to whom
    environment: Any,
    racers: Sequence[Racer],
    arrivals: ProfileArrivals,
    public_url: str = "",
    others: Audience = NOBODY,
    *,
    generators: int = 1,
) -> None:
    """Guard Locust's web app, if there is one. Add the page at /race, if it can be known what every racer's users do.

    That is so if this process runs them, or if it is the master of load generators, `generators` of them, which send
    their views; it waits for those. `public_url`: where a reverse proxy publishes the web app, if one does. `others`:
    those who look at the race.

    Raises:
        ValueError: if Locust was started with a host that cannot be shown, or with no valid `public_url`.

    """
    services, published, web_ui = hosts(environment), public(public_url), environment.web_ui
    if web_ui is None:
        return
    visitors = guard(environment, services, arrivals, published, others.addresses)
    known = {getattr(each, "service", None): each for each in environment.available_user_classes.values()}
    if not all(racer.name in known for racer in racers):
        return
    classes = [known[racer.name] for racer in racers]
    senders: Generators
    if isinstance(environment.runner, LocalRunner):
        senders = Alone(Observer(environment, racers, classes, arrivals))
    elif isinstance(environment.runner, MasterRunner) and generators > 1:
        senders = workers = Workers(environment, generators)
        workers.await_all()
    else:
        return
    control = Control(environment, racers, classes, arrivals, senders)
    wall = Wall(others.asked) if others.asked else None
    feed = Feed(racers, control, senders, wall)
    codes = [(url, as_svg(url)) for url in others.urls(web_ui.port)]
    protected: Callable[[View], View] = web_ui.auth_required_if_enabled
    race = Blueprint("race", __name__, template_folder="templates", static_folder="static", static_url_path="/race")

    @race.get("/race")
    @protected
    def page() -> Response:
        html = render_template(
            "race.html",
            page=feed.page,
            presents=presents(),
            others=codes,
            asked=others.asked,
            racers=racers,
            about=RACED,
            most_users=MOST_USERS,
            least_rate=LEAST_RATE,
            most_rate=MOST_RATE,
            patience=PATIENCE,
            minutes=LASTS / 60,
            window=WINDOW,
            late=LATE,
            in_time=IN_TIME,
            drawn=MOST_DRAWN,
            generators=generators,
            stays=STAYS,
        )
        return make_response(html, {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})

    @race.get("/race/events")
    @protected
    def events() -> Response:
        try:
            told = feed.events() if presents() else visitors.streamed(feed.events())
        except Refused as refused:
            return problem(refused.status, str(refused))
        return Response(told, mimetype="text/event-stream", headers=STREAMED)

    @race.post("/race/start")
    @protected
    def start() -> Response:
        if refusal := not_json():
            return refusal
        try:
            control.start(wished(decoded(request.get_data())))
        except ValueError as mistake:
            return problem(400, str(mistake))
        except NotNow as obstacle:
            return problem(409, str(obstacle))
        return jsonify({})

    @race.post("/race/stop")
    @protected
    def stop() -> Response:
        if refusal := not_json():
            return refusal
        control.stop()
        return jsonify({})

    def presents() -> bool:
        return others.room is None or is_presenter(request.remote_addr or "")

    if wall is not None:
        add_wall(race, wall, environment, protected)
    web_ui.app.register_blueprint(race, url_prefix=environment.parsed_options.web_base_path or None)
