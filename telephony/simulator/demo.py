"""`make demo`: a whole interview by simulated phone, on this machine alone, from nothing to a report.

It starts what production runs, the database, the web process and the job worker, books an interview, lets a recorded
candidate phone in, shows the call live, and waits for the report.
"""

import json
import os
import secrets
import signal
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.adapters.passwords import Passwords
from engine.errors import VivavoceError
from engine.evaluation.word_errors import word_error_rate
from engine.store.interviews import NewInterview
from engine.store.jobs import WRITE_QUESTIONS, enqueue, is_waiting
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Level, Topic
from telephony.simulator.demo_providers import loopback_providers
from telephony.simulator.demo_stage import DemoFailed, Stage, open_stage, running_processes
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


def run(*, once: bool, with_fakes: bool = False) -> int:
    """Play the demo; returns the exit status. with_fakes: loopback servers stand in for the cloud providers."""
    began_s = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)  # whatever was started here is stopped here
    folder = Path(os.environ.get("DATA_DIR", "var")).absolute() / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (
            loopback_providers(folder, are_wanted=with_fakes) as providers,
            open_stage(folder, providers) as stage,
            running_processes(stage),
        ):
            _play(stage, began_s)
            if not once:
                _serve(stage)
    except VivavoceError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130 if once else 0
    return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _play(stage: Stage, began_s: float) -> None:
    scenario = load_scenario(SCENARIO)
    interview_id, pin = _book(stage)
    if stage.has_language_model:
        _await_questions(stage, interview_id)
    print(f"The candidate phones in with PIN {pin}.\n", flush=True)
    result = _call_live(stage, scenario, interview_id, pin, began_s)
    report = _report(stage, interview_id)
    with UnitOfWork(stage.sessions) as work:
        result = replace(result, timeline=with_log(result.timeline, work.events.after(interview_id, limit=100_000)))
    (stage.folder / "timeline.json").write_text(json.dumps(result.as_data(), indent=2))
    (stage.folder / "report.json").write_text(json.dumps(report, indent=2))
    _print_report(stage, report, interview_id)
    _check_words(result, report)
    if result.problems:
        raise DemoFailed("the server did what Twilio refuses: " + "; ".join(result.problems))


def _book(stage: Stage) -> tuple[uuid.UUID, str]:
    with UnitOfWork(stage.sessions) as work:
        user = work.users.by_email(EMAIL)
        if user is None:
            now = datetime.now(UTC)
            password_hash = Passwords().hash(stage.environ["DEMO_PASSWORD"])
            user = work.users.add(NewUser(EMAIL, password_hash, "Demo", "User", "1", now))
            user.verified_at = now
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


def _await_questions(stage: Stage, interview_id: uuid.UUID) -> None:
    """Let the job finish: a person books days before the call. After half a minute the bank has to do."""
    deadline_s = time.monotonic() + _QUESTIONS_TIMEOUT_S
    is_done, count = False, 0
    while not is_done and time.monotonic() < deadline_s:
        time.sleep(0.2)
        with UnitOfWork(stage.sessions) as work:
            is_done = not is_waiting(work.session, WRITE_QUESTIONS, interview_id=str(interview_id))
            count = len(work.generated.of_interview(interview_id))
    print(f"The language model has {count} questions ready for this interview.", flush=True)


def _call_live(stage: Stage, scenario: Scenario, interview_id: uuid.UUID, pin: str, began_s: float) -> CallResult:
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
        with UnitOfWork(stage.sessions) as work:
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


def _report(stage: Stage, interview_id: uuid.UUID) -> dict[str, Any]:
    print("\nGrading ...", flush=True)
    deadline_s = time.monotonic() + _REPORT_TIMEOUT_S
    while time.monotonic() < deadline_s:
        with UnitOfWork(stage.sessions) as work:
            report = work.reports.latest(interview_id)
            if report is not None:
                return report.body
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


def _serve(stage: Stage) -> None:
    print(f"\nThe dashboard stays up at {stage.base_url} until Ctrl-C.")
    signal.pause()
