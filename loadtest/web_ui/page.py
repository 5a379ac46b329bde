"""The notes above Locust's form, and the page with charts of each service, on Locust's web app."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import gevent
from flask import Blueprint, Response, jsonify, make_response, render_template, request
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_SPAWNING, WORKER_REPORT_INTERVAL, LocalRunner, MasterRunner

from loadtest.generator import answering
from loadtest.generator.options import scenarios
from loadtest.workload.scenarios import RACED

from .advice import advice, shared, users_for
from .history import COMPARED, MOST_POINTS, WINDOW, History, Totals
from .leading import starting
from .policy import POLICY
from .racers import Racer
from .reports import Reports

EVERY = 1.0
"""Seconds between two points."""

PER_SECOND = 100
"""The most users started per second that are suggested; Locust warns of more."""

ROOT = '<div id="root">'
"""The element of Locust's page that its script fills."""

ELSEWHERE = "The race cannot see the users of Locust's workers; run sync-vs-async race instead."

View = Callable[[], Response]


def attach(environment: Environment, racers: Sequence[Racer]) -> None:
    """Add notes and the page /twins to Locust's web app, if there is one; suggest the number of users that it needs.

    Refuse a start if a service does not answer. `racers`: the services and what they are made of. Behind a master, say
    of /race why there is none, and what the figures are worth.
    """
    web_ui, options = environment.web_ui, environment.parsed_options
    assert options is not None
    if web_ui is None:
        return
    suggested = users_for(racers)
    if options.num_users is None and suggested is not None and not options.autostart:
        options.num_users, options.spawn_rate = suggested, min(suggested, PER_SECOND)
    history = _followed(environment)
    assert web_ui.app is not None
    # the form has the options in the order of `--help`
    web_ui.app.jinja_env.policies["json.dumps_kwargs"] = {"sort_keys": False}
    app, protected, master = web_ui.app, web_ui.auth_required_if_enabled, isinstance(environment.runner, MasterRunner)
    pages = Blueprint("twins", __name__, template_folder="templates", static_folder="static", static_url_path="/twins")

    @pages.get("/twins")
    @protected  # type: ignore[untyped-decorator] # Locust has no types for it
    def page() -> Response:
        html = render_template(
            "twins.html",
            race="race.page" in app.view_functions,
            window=WINDOW,
            compared=COMPARED,
            most=MOST_POINTS,
            reported=WORKER_REPORT_INTERVAL if master else None,
        )
        return make_response(html, {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})

    @pages.get("/twins/points")
    @protected  # type: ignore[untyped-decorator] # see above
    def points() -> Response:
        assert environment.runner is not None
        services = [{"name": name, "points": [*history.points.get(name, ())]} for name in _names(environment)]
        said = {
            "runs": _runs(environment),
            "load": _load(environment),
            "doubt": _doubt(environment),
            "lead": _starting(environment) or history.lead,
        }
        return make_response(jsonify({**said, "services": services}), {"Cache-Control": "no-store"})

    if master and "race.page" not in app.view_functions:

        @pages.get("/race")
        @protected  # type: ignore[untyped-decorator] # see above
        def race() -> Response:
            return make_response(f"{ELSEWHERE}\n", 404, {"Content-Type": "text/plain; charset=utf-8"})

    @app.before_request
    def refused() -> Response | None:
        if request.endpoint != "locust.swarm" or _runs(environment):
            return None
        sentence = unanswered(
            environment, request.form.get("host") or environment.host, request.form.getlist("user_classes")
        )
        return jsonify({"success": False, "message": sentence, "host": environment.host}) if sentence else None

    @app.after_request
    def noted(response: Response) -> Response:
        if request.endpoint == "locust.index" and response.status_code == 200 and not response.is_streamed:
            classes = environment.available_user_classes or {}
            weights = {} if environment.host else {name: each.weight for name, each in classes.items()}
            notes = render_template(
                "notes.html",
                users=suggested,
                advice=advice(racers, suggested, behind=master) if suggested and not environment.host else "",
                shared=shared(weights, suggested or 100),
                unanswered=unanswered(environment, environment.host) or "",
                race="race.page" in app.view_functions,
                about=RACED,
                options=web_ui.template_args["extra_options"],
            )
            response.set_data(response.get_data(as_text=True).replace(ROOT, notes + ROOT, 1))
        return response

    app.register_blueprint(pages, url_prefix=options.web_base_path or None)


