"""The benchmark of leaks in small: calls with faults, and nothing of them left."""

import pytest

from benchmarks.leaks import measured


def test_calls_with_faults_leave_no_thread_socket_or_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    found = measured(12, seed=3)
    assert found["reasons"] == {"completed": 12}
    assert found["calls_with_lost_answers"] == 0 and found["switches"] > 0
    for kind in ("threads", "files", "greenlets"):
        assert found["after"][kind] <= found["before"][kind], kind
    # Connections that are kept open for the next request come and go; a leak would be one or more for each call.
    assert found["after"]["sockets"] <= found["before"]["sockets"] + 4
