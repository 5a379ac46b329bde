import ast
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from loadtest.watch.injection import PREFIX, Watch, watching
from loadtest.watch.inside import report
from loadtest.watch.inside.loops import Look
from loadtest.watch.inside.routes import words_of
from loadtest.watch.readings import LoopReading, Readings
from tests.loadtest.support.commands import WITHIN
from tests.support.stalls import at_best

INSIDE = Path(report.__file__).parent

SHOP = """
import asyncio, sys, time
from aiohttp import web

async def pay(request):
    time.sleep(0.1)
    return web.Response()

async def main():
    app = web.Application()
    app.add_routes([web.get("/pay/{card}", pay)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.name.rpartition(":")[2])
    writer.write(b"GET /pay/4242?pin=7777 HTTP/1.1\\r\\nHost: shop\\r\\n\\r\\n")
    await reader.readline()
    writer.close()
    await runner.cleanup()

if sys.argv[1] == "uvloop":
    import uvloop
    uvloop.install()
asyncio.run(main())
"""

CALLBACKS = """
import asyncio, contextvars, uvloop

def fails(order):
    raise ValueError("of the service")

async def main():
    loop = asyncio.get_running_loop()
    told, name = [], contextvars.ContextVar("name")
    loop.set_exception_handler(lambda _loop, context: told.append(context))
    named = contextvars.copy_context()
    named.run(name.set, "Ada")
    loop.call_soon(lambda *given: print(given, name.get()), 1, 2, context=named)
    loop.call_soon(callback=lambda: print("by its name"))
    cancelled = loop.call_soon(print, "never")
    cancelled.cancel()
    loop.call_soon(fails, "secret")
    await asyncio.sleep(0.01)
    (context,) = told
    error = context["exception"]
    frames = []
    while error.__traceback__ is not None:
        frames.append(error.__traceback__.tb_frame.f_code.co_filename)
        error.__traceback__ = error.__traceback__.tb_next
    print(cancelled, sorted(context), context["message"].partition(" at ")[0], repr(error), frames[-1:])
    print([each for each in frames if "watch" in each], "secret" in repr(context["handle"]), len(asyncio.all_tasks()))

for loop in (uvloop.new_event_loop(), asyncio.new_event_loop()):
    for _again in range(2):
        loop.run_until_complete(main())
    print("call_soon" in vars(loop))
    loop.close()
"""

FORKS = """
import asyncio, os, threading, time

async def child():
    time.sleep(0.05)
    folder = os.environ.get("SYNC_VS_ASYNC_WATCH", "").partition("\\n")[0]
    until = time.monotonic() + 10  # a report that never comes leaves no process behind
    while folder and not os.path.exists(f"{folder}/{os.getpid()}.jsonl") and time.monotonic() < until:
        await asyncio.sleep(0.01)

async def main():
    time.sleep(0.05)
    process = os.fork()
    if not process:
        asyncio.events._set_running_loop(None)
        asyncio.run(child())
        os._exit(3)
    while not (done := os.waitpid(process, os.WNOHANG))[0]:
        await asyncio.sleep(0.01)
    print(done[1], [each.name for each in threading.enumerate()])

asyncio.run(main())
"""

DAEMON = """
import asyncio, os, sys, time

async def main():
    for _stall in range(3):
        time.sleep(0.03)
        await asyncio.sleep(0.01)

asyncio.run(main())
os.closerange(3, 100)
files = [os.open(f"{sys.argv[0]}.{number}", os.O_RDWR | os.O_CREAT) for number in range(9)]
asyncio.run(main())
print(files, [os.fstat(file).st_size for file in files])
"""

LOOK_ALIKES = """
import asyncio, time

async def main():
    time.sleep(0.03)

asyncio.run(main())
import json, typing, report
print(json.whose, report.whose)
"""

CRASHES = """
import asyncio

async def main():
    raise ValueError("of the service")

asyncio.run(main())
"""


