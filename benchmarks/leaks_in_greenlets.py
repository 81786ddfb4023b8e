"""`make bench-leaks SERVER=gevent`: benchmarks.leaks in greenlets, patched before anything else is imported."""

from gevent import monkey

monkey.patch_all()

from benchmarks.leaks import main  # noqa: E402  nothing may be imported before the patch

if __name__ == "__main__":
    raise SystemExit(main())
