import pytest

import async_app.plumbing.service
import sync_app.plumbing.service
from contract.settings import Settings
from serving.command_line import ServiceSpec, parse

TWINS = pytest.mark.parametrize(
    "service", [sync_app.plumbing.service.SERVICE, async_app.plumbing.service.SERVICE], ids=lambda service: service.name
)


@TWINS
def test_a_twin_listens_on_this_machine_alone_unless_another_host_is_named(service: ServiceSpec) -> None:
    serve = parse(service, [], {})
    assert (serve.host, serve.port, serve.worker_class) == ("127.0.0.1", service.port, service.worker_class)
    assert serve.settings == Settings()


def test_the_twins_have_ports_of_their_own() -> None:
    assert (sync_app.plumbing.service.SERVICE.port, async_app.plumbing.service.SERVICE.port) == (8001, 8002)


def test_the_twins_have_the_workers_of_their_kind() -> None:
    assert sync_app.plumbing.service.SERVICE.worker_class == "gthread"
    assert async_app.plumbing.service.SERVICE.worker_class == "aiohttp.GunicornUVLoopWebWorker"


@TWINS
def test_each_worker_class_that_it_names_can_be_chosen(service: ServiceSpec) -> None:
    for worker_class in service.worker_classes:
        assert parse(service, ["--worker-class", worker_class], {}).worker_class == worker_class


@TWINS
def test_the_command_line_goes_before_the_environment(service: ServiceSpec) -> None:
    arguments = ["--host", "0.0.0.0", "--port", "0", "--workers", "2", "--threads", "4"]
    serve = parse(service, arguments, {"WEB_CONCURRENCY": "8", "THREADS": "8", "MAX_DURATION": "2"})
    assert (serve.host, serve.port) == ("0.0.0.0", 0)
    assert serve.settings == Settings(web_concurrency=2, threads=4, max_duration=2)


@TWINS
@pytest.mark.parametrize(
    ("arguments", "environment", "complaint"),
    [
        *(
            (["--port", port], {}, f"argument --port: '{port}' is not a port from 0 to 65535")
            for port in ("65536", "x", "80x", "1.5", "", "²", "٣", "9" * 5000)
        ),
        (["--port", "-1"], {}, "argument --port: '-1' is not a port from 0 to 65535"),
        (["--port"], {}, "argument --port: expected one argument"),
        *(
            (["--host", host], {}, f"argument --host: {host!r} is not a host name or an IP address\n")
            for host in ("", "\udcff", "é")
        ),
        (["--workers", "0"], {}, "WEB_CONCURRENCY='0' is invalid: "),
        (["--threads", "x"], {}, "THREADS='x' is invalid: "),
        ([], {"MAX_DURATION": "nan"}, "MAX_DURATION='nan' is invalid: "),
        ([], {"MAX_DURATION": ""}, "MAX_DURATION='' is invalid: "),
        ([], {"MAX_IN_FLIGHT": "0"}, "MAX_IN_FLIGHT='0' is invalid: "),
        (
            [],
            {"FILE_DIRECTORY": "/missing"},
            "FILE_DIRECTORY='/missing' is invalid: no file can be created there (No such ",
        ),
        (
            [],
            {"FILE_DIRECTORY": __file__},
            f"FILE_DIRECTORY={__file__!r} is invalid: no file can be created there (Not a ",
        ),
        (
            [],
            {"UPSTREAM_URL": "http://127.0.0.1:99999"},
            "UPSTREAM_URL='http://127.0.0.1:99999' is invalid: it must be ",
        ),
        (["--worker-class", "nope"], {}, "argument --worker-class: invalid choice: 'nope' "),
        (["--nope"], {}, "unrecognized arguments: --nope"),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_2(
    service: ServiceSpec,
    arguments: list[str],
    environment: dict[str, str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(service, arguments, environment)
    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert out == ""
    assert err.startswith(f"python -m {service.name}: {complaint}")
    assert err.count("\n") == 1


@TWINS
def test_help_tells_of_every_option_and_every_variable(
    service: ServiceSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(service, ["--help"], {})
    told = capsys.readouterr().out
    assert ended.value.code == 0
    for word in ("--host", "--port", "--workers", "--threads", "--worker-class", "--help"):
        assert word in told
    for name in Settings.model_fields:
        assert name.upper() in told
    assert f"python -m {service.name} --workers 2" in told
