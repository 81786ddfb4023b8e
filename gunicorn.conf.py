"""How gunicorn serves the web process. Read by every `gunicorn --config gunicorn.conf.py wsgi:app`."""

import os
import sys

from dotenv import load_dotenv

from engine.adapters.model_names import check_models
from engine.config import load_settings
from engine.errors import SettingsError

load_dotenv()

# The matrices of the voice detector are small: threads for them cost more than they save, and sleep nowhere else.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

bind = f"{os.environ.get('BIND_HOST') or '0.0.0.0'}:{os.environ.get('PORT') or 8000}"  # noqa: S104  # a server's place

# One cooperative worker per core: a call is three greenlets, and a worker that shares its core keeps fewer calls.
worker_class = "telephony.serving.CallWorker"
workers = int(os.environ.get("WEB_CONCURRENCY") or os.cpu_count() or 1)

# A worker that is told to stop takes no new call and serves on until its last one has ended, an hour at most.
graceful_timeout = 3600
timeout = 120

# max_requests stays at its default of none: a restart after so many requests would cut the calls of that worker.

# The control socket would be one file in the user's home for all servers on the machine.
control_socket_disable = True

# The application logs each request by its route: addresses carry candidates' links, which open like keys.
accesslog = None
errorlog = "-"


def on_starting(server: object) -> None:
    """Refuse faulty settings before there is a worker: a worker that cannot start would be started again for ever."""
    try:
        check_models(load_settings(os.environ))
    except SettingsError as error:
        sys.exit(str(error))
