"""The fault test in its short form: real servers, a worker killed under its calls, and a server told to stop."""

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from threading import Event

import pytest

from benchmarks.chaos import MOST_RESUME_S, hold
from benchmarks.chaos_calls import Phone
from benchmarks.chaos_faults import ROUNDS
from benchmarks.chaos_stage import Stage
from benchmarks.chaos_verdict import settle
from benchmarks.media_dialling import booked_interviews
from engine.store.models import Call
from engine.vocabulary import CallState
from telephony.simulator.happenings import Happening, Kind


def ready(stage: Stage) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{stage.base_url}/health/ready", timeout=5) as answer:
            return answer.status, json.loads(answer.read())["status"]
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["status"]


@pytest.mark.processes
@pytest.mark.timeout(150)
def test_calls_survive_the_kill_of_their_process_and_a_server_told_to_stop(sessions, database_url, tmp_path):
    with Stage(tmp_path, database_url, has_jobs=False) as stage:
        [killed] = [each for each in ROUNDS if each.name == "answering"]
        began_s = time.monotonic()
        figures = hold(stage, [killed], 3, questions=1)

        assert figures["calls"] == 3
        assert figures["faults"] == 1
        assert figures["lines_broken"] >= 1, "the first call was on the worker that was killed"
        assert (figures["answers_lost"], figures["double_dials"], figures["illegal_states"]) == (0, 0, 0)
        assert figures["interviews_unfinished"] == 0, "every caller was heard to the end, in the same call"
        assert figures["answers"] == 3
        is_busy = time.monotonic() - began_s > 60  # on a machine this slow the figure is not the product's
        assert is_busy or figures["resume_s_p95"] <= 2 * MOST_RESUME_S

        phone, answering = Phone(*booked_interviews(sessions, 1, datetime.now(UTC), question_count=1), {}), Event()
        phone.environ = stage.environ

        def happened(_: Phone, happening: Happening) -> None:
            if happening.kind is Kind.UTTERANCE_BEGAN and happening.detail.startswith("ask:"):
                answering.set()

        phone.on_happening = happened
        thread = phone.start()
        assert answering.wait(30)
        stage.tell_web_to_stop()
        deadline_s = time.monotonic() + 10
        while ready(stage) != (503, "draining"):
            assert time.monotonic() < deadline_s, "the worker with the call answers that it is draining"
            Event().wait(0.1)
        late = Phone("000000", stage.environ)
        late.start().join(30)
        thread.join(60)

        assert late.call_sid == "", "no new call is taken"
        assert "goodbye" in {each.detail for _, each in phone.heard if each.kind is Kind.UTTERANCE_ENDED}
        assert phone.problems == []
        assert stage.web_has_left(within_s=15) == 0
        settle(sessions, stage.data / "calls")
        with sessions() as session:
            states = [call.state for call in session.query(Call)]
        assert states == [CallState.COMPLETED] * 4
