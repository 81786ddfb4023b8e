"""The benchmark of leaks in small: calls with faults, nothing of them left, and nothing that was said lost."""

import pytest

from benchmarks.leaks import measured

SLACK = 4


def test_calls_with_faults_leave_no_thread_socket_or_file_and_lose_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    found = measured(8, seed=3, warm_up=8, slack=SLACK)
    assert found["reasons"] == {"completed": 8}
    assert found["calls_with_lost_answers"] == 0
    assert found["switches"] > 0
    for kind in ("files", "greenlets"):
        assert found["after"][kind] <= found["before"][kind], kind
    # Calls before the count filled pools of threads and of kept connections, but not to their last one for certain.
    for kind in ("threads", "native_threads", "sockets"):
        assert found["after"][kind] <= found["before"][kind] + SLACK, kind
