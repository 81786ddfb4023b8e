"""The web server's settings in the fault test: the product's own, and a clock that can be made to jump."""

from pathlib import Path

exec(compile((Path(__file__).parents[1] / "gunicorn.conf.py").read_text(), "gunicorn.conf.py", "exec"))


def post_worker_init(worker: object) -> None:
    """The application is loaded."""
    from benchmarks import chaos_clock

    chaos_clock.install()
