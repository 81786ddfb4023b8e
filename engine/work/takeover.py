"""Going on with a call whose media socket or process died: its log is taken over, and from it everything is known.

The log on this machine comes first: it holds what its writer could not bring to PostgreSQL any more. Where there is
none, as on another machine, PostgreSQL has all but the last fraction of a second.
"""

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.event_files import FileEventLog
from engine.config import Settings
from engine.dialogue.conversation import step
from engine.dialogue.moment import Conversation, Phase
from engine.dialogue.plan import Plan, asked_from_progress
from engine.dialogue.signals import Fact, LineClosed, to_data
from engine.errors import ProtocolError
from engine.ports import EventRecord
from engine.questions.bank import QuestionBank
from engine.store.unit_of_work import UnitOfWork
from engine.transcript import Transcript
from engine.work.interview_plan import stored_plan
from engine.work.replay import action_data, action_name, replayed

logger = logging.getLogger(__name__)

_BEGINNINGS = ("call_started", "call_resumed")


@dataclass(frozen=True, slots=True)
class Broken:
    """A leg as it stood when its line broke."""

    state: Conversation
    at_ms: int
    """Audio time of its last event."""
    is_recorded: bool
    """Whether the candidate agreed to be recorded."""


def taken_over(work: UnitOfWork, call_id: uuid.UUID, log: FileEventLog) -> Sequence[EventRecord]:
    """Bring to PostgreSQL what only the log holds; returns all records of the leg, from both, in order.

    The log carries on after the last of them.
    """
    here = log.written()
    known = work.events.next_sequence(call_id)
    work.events.ship(call_id, [record for record in here if record.sequence >= known])
    log.next_sequence = max(log.next_sequence, known)
    if here and here[0].sequence == 0:
        return here
    records = work.events.of_call(call_id)
    log.last_at_ms = max([log.last_at_ms, *(record.at_ms for record in records[-1:])])
    return records


def has_begun(records: Iterable[EventRecord]) -> bool:
    """Whether there was a conversation on this leg already."""
    return any(record.kind == "fact" and record.name in _BEGINNINGS for record in records)


def broken_call(records: Sequence[EventRecord], plan: Plan) -> Broken | None:
    """Where the conversation stood; None when the log is of another version and cannot be followed."""
    state = Conversation()
    try:
        for _, after, _ in replayed(records, plan_at_start(records, plan)):
            state = after
    except (ProtocolError, KeyError, TypeError, ValueError):
        logger.exception("the log of a call cannot be followed; the call begins anew where its interview stands")
        return None
    return Broken(state, records[-1].at_ms, _is_recorded(records))


class LastWords:
    """What the process of an abandoned call would have written when its line closed: above all the answer under way.

    For calls that nobody goes on with. A call that cannot be followed gets nothing, and keeps what was written.
    """

    def __init__(self, sessions: sessionmaker[Session], bank: QuestionBank, settings: Settings) -> None:
        self._sessions = sessions
        self._bank = bank
        self._settings = settings

    def __call__(self, call_id: uuid.UUID, records: Sequence[EventRecord]) -> Sequence[EventRecord]:
        with UnitOfWork(self._sessions) as work:
            call = work.calls.get(call_id)
            if call is None or not has_begun(records):
                return ()
            plan = stored_plan(work, work.interviews.get(call.interview_id), self._bank, self._settings)
        return last_records(records, plan)


def last_records(records: Sequence[EventRecord], plan: Plan) -> Sequence[EventRecord]:
    """The end that the log of a dead process lacks: the line closed, and what the core makes of it."""
    broken = broken_call(records, plan)
    if broken is None or broken.state.phase is Phase.LEFT:
        return ()
    closed = LineClosed(broken.at_ms, "process_lost")
    _, actions = step(broken.state, closed, plan_at_start(records, plan))
    written = [("signal", type(closed).__name__, to_data(closed))]
    written += [
        ("fact" if isinstance(action, Fact) else "action", action_name(action), action_data(action))
        for action in actions
    ]
    first = records[-1].sequence + 1
    return [EventRecord(first + n, broken.at_ms, *record) for n, record in enumerate(written)]


def plan_at_start(records: Iterable[EventRecord], plan: Plan) -> Plan:
    """The plan that the leg began with: how far the interview was then stands in its log."""
    places = [record.data.get("place") for record in records if record.name == "call_started"]
    place = places[-1] if places else None
    if not isinstance(place, dict):
        return plan
    return replace(plan, asked=asked_from_progress(place), begun=Transcript(str(place.get("begun", ""))))


def _is_recorded(records: Sequence[EventRecord]) -> bool:
    answers = [record.data for record in records if record.kind == "fact" and record.name == "consent_given"]
    return bool(answers) and bool(answers[-1].get("is_granted"))
