"""What the demo plays on its stage: an interview is booked, a recorded candidate phones in, the report is awaited."""

import json
import secrets
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.passwords import Passwords
from engine.errors import VivavoceError
from engine.evaluation.word_errors import word_error_rate
from engine.store import schema
from engine.store.database import make_engine, make_sessions
from engine.store.interviews import NewInterview
from engine.store.jobs import WRITE_QUESTIONS, enqueue, is_waiting
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Level, Topic
from telephony.simulator.demo_stage import DemoFailed, Stage
from telephony.simulator.live_view import LiveView, clock
from telephony.simulator.run import CallResult, run_call
from telephony.simulator.scenario import Scenario, load_scenario
from telephony.simulator.timeline import with_log

SCENARIO = Path(__file__).parent / "scenarios" / "demo.toml"
EMAIL = "demo@vivavoce.example"
QUESTIONS = 5
MOST_WORD_ERRORS = 0.15
_REPORT_TIMEOUT_S = 90.0
_QUESTIONS_TIMEOUT_S = 30.0

Sessions = sessionmaker[Session]


def play(stage: Stage, began_s: float) -> None:
    """From tables to report. began_s: when the demo was started, on the monotonic clock. Raises DemoFailed."""
    url = stage.environ["DATABASE_URL"]
    schema.upgrade(url)
    engine = make_engine(url)
    try:
        _play(stage, make_sessions(engine), began_s)
    finally:
        engine.dispose()


def _play(stage: Stage, sessions: Sessions, began_s: float) -> None:
    scenario = load_scenario(SCENARIO)
    interview_id, pin = _book(stage, sessions)
    stage.wait_until_ready()
    stage.start_worker()  # only now: its loading would hold up that of the others
    if stage.has_language_model:
        _await_questions(sessions, interview_id)
    print(f"The candidate phones in with PIN {pin}.\n", flush=True)
    result = _call_live(stage, sessions, scenario, (interview_id, pin), began_s)
    report = _report(stage, sessions, interview_id)
    with UnitOfWork(sessions) as work:
        result = replace(result, timeline=with_log(result.timeline, work.events.after(interview_id, limit=100_000)))
    (stage.folder / "timeline.json").write_text(json.dumps(result.as_data(), indent=2))
    (stage.folder / "report.json").write_text(json.dumps(report, indent=2))
    _print_report(stage, report, interview_id)
    _check_words(result, report)
    if result.problems:
        raise DemoFailed("the server did what Twilio refuses: " + "; ".join(result.problems))


def _book(stage: Stage, sessions: Sessions) -> tuple[uuid.UUID, str]:
    with UnitOfWork(sessions) as work:
        user = work.users.by_email(EMAIL)
        if user is None:
            now = datetime.now(UTC)
            password_hash = Passwords().hash(stage.environ["DEMO_PASSWORD"])
            user = work.users.add(NewUser(EMAIL, password_hash, "Demo", "User", "1", now, verified_at=now))
        interview = work.interviews.create(
            user.id,
            NewInterview(
                title="Backend engineer (demo)",
                role="Backend Engineer",
                level=Level.MID,
                topics=(Topic.PYTHON, Topic.DATABASES),
                question_count=QUESTIONS,
                language="en",
                rubric="correctness-completeness-clarity",
                candidate_name="Sam Carter",
                candidate_phone=f"+1555010{secrets.randbelow(10_000):04d}",  # a newcomer, who was asked nothing yet
                candidate_time_zone="UTC",
                scheduled_at=None,
            ),
        )
        if stage.has_language_model:
            enqueue(work.session, WRITE_QUESTIONS, interview_id=str(interview.id))
        work.commit()
        return interview.id, interview.pin


def _await_questions(sessions: Sessions, interview_id: uuid.UUID) -> None:
    """Let the job finish: a person books days before the call. After half a minute the bank has to do."""
    deadline_s = time.monotonic() + _QUESTIONS_TIMEOUT_S
    is_done, count = False, 0
    while not is_done and time.monotonic() < deadline_s:
        time.sleep(0.2)
        with UnitOfWork(sessions) as work:
            is_done = not is_waiting(work.session, WRITE_QUESTIONS, interview_id=str(interview_id))
            count = len(work.generated.of_interview(interview_id))
    print(f"The language model has {count} questions ready for this interview.", flush=True)


