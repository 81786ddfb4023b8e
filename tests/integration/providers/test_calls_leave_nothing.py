"""The benchmark of leaks in small: calls with faults, and nothing of them left."""

import pytest

from benchmarks.leaks import measured


def test_calls_with_faults_leave_no_thread_socket_or_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    found = measured(12, seed=3)
    assert found["calls"] == sum(found["reasons"].values()) == 12 and found["switches"] > 0
    assert found["after"]["files"] <= found["before"]["files"]
    assert found["after"]["greenlets"] <= found["before"]["greenlets"]
    # Pools of threads and of kept connections fill up over the first calls; a leak would be one or more for each call.
    for kind in ("threads", "sockets"):
        assert found["after"][kind] <= found["before"][kind] + 8, kind
