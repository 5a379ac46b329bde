import subprocess
import sys
from textwrap import dedent


def test_a_worker_ends_on_sigquit_even_while_it_hands_its_pool_a_request() -> None:
    program = """
        import signal
        import threading

        from gunicorn.config import Config

        from serving.thread_worker import ThreadWorker


        def interrupted(**_thread):
            signal.raise_signal(signal.SIGQUIT)


        worker = ThreadWorker(0, 0, [], None, 1, Config(), None)
        worker.tpool = worker.get_thread_pool()
        signal.signal(signal.SIGQUIT, worker.handle_quit)
        threading.Thread = interrupted  # the pool creates threads with its lock held
        worker.tpool.submit(print, "never")
    """
    ended = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
