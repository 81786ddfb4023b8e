"""Heavy work off the loop that carries calls.

Under gunicorn's gevent worker every request and every call shares one thread: 30 ms of password hashing would be 30 ms
of silence for a hundred callers. There such work runs in the hub's pool of real threads; elsewhere it just runs.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from gevent import get_hub
from gevent.monkey import is_module_patched

P = ParamSpec("P")
T = TypeVar("T")


def offload(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` and return its result (or raise its exception) without holding up other greenlets.

    The work must not touch Flask's context, the database session or anything else bound to this greenlet.
    """
    if not is_module_patched("threading"):
        return work(*args, **kwargs)
    return cast(T, get_hub().threadpool.apply(work, args, kwargs))
