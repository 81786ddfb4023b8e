"""The fault test in its short form: a web worker killed under its calls, then the server told to stop under them."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select

from benchmarks.chaos import MOST_RESUME_S, hold
from benchmarks.chaos_calls import Phone
from benchmarks.chaos_faults import Round, kill_holder
from benchmarks.chaos_stage import Stage
from engine.adapters.recording_files import samples_in
from engine.clock import samples_to_ms
from engine.store.models import Answer, Call, Question
from engine.vocabulary import CallState
from engine.work.shipping import EventShipper
from telephony.simulator.happenings import Kind


def until(is_so, timeout_s: float, what: str) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline_s, f"not within {timeout_s:g} s: {what}"
        Event().wait(0.05)


def readiness(stage: Stage) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{stage.base_url}/health/ready", timeout=5) as answer:
            return answer.status, json.loads(answer.read())["status"]
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["status"]


def has_heard(phone: Phone, kind: Kind, detail: str) -> bool:
    return any(each.kind is kind and each.detail == detail for _, each in phone.heard)


def what_is_kept(sessions, call_sid: str, data: Path) -> tuple[list[str], int, int]:
    """The answers in the database, and up to which moment of the call its recording and its log reach."""
    with sessions() as session:
        [call] = session.query(Call).where(Call.call_sid == call_sid)
        answered = select(Answer.text).join(Question).where(Question.interview_id == call.interview_id)
        answers = list(session.scalars(answered.order_by(Question.order)))
    recorded_ms = samples_to_ms(samples_in(next(data.glob(f"recordings/*{call.id}*.wav"))))
    whole_lines = next(data.glob(f"calls/*{call.id}*.jsonl")).read_text().rpartition("\n")[0].splitlines()
    return answers, recorded_ms, json.loads(whole_lines[-1])["at_ms"]


@pytest.mark.processes
@pytest.mark.timeout(150)
def test_calls_survive_the_kill_of_their_process_and_a_server_that_is_told_to_stop(sessions, database_url, tmp_path):
    late: list[Phone] = []
    kept: list[tuple[list[str], int, int]] = []

    def kill_then_stop(stage, phones, _):
        moments = kill_holder(stage, phones, None)
        kept.append(what_is_kept(sessions, phones[0].call_sid, tmp_path / "data"))
        until(lambda: has_heard(phones[0], Kind.UTTERANCE_BEGAN, "closing"), 60, "the end of the interview is near")
        stage.tell_web_to_stop()
        until(lambda: readiness(stage) == (503, "draining"), 10, "the worker with the call says that it is draining")
        late.append(Phone("000000", stage.environ))
        late[0].start().join(10)
        return moments

    shipper = EventShipper(sessions, tmp_path / "data" / "calls")
    shipper.start()
    began_s = time.monotonic()
    try:
        with Stage(tmp_path, database_url, has_jobs=False) as stage:
            killed = Round("short form", kill_then_stop, (Kind.CALLER_BEGAN, "*", 2), 1.0)
            figures = hold(stage, [killed], 2, questions=1)
            assert stage.web_has_left(within_s=15) == 0
    finally:
        shipper.stop()

    [(answers, recorded_ms, logged_ms)] = kept
    assert answers and answers[0].startswith("word"), "what was answered before is in the database at the kill"
    assert recorded_ms >= logged_ms - 1000, "the recording can be read up to the last second"
    assert (figures["calls"], figures["faults"]) == (2, 1)
    assert figures["lines_broken"] >= 1, "the first call was on the worker that was killed"
    assert (figures["answers_lost"], figures["double_dials"], figures["illegal_states"]) == (0, 0, 0)
    assert (figures["answers"], figures["interviews_unfinished"]) == (2, 0), "heard to the end, in the same call"
    is_busy = time.monotonic() - began_s > 45  # on a machine so slow the figure is not the product's
    assert is_busy or figures["resume_s_p95"] <= MOST_RESUME_S
    assert late[0].call_sid == "", "no new call was taken"
    with sessions() as session:
        assert [call.state for call in session.query(Call)] == [CallState.COMPLETED] * 2