def unanswered(environment: Environment, host: str | None, class_names: Sequence[str] = ()) -> str | None:
    """Return a sentence that names the services that do not answer, or None.

    Asked are `host`, or the services of these user classes, by default of all. Workers may reach other places than
    this process: if they send the requests, nothing is asked.
    """
    if not isinstance(environment.runner, LocalRunner):
        return None
    classes = environment.available_user_classes or {}
    chosen = [each for name, each in classes.items() if not class_names or name in class_names]
    return answering.refusal([("--host", host)] if host else [(_service(each), each.host or "") for each in chosen])


def _followed(environment: Environment) -> History:
    """Return a history that follows every run until its users leave."""
    history, reports = History(), Reports()

    def follow() -> None:
        before: list[str] = []
        while True:
            workers = _workers(environment)
            clock = time.perf_counter() if workers is None else reports.moment(workers)
            if workers is not None and workers != before:
                history.interrupt()  # the mean moment is that of others
                before = workers
            elif clock is not None:
                spawning = environment.runner is not None and environment.runner.state == STATE_SPAWNING
                history.note(clock, _totals(environment), None if spawning else there[-1])
            gevent.sleep(EVERY)

    def reported(client_id: str, **_event: Any) -> None:
        reports.note(client_id, time.perf_counter())

    def begin(**_event: Any) -> None:
        end()
        history.clear()
        there[:] = [time.perf_counter()]
        following.append(gevent.spawn(follow))

    def end(**_event: Any) -> None:
        while following:
            following.pop().kill(block=False)

    def arrived(**_event: Any) -> None:
        # reports that came until then may count what was answered before
        there[:] = [time.perf_counter() + (0.0 if _workers(environment) is None else WORKER_REPORT_INTERVAL)]

    following: list[gevent.Greenlet[..., None]] = []
    there = [0.0]
    environment.events.test_start.add_listener(begin)  # type: ignore[no-untyped-call] # Locust has no type for it
    environment.events.spawning_complete.add_listener(arrived)  # type: ignore[no-untyped-call] # see above
    environment.events.test_stopping.add_listener(end)  # type: ignore[no-untyped-call] # see above
    environment.events.worker_report.add_listener(reported)  # type: ignore[no-untyped-call] # see above
    return history


def _runs(environment: Environment) -> bool:
    return environment.runner is not None and environment.runner.state in (STATE_SPAWNING, STATE_RUNNING)


def _workers(environment: Environment) -> list[str] | None:
    """Return the workers whose users run, if this process is their master, else None."""
    runner = environment.runner
    if not isinstance(runner, MasterRunner):
        return None
    return sorted(worker.id for worker in runner.clients.spawning + runner.clients.running)


def _starting(environment: Environment) -> str:
    """Return how many users have started while they start, or an empty string."""
    runner = environment.runner
    if runner is None or runner.state != STATE_SPAWNING:
        return ""
    return starting(runner.user_count, runner.target_user_count, "users").sentence


def _load(environment: Environment) -> str:
    """Return in words what the services are asked for now."""
    assert environment.runner is not None
    options = vars(environment.parsed_options)
    users = f"{environment.runner.user_count:,} users, shared by all services"
    load = f"{options['rate']:g} arrivals a second at each service" if options["rate"] else users
    return f"{load}; {', '.join(scenarios(options))}, {options['delay']}"


def _doubt(environment: Environment) -> str:
    """Return a sentence if this run lacks a worker or if Locust's processes were short of CPU time, or nothing."""
    runner = environment.runner
    if isinstance(runner, MasterRunner) and (missing := len(runner.clients.missing)):
        who = "A load generator does" if missing == 1 else f"{missing} load generators do"
        return f"{who} not answer: what is missing here is not missing at the services."
    if runner is None or not (runner.cpu_warning_emitted or runner.worker_cpu_warning_emitted):
        return ""
    return "Locust's own process was short of CPU time: the services may answer more than this."


def _service(user_class: Any) -> str:
    return getattr(user_class, "service", "") or user_class.__name__


def _names(environment: Environment) -> list[str]:
    """Return the names with which the entries of the statistics begin."""
    return [environment.host] if environment.host else [_service(each) for each in environment.user_classes]


def _totals(environment: Environment) -> dict[str, Totals]:
    """Return the sums of the statistics of each service."""
    sums = {name: Totals() for name in _names(environment)}
    for entry in environment.stats.entries.values():
        if (total := sums.get(entry.name.partition(" ")[0])) is not None:
            total.requests += entry.num_requests
            total.failures += entry.num_failures
            total.response_times.update(entry.response_times)
    return sums