def run(
    folder: Path, program: str, *words: str, watch: Watch | None, own: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program of a folder, watched or not. `own`: the `sitecustomize` of the service."""
    path = folder / "shop.py"
    path.write_text(program)
    given = {**os.environ, "PYTHONPATH": str(folder / "own")}
    if own:
        (folder / "own").mkdir(exist_ok=True)
        (folder / "own" / "sitecustomize.py").write_text(own)
    environment = given | (watch.environment(given) if watch else {})
    flags = [each for each in words if each.startswith("-")]
    command = [sys.executable, *flags, str(path), *[each for each in words if each not in flags]]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=WITHIN, check=False)


def read(watch: Watch, folder: Path) -> Sequence[LoopReading]:
    readings = Readings(watch.folder, folder)
    readings.update()
    return readings.loops


@pytest.mark.parametrize("made_of", ["asyncio", "uvloop"])
@at_best(AssertionError)
def test_a_stall_is_told_with_its_line_its_route_and_the_clocks_and_without_values(
    tmp_path: Path, made_of: str
) -> None:
    with watching() as watch:
        done = run(tmp_path, SHOP, made_of, watch=watch)
        told = "".join(each.read_text() for each in watch.folder.iterdir())
        (loop,) = read(watch, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert loop.made_of.startswith(made_of)
    stall, seen = next((stall, each) for stall in loop.stalls for each in stall.seen if each.site.function == "pay")
    assert (seen.site.where, seen.site.call, seen.route) == ("shop.py:6", "time.sleep", "GET /pay/{card}")
    assert stall.took >= 0.1
    assert stall.before.moment <= stall.began
    assert stall.after.moment >= stall.began + stall.took
    assert stall.after.cpu - stall.before.cpu < 0.1  # it slept
    assert "4242" not in told
    assert "7777" not in told


@pytest.mark.parametrize(
    ("program", "flags"),
    [
        pytest.param(CALLBACKS, [], id="callbacks"),
        pytest.param(FORKS, ["-Werror"], id="fork"),
        pytest.param(DAEMON, ["-Xdev"], id="daemon"),
        pytest.param(LOOK_ALIKES, [], id="look-alikes"),
        pytest.param(CRASHES, [], id="crash"),
        pytest.param(CRASHES, ["-I"], id="isolated"),
    ],
)
def test_a_watched_program_does_what_it_does_unwatched(tmp_path: Path, program: str, flags: list[str]) -> None:
    for name in ("json", "report", "platform"):
        (tmp_path / f"{name}.py").write_text("whose = 'mine'")
    with watching() as watch:
        watched = run(tmp_path, program, *flags, watch=watch)
        processes = {each.process for each in read(watch, tmp_path)}
    unwatched = run(tmp_path, program, *flags, watch=None)
    assert (watched.stdout, watched.stderr) == (unwatched.stdout, unwatched.stderr)
    assert watched.returncode == unwatched.returncode
    assert len(processes) == {FORKS: 2, DAEMON: 1, LOOK_ALIKES: 1}.get(program, len(processes))


@pytest.mark.parametrize("own", ["print(__name__, __file__)", "import asyncio; asyncio.run(asyncio.sleep(0))", "1 / 0"])
@at_best(AssertionError)
def test_the_sitecustomize_of_a_service_runs_as_it_would(tmp_path: Path, own: str) -> None:
    program = "import asyncio, time\nasync def main():\n    time.sleep(0.3)\nasyncio.run(main())"
    with watching() as watch:
        watched = run(tmp_path, program, watch=watch, own=own)
        assert 3 in [each.site.line for loop in read(watch, tmp_path) for stall in loop.stalls for each in stall.seen]
    unwatched = run(tmp_path, program, watch=None, own=own)
    assert (watched.stdout, watched.stderr) == (unwatched.stdout, unwatched.stderr)


def test_a_process_without_a_loop_carries_the_hook_alone_and_an_unwatched_one_nothing(tmp_path: Path) -> None:
    program = "import os, sys; print(*sys.modules, *sys.path, *map(type, sys.meta_path), *os.environ, sep='\\n')"
    with watching() as watch:
        watched = run(tmp_path, program, watch=watch).stdout.splitlines()
        assert list(watch.folder.iterdir()) == []
    unwatched = run(tmp_path, program, watch=None).stdout.splitlines()
    assert not [each for each in unwatched if "watch" in each.lower() and each not in os.environ]
    ours = "_sync_vs_async_watch"
    hook = {ours, f"{ours}.hook", f"<class '{ours}.hook._Finder'>", "SYNC_VS_ASYNC_WATCH"}
    assert set(watched) - set(unwatched) <= hook | {"__future__"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "/"),
        ("/gift-cards", "/gift-cards"),
        ("/users/alice", "/users/{…}"),
        ("/reset/eyJhbGciOiJI.x?token=7", "/reset/{…}"),
        ("/users/42/orders/", "/users/{…}/{…}/{…}"),
        ("/users/Ada@example.org/%20", "/users/{…}/{…}"),
        ("/" + "a" * 25, "/{…}"),
        ("/a/b/c/d/e/f/g/h/i", "/a" + "/{…}" * 7),
    ],
)
def test_of_a_path_without_a_route_the_first_word_alone_is_told(path: str, words: str) -> None:
    assert words_of(path) == words


def test_what_the_disk_does_not_take_is_written_later_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "reports"
    here = report.Report(str(folder))
    here.loop(1, "asyncio")
    here.write()
    folder.mkdir()
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    here.write()
    monkeypatch.undo()
    here.clocks(1, Look(2.0, 1.0, None), 0.5, [])
    here.write()
    (loop,) = read(Watch(folder), tmp_path)
    assert loop.clocks == [Look(2.0, 1.0, None)]


def test_a_report_that_cannot_be_written_takes_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_UNWRITTEN", 1000)
    folder = tmp_path / "reports"
    here = report.Report(str(folder))
    for _time in range(100):
        here.clocks(1, Look(2.0, 1.0, None), 0.5, [])
    folder.mkdir()
    here.write()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("path", sorted(INSIDE.glob("*.py")), ids=lambda path: path.name)
def test_the_watcher_is_written_for_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    run_at_import = [each for each in tree.body if isinstance(each, ast.Assign)]
    unions = [each for part in run_at_import for each in ast.walk(part) if isinstance(each, ast.BitOr)]
    assert not unions  # annotations are not evaluated, types that have a name are


def test_the_folder_of_a_killed_command_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(WITHIN)
    left, other = tmp_path / f"{PREFIX}{ended.pid}-x", tmp_path / f"{PREFIX}{os.getpid()}-x"
    left.mkdir()
    other.mkdir()
    with watching() as watch:
        assert sorted(tmp_path.iterdir()) == sorted([other, watch.folder])