def _call_live(
    stage: Stage, sessions: Sessions, scenario: Scenario, booked: tuple[uuid.UUID, str], began_s: float
) -> CallResult:
    interview_id, pin = booked
    results: list[CallResult | BaseException] = []

    def phone() -> None:
        try:
            results.append(
                run_call(
                    scenario,
                    url=stage.base_url,
                    auth_token=stage.environ["TWILIO_AUTH_TOKEN"],
                    account_sid=stage.environ["TWILIO_ACCOUNT_SID"],
                    pin=pin,
                )
            )
        except (VivavoceError, OSError) as error:
            results.append(error)

    view = LiveView(sys.stdout, sys.stdout.isatty())
    thread = threading.Thread(target=phone, name="caller", daemon=True)
    thread.start()
    last_id, has_asked = 0, False
    while True:
        is_over = not thread.is_alive()
        with UnitOfWork(sessions) as work:
            events = work.events.after(interview_id, last_id)
        for event in events:
            last_id = event.id
            view.show(event.at_ms, event.kind, event.name, event.data)
            if event.name == "question_asked" and not has_asked:
                has_asked = True
                view.note(f"-- first question {time.monotonic() - began_s:.1f} s after the start of the demo")
        if is_over and not events:
            break
        thread.join(0.15)
    view.finish()
    [result] = results
    if isinstance(result, BaseException):
        raise DemoFailed(f"the call could not be held: {result}") from result
    return result


def _report(stage: Stage, sessions: Sessions, interview_id: uuid.UUID) -> dict[str, Any]:
    print("\nGrading ...", flush=True)
    deadline_s = time.monotonic() + _REPORT_TIMEOUT_S
    while time.monotonic() < deadline_s:
        with UnitOfWork(sessions) as work:
            report = work.reports.latest(interview_id)
            if report is not None:
                return report.body
        stage.check_processes()
        time.sleep(0.1)
    raise DemoFailed(f"no report within {_REPORT_TIMEOUT_S:.0f} s; see {stage.folder}/worker.log")


def _print_report(stage: Stage, report: Mapping[str, Any], interview_id: uuid.UUID) -> None:
    band = report["band"]
    score = "no score" if report["score"] is None else f"{report['score']:.0f} of 100"
    print(
        f"\nReport ({report['state']}): {score}" + (f", likely {band['low']:.0f} to {band['high']:.0f}" if band else "")
    )
    print(f"{report['verdict']['words']}. {report['verdict']['reason']}")
    for question in report["questions"]:
        grade = question["grade"] or {}
        points = "  --" if grade.get("score") is None else f"{grade['score']:4.0f}"
        origin = " (written by the language model)" if question["source"] == "model" else ""
        print(f"\n{points}  {question['order']}. {question['text']}{origin}")
        for point in grade.get("points", ()):
            evidence = point["evidence"]
            quote = f': "{evidence["quote"]}" at {clock(evidence["start_ms"] or 0)}' if evidence else ""
            print(f"        {point['status']:<6} {point['text']}{quote}")
    for title, key in (("Strengths", "strengths"), ("To improve", "improvements"), ("Study next", "study")):
        for line in report[key][:2]:
            print(f"{title}: {line}")
    print(f"\nWhole report: {stage.base_url}/interviews/{interview_id}/report")
    print(f"Log in as {EMAIL} with the password {stage.environ['DEMO_PASSWORD']}")


def _check_words(result: CallResult, report: Mapping[str, Any]) -> None:
    """What the report holds must be what was said. Raises DemoFailed when more than 15 % of the words differ."""
    pairs = []
    for question in report["questions"]:
        labels = [f"ask:{question['question_id']}", f"probe:{question['question_id']}"]
        said = [turn.text for turn in result.timeline.turns if turn.who == "caller" and turn.label in labels]
        pairs.append((" ".join(said), question["answer"]["text"]))
    if not any(said for said, _ in pairs):
        raise DemoFailed("no question was answered in words; the timeline says what happened")
    rate = word_error_rate([(said, heard) for said, heard in pairs if said])
    print(f"Word error rate of the transcript against what was spoken: {rate:.1%}")
    if rate > MOST_WORD_ERRORS:
        raise DemoFailed(f"the transcript differs from what was spoken in {rate:.1%} of the words")
