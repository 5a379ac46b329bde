"""Start the watcher in each Python process of a service, then run the `sitecustomize` that the service has itself.

Python imports the first `sitecustomize` on its path when it starts. The folder of this file comes first there, because
the service was started with it in PYTHONPATH. Nothing is imported here that Python has not imported by now: a service
may have modules named as those of the standard library.
"""

import os
import sys

_here = os.path.dirname(__file__)

try:
    _settings = os.environ.get("SYNC_VS_ASYNC_WATCH")
    if _settings and sys.version_info >= (3, 9) and sys.implementation.name == "cpython":
        _package = type(sys)("_sync_vs_async_watch")  # the service may have a package `loadtest` of its own
        _package.__path__ = [os.path.join(os.path.dirname(_here), "inside")]
        sys.modules[_package.__name__] = _package
        __import__("_sync_vs_async_watch.hook", fromlist=["install"]).install(_settings)
except Exception:  # noqa: S110 - a fault of the watcher is none of the service
    pass

sys.path[:] = [_each for _each in sys.path if _each != _here]
sys.path_importer_cache.pop(_here, None)
del sys.modules["sitecustomize"]
# The service's own. Python ignores the error if there is none.
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401
