import re

import async_app.app
import sync_app.app
from contract.operations import OPERATIONS
from contract.settings import Settings

PROMISED = {operation.path: set(operation.methods) for operation in OPERATIONS}


def test_flask_serves_the_routes_of_the_contract() -> None:
    served: dict[str, set[str]] = {}
    for rule in sync_app.app.create_app(Settings()).url_map.iter_rules():
        path = re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule)
        served.setdefault(path, set()).update(rule.methods or ())
    assert served == PROMISED


def test_aiohttp_serves_the_routes_of_the_contract() -> None:
    served: dict[str, set[str]] = {}
    for route in async_app.app.create_app(Settings()).router.routes():
        assert route.resource is not None
        if route.method != "*":  # "*" routes refuse unknown requests
            served.setdefault(route.resource.canonical, set()).add(route.method)
    assert served == PROMISED
