"""`make bench-gap`: how long the caller waits for us, in real calls over the loopback with the local engines.

The web process, the job worker and the database run as in production; a recorded candidate phones in, gives complete
answers, and speaks over two of the questions. Gaps are measured on the caller's side, by ear: from the last loud frame
of the candidate to the first one of ours. The steps between come from the server's own log (telephony/reply_clock.py).

The last line is one JSON object. The exit status is 2, with a reason, when a call cannot be held.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.media_dialling import booked_interviews
from engine.dialogue.playback import NOD
from engine.errors import VivavoceError
from engine.store import schema
from engine.store.database import make_engine, make_sessions
from engine.store.models import Call
from engine.store.unit_of_work import UnitOfWork
from telephony.simulator.demo_interview import SCENARIO
from telephony.simulator.demo_stage import Stage, open_stage
from telephony.simulator.run import CallResult, run_call
from telephony.simulator.scenario import Scenario, load_scenario
from telephony.simulator.timeline import Timeline, percentile, with_log

INTERRUPT_AFTER_MS = 1500
INTERRUPTIONS = 2
QUESTIONS = 4
_LOGS_S = 30.0
_PHRASES_S = 90.0
_ANSWERS = ("ask:", "probe:", "closing")


def scenario() -> Scenario:
    """The demo's candidate, who also speaks over two questions: with the answer, not yet having heard them out."""
    calm = load_scenario(SCENARIO)
    answer = next(reply for reply in calm.replies if reply.on.startswith("ask:") and reply.parts)
    hasty = replace(
        answer, on="ask:*", interrupt_after_ms=INTERRUPT_AFTER_MS, times=INTERRUPTIONS, number=len(calm.replies) + 1
    )
    return replace(calm, replies=(*calm.replies, hasty))


def held(stage: Stage, calls: int) -> list[Timeline]:
    """The calls' timelines with what the server logged. Raises VivavoceError."""
    engine = make_engine(stage.environ["DATABASE_URL"])
    sessions = make_sessions(engine)
    timelines = []
    try:
        for pin in booked_interviews(sessions, calls, datetime.now(UTC), question_count=QUESTIONS):
            result = run_call(
                scenario(),
                url=stage.base_url,
                auth_token=stage.environ["TWILIO_AUTH_TOKEN"],
                account_sid=stage.environ["TWILIO_ACCOUNT_SID"],
                pin=pin,
            )
            if result.problems:
                raise VivavoceError("; ".join(result.problems))
            timelines.append(_with_log(sessions, result))
    finally:
        engine.dispose()
    return timelines


def _await_phrases(stage: Stage) -> None:
    """A process that has just started speaks its fixed phrases ahead; production does not start with each call."""
    deadline_s = time.monotonic() + _PHRASES_S
    while "fixed phrases are ready" not in (stage.folder / "web.log").read_text():
        if time.monotonic() > deadline_s:
            print("The fixed phrases are still being spoken ahead; the call goes on beside that.", file=sys.stderr)
            return
        time.sleep(0.5)


def _with_log(sessions: Any, result: CallResult) -> Timeline:
    """Waits until the call's log is in the database."""
    deadline_s = time.monotonic() + _LOGS_S
    while time.monotonic() < deadline_s:
        with UnitOfWork(sessions) as work:
            call = work.session.query(Call).filter_by(call_sid=result.outcome.call_sid).one()
            events = work.events.after(call.interview_id, limit=100_000)
            if any(event.name == "call_ended" for event in events):
                return with_log(result.timeline, events)
        time.sleep(0.2)
    raise VivavoceError(f"the call's log did not arrive in the database within {_LOGS_S:.0f} s")


def figures(timelines: Sequence[Timeline]) -> dict[str, Any]:
    """The figures of all calls together."""
    turns = [turn for each in timelines for turn in each.turns]
    replies = [reply for each in timelines for reply in each.replies]
    answered = [reply["steps_ms"] for reply in replies if reply["label"].startswith(_ANSWERS)]
    answered = [steps for steps in answered if {"decided", "text", "wire"} <= steps.keys()]
    greetings = [reply["steps_ms"]["wire"] for reply in replies if "decided" not in reply["steps_ms"]]
    cuts = [cut for each in timelines for cut in each.cuts]
    heard = [turn for turn in turns if turn.gap_ms is not None and turn.label.startswith((NOD, *_ANSWERS))]
    gaps_ms = [turn.gap_ms for turn in heard if turn.gap_ms is not None]
    return {
        "calls": len(timelines),
        "replies": len(answered),
        **_spread("gap_ms", gaps_ms),
        "gaps_ended_by_a_sound_of_listening": sum(turn.label == NOD for turn in heard),
        "sounds_of_listening_within_answers": sum(turn.label == NOD and turn.gap_ms is None for turn in turns),
        **_spread("end_to_decision_ms", [steps["decided"] for steps in answered]),
        **_spread("decision_to_wire_ms", [steps["wire"] - steps["decided"] for steps in answered]),
        **_spread("waiting_for_words_ms", [steps["text"] - steps["decided"] for steps in answered]),
        **_spread("words_to_wire_ms", [steps["wire"] - steps["text"] for steps in answered]),
        "greeting_ms": max(greetings, default=None),
        "interruptions": len(cuts),
        **_spread("confirmed_to_clear_ms", [cut["confirmed_to_clear_ms"] for cut in cuts]),
        **_spread("onset_to_confirmed_ms", [cut["onset_to_confirmed_ms"] for cut in cuts]),
        "cut_ins": sum(each.totals()["cut_ins"] for each in timelines),
        "load": [round(value, 1) for value in os.getloadavg()],
    }


def _spread(name: str, values: Sequence[int]) -> dict[str, int | None]:
    ordered = sorted(values)
    return {f"{name}_p50": percentile(ordered, 50), f"{name}_p95": percentile(ordered, 95)}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench-gap", description="Measures how long the caller waits.")
    parser.add_argument("--calls", type=int, default=1, help="one after the other")
    parser.add_argument("--replies", action="store_true", help="print the steps of every reply")
    options = parser.parse_args(arguments)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vivavoce-gap-")))
            folder.chmod(0o755)
            stage_folder = folder / "gap"
            stage_folder.mkdir()
            stage = stack.enter_context(open_stage(stage_folder, {}))
            schema.upgrade(stage.environ["DATABASE_URL"])
            stage.wait_until_ready()
            stage.start_worker()
            _await_phrases(stage)
            timelines = held(stage, options.calls)
    except (VivavoceError, OSError) as error:
        print(f"The gap benchmark cannot run: {error}", file=sys.stderr)
        return 2
    if options.replies:
        for timeline in timelines:
            for reply in timeline.replies:
                print(json.dumps(reply))
    print(json.dumps(figures(timelines)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
