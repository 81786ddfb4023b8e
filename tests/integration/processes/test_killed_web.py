"""A web process killed in the middle of an answer: what was said before is kept, and so is the sound."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.adapters.recording_files import samples_in
from engine.errors import VivavoceError
from engine.store.interviews import NewInterview
from engine.store.models import Answer, Question
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import CallState, InterviewState, Level, Topic
from engine.work.shipping import EventShipper
from telephony.simulator.demo_stage import wait_until_ready
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.run import run_call
from telephony.simulator.scenario import parse_scenario

ROOT = Path(__file__).parents[3]
RECORDINGS = ROOT / "telephony" / "simulator" / "recordings"
SCENARIO = f"""
caller = "+15550101"
dialled = "+15550100"
[[reply]]
on = "consent"
digits = "1"
[[reply]]
on = "ask:*"
audio = "{RECORDINGS}/python-gil.wav"
text = "recorded"
times = 0
[[reply]]
on = "probe:*"
audio = "{RECORDINGS}/python-gil.wav"
text = "recorded"
times = 0
"""


def until(is_so: Callable[[], bool], timeout_s: float, what: str) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline_s, f"not within {timeout_s:g} s: {what}"
        threading.Event().wait(0.05)


@pytest.mark.processes
@pytest.mark.timeout(180)
def test_kill_minus_nine_in_the_middle_of_an_answer_loses_no_earlier_answer(sessions, database_url, tmp_path):
    with UnitOfWork(sessions) as work:
        user = work.users.add(NewUser("a@b.example", "-", "A", "B", "1", datetime.now(UTC)))
        interview = work.interviews.create(
            user.id,
            NewInterview(
                title="t",
                role="Engineer",
                level=Level.MID,
                topics=(Topic.PYTHON,),
                question_count=5,
                language="en",
                rubric="correctness-completeness-clarity",
                candidate_name="Ada Lovelace",
                candidate_phone="+15550100177",
                candidate_time_zone="UTC",
                scheduled_at=None,
            ),
        )
        work.commit()
        interview_id, pin = interview.id, interview.pin
    environ = os.environ | {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "JWT_SECRET": "j" * 40,
        "JWT_REFRESH_SECRET": "r" * 40,
        "STREAM_SECRET": "s" * 40,
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "t" * 32,
        "PHONE_NUMBER": "+15550100",
        "DATA_DIR": str(tmp_path),
        "SPEECH_TO_TEXT": "scripted",
        "TEXT_TO_SPEECH": "scripted",
        "WEB_CONCURRENCY": "1",
        "BIND_HOST": "127.0.0.1",
        "PORT": "8917",
        "PUBLIC_BASE_URL": "http://127.0.0.1:8917",
    }
    web = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"],
        cwd=ROOT,
        env=environ,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    answers_begun = threading.Semaphore(0)

    def happened(happening: Happening) -> None:
        if happening.kind is Kind.CALLER_BEGAN:
            answers_begun.release()

    def phone() -> None:
        try:
            run_call(
                parse_scenario(SCENARIO, ROOT),
                url=environ["PUBLIC_BASE_URL"],
                auth_token=environ["TWILIO_AUTH_TOKEN"],
                account_sid="AC1",
                pin=pin,
                on_happening=happened,
            )
        except (VivavoceError, OSError):
            return  # the server is gone, as it was meant to be

    caller = threading.Thread(target=phone, daemon=True)
    try:
        wait_until_ready(environ["PUBLIC_BASE_URL"], [web], tmp_path)
        caller.start()
        assert answers_begun.acquire(timeout=60)
        assert answers_begun.acquire(timeout=60)
        killed_at_s = time.monotonic()
        until(lambda: samples_in(next(tmp_path.glob("recordings/*.wav"))) > 0, 10, "a recording")
        threading.Event().wait(1.5)  # into the middle of the answer
    finally:
        os.killpg(web.pid, signal.SIGKILL)
        web.wait()
    spoken_s = time.monotonic() - killed_at_s
    with UnitOfWork(sessions) as work:
        kept = work.session.execute(select(Question.order, Answer.text).join(Answer).order_by(Question.order)).all()
    assert kept, "the first answer is in the database although nothing was shut down in order"
    assert kept[0].text.startswith("word")

    [recording] = tmp_path.glob("recordings/*.wav")
    [log] = tmp_path.glob("calls/*.jsonl")
    last_ms = int(log.read_text().splitlines()[-1].split('"at_ms":')[1].split(",")[0])
    assert samples_in(recording) / 8 >= last_ms - 1000, "the sound is there up to the last second"
    assert spoken_s >= 1.0

    shipper = EventShipper(sessions, tmp_path / "calls", abandoned_after_s=0.0)
    until(lambda: shipper.ship_pending() == 0 and not list(tmp_path.glob("calls/*.jsonl")), 20, "recovery")
    shipper.stop()
    with UnitOfWork(sessions) as work:
        assert work.interviews.get(interview_id).state == InterviewState.INTERRUPTED
        [call] = work.calls.of_interview(interview_id)
        assert (call.state, call.end_reason) == (CallState.DROPPED, "process_lost")
    caller.join(30)
