"""The race behind a real nginx with TLS and a path prefix, set up with the snippet of the documentation."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPSConnection
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Request, expect

from contract import ports
from tests.browser.test_race import RACERS, WITHIN, moving, status
from tests.docs.support.pages import ROOT
from tests.loadtest.support.commands import alone, serving
from tests.loadtest.support.racing import heard, stopped
from tests.support.stalls import at_best, eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ports")]  # the well-known ports allow one test at a time

NAME, PASSWORD = "presenter", "workshop"
AUTHORIZATION = "Basic cHJlc2VudGVyOndvcmtzaG9w"

WHOLE = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
{snippet}
    }}
}}
"""


class Proxy(NamedTuple):
    port: int

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    def post(self, path: str, origin: str) -> int:
        """Send a start or stop through the proxy, as a page of `origin` would, and return the status."""
        with closing(HTTPSConnection("localhost", self.port, context=trusting(), timeout=WITHIN / 1000)) as connection:
            headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json", "Origin": origin}
            connection.request("POST", path, "{}", {**headers, "X-Forwarded-Host": "evil.example"})
            return connection.getresponse().status


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the certificate is our own
    return context


def snippet() -> str:
    """Return the part of an nginx server in docs/workshop.md."""
    found = re.search(r"```nginx\n(.*?)```", (ROOT / "docs" / "workshop.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def proxy(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:  # noqa: ARG001 - skips first
    """Run nginx in front of a race, and yield it."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if nginx is None and os.environ.get("CI"):
        pytest.fail("No nginx found.")
    if nginx is None:
        pytest.skip("No nginx found.")
    folder: Path = tmp_path_factory.mktemp("nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        proxy = Proxy(free.getsockname()[1])
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem"))
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", *files)
    (folder / "passwords").write_text(f"{NAME}:{{PLAIN}}{PASSWORD}\n")
    part = snippet().replace("/etc/nginx/workshop.htpasswd", str(folder / "passwords"))
    user = "" if os.geteuid() else "user root;"  # else that of nginx's workers, who cannot read the folder
    (folder / "nginx.conf").write_text(WHOLE.format(user=user, folder=folder, port=proxy.port, snippet=part))
    command = ("race", "--services", ",".join(RACERS), "--public-url", f"{proxy.origin}/race-demo/")
    with ExitStack() as stack:
        environment = stack.enter_context(alone())
        raced = stack.enter_context(serving(environment, *command))
        raced.hear("Ctrl-C stops everything")
        assert f"  through the proxy: {proxy.origin}/race-demo/race" in raced.said
        server = stack.enter_context(subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf"]))
        stack.callback(server.terminate)
        eventually(lambda: answers(proxy.port))
        yield proxy
        raced.process.send_signal(signal.SIGINT)
        assert raced.end() == 0


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_race_is_run_through_the_proxy_and_asks_nobody_else(browser: Browser, proxy: Proxy) -> None:
    said: list[str] = []
    asked: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    def note(request: Request) -> None:
        asked.append(request.url)

    with closing(
        browser.new_context(
            ignore_https_errors=True, http_credentials={"username": NAME, "password": PASSWORD, "origin": proxy.origin}
        )
    ) as window:
        window.on("console", hear)
        window.on("request", note)
        page = window.new_page()
        page.goto(f"{proxy.origin}/race-demo/race")
        status(page, "No race is running.")  # the events come one by one: nginx does not collect them
        page.get_by_label("Users per service").fill("4")
        page.get_by_label("Delay").fill("50ms")
        page.get_by_role("button", name="Start").click()
        moving(page)
        page.get_by_role("button", name="Stop").click()
        status(page, "No race is running.")
        page.keyboard.press("?")
        page.get_by_role("link", name="Locust's own page").click()
        expect(page).to_have_url(f"{proxy.origin}/race-demo/")
        expect(page).to_have_title("Locust")
    assert said == []
    assert asked
    assert [url for url in asked if not url.startswith((f"{proxy.origin}/race-demo/", "data:", "blob:"))] == []


@at_best(AssertionError)
def test_events_pass_the_proxy_one_by_one_and_unchanged(proxy: Proxy) -> None:
    with closing(HTTPSConnection("localhost", proxy.port, context=trusting(), timeout=WITHIN / 1000)) as connection:
        connection.request("GET", "/race-demo/race/events", headers={"Authorization": AUTHORIZATION})
        response = connection.getresponse()
        assert "no-transform" in (response.getheader("Cache-Control") or "")
        assert response.read1().count(b"data: ") == 1  # nginx would wait for a full buffer


def test_through_the_proxy_pages_of_other_sites_are_refused(proxy: Proxy) -> None:
    own = f"http://127.0.0.1:{ports.LOCUST}"
    for what in ("race/stop", "swarm"):
        for origin in ("https://evil.example", "null", "http://localhost", "https://localhost:1", f"{own}0"):
            assert proxy.post(f"/race-demo/{what}", origin) == 403
    assert heard(lambda _: True)["state"] == "ready"
    assert proxy.post("/race-demo/race/stop", proxy.origin) == 200
    stopped()
