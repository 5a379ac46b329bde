"""Start the watcher in each Python process of a service, then run the `sitecustomize` that the service has itself.

Python imports the first `sitecustomize` on its path when it starts. The folder of this file comes first there, because
the service was started with it in PYTHONPATH.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location

HERE = os.path.dirname(os.path.abspath(__file__))

PACKAGE = "_sync_vs_async_watch"
"""The name of the watcher's package in the service, which may have a package `loadtest` of its own."""


def _start() -> None:
    """Load the watcher, and let it wait for an event loop. Its faults are not the service's."""
    try:
        inside = os.path.join(os.path.dirname(HERE), "inside")
        spec = spec_from_file_location(
            PACKAGE, os.path.join(inside, "__init__.py"), submodule_search_locations=[inside]
        )
        assert spec is not None
        assert spec.loader is not None
        package = module_from_spec(spec)
        sys.modules[PACKAGE] = package
        spec.loader.exec_module(package)
        hook = __import__(f"{PACKAGE}.hook", fromlist=["install"])
        hook.install(os.environ["SYNC_VS_ASYNC_WATCH"])
    except Exception as error:
        print(f"The watcher did not start: {error!r}", file=sys.stderr)


def _give_way() -> None:
    """Run the service's own `sitecustomize` under its name, if there is one. It may raise what it raises."""
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or ".") != HERE]
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module  # the import system takes what stands here for what it imported
    spec.loader.exec_module(module)


_start()
_give_way()
