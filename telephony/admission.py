"""Who is let in at the media socket, and what is known of the call: a new one, or one whose line broke."""

import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.event_files import FileEventLog, event_log_path
from engine.adapters.recording_files import samples_in
from engine.clock import FRAME_MS, samples_to_ms
from engine.config import EndpointSettings, Settings
from engine.dialogue.answering import Do
from engine.dialogue.plan import Plan
from engine.errors import ProtocolError
from engine.ports import EventRecord
from engine.questions.bank import QuestionBank
from engine.store.models import Call
from engine.store.moves import OPEN_INTERVIEW
from engine.store.notifications import LINES, notify
from engine.store.unit_of_work import UnitOfWork
from engine.work.interview_plan import endpoint_of, stored_plan
from engine.work.spending import Spent, spent_so_far
from engine.work.takeover import Broken, broken_call, has_begun, plan_at_start, taken_over
from telephony import stream_token
from telephony.media_stream import StreamStarted
from telephony.stream_token import TokenRejected

log = logging.getLogger(__name__)

OTHER_AGENT_S = 4.0
"""So long the session that held the leg before may take to let go of it."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A phone leg that was let in; its event log is ours until it is closed."""

    call_id: uuid.UUID
    interview_id: uuid.UUID
    call_sid: str
    stream_sid: str
    direction: str
    plan: Plan
    endpoint: EndpointSettings
    spent: Spent
    log: FileEventLog
    recording: Path
    broken: Broken | None = None
    """Where the conversation stood when its line broke."""
    at_ms: int = 0
    """Where the leg's clock goes on."""


class Admission:
    """Checks tokens and takes calls up where they stand."""

    def __init__(self, settings: Settings, sessions: sessionmaker[Session], bank: QuestionBank) -> None:
        self._settings = settings
        self._sessions = sessions
        self._bank = bank

    def checked(self, start: StreamStarted) -> uuid.UUID:
        """The call that the token in `start` stands for; the token is spent. Raises TokenRejected."""
        token = start.custom_parameters.get("token", "")
        ticket = stream_token.check(self._settings.stream_secret, token, start.call_sid, time.time())
        with UnitOfWork(self._sessions) as work:
            if not work.calls.spend_stream_token(ticket.nonce):
                raise TokenRejected("the stream token was used before")
            notify(work.session, LINES, f"{start.call_sid} {start.stream_sid}")
            work.commit()
            call = work.calls.by_sid(start.call_sid)
        if call is None or call.interview_id != ticket.interview_id:
            raise TokenRejected("there is no such call of this interview")
        return call.id

    def take_up(self, start: StreamStarted, call_id: uuid.UUID) -> Leg:
        """Let the leg in. Holding its log makes this the only session that speaks on it.

        Raises TokenRejected, and Conflict when another session still holds the leg.
        """
        event_log = FileEventLog(event_log_path(self._settings.event_logs_dir, call_id), patience_s=OTHER_AGENT_S)
        try:
            return self._taken_up(start, call_id, event_log)
        except BaseException:
            event_log.close()
            raise

    def _taken_up(self, start: StreamStarted, call_id: uuid.UUID, event_log: FileEventLog) -> Leg:
        with UnitOfWork(self._sessions) as work:
            records = taken_over(work, call_id, event_log)
            work.commit()
            call = work.session.get_one(Call, call_id)
            interview = work.interviews.get(call.interview_id)
            if interview.state not in OPEN_INTERVIEW:
                raise TokenRejected("there is no open interview for this call")
            plan = stored_plan(work, interview, self._bank, self._settings)
            spent = spent_so_far(work, interview, datetime.now(UTC))
        # Whoever screened the call was told who calls: whoever comes to the telephone now hears our first words.
        is_first_person = call.answering.get("did") == Do.EXPLAIN
        broken = broken_call(records, plan) if has_begun(records) and not is_first_person else None
        recording = self._settings.recordings_dir / f"{call_id}.wav"
        return Leg(
            call_id,
            interview.id,
            start.call_sid,
            start.stream_sid,
            call.direction,
            plan_at_start(records, plan) if broken else plan,
            endpoint_of(interview, self._settings.endpoint),
            spent,
            event_log,
            recording,
            broken,
            next_frame_ms(records, recording),
        )


def next_frame_ms(records: Sequence[EventRecord], recording: Path) -> int:
    """Where the clock goes on: after everything that was logged or recorded, on the grid of frames."""
    last_ms = max((record.at_ms for record in records[-1:]), default=0)
    try:
        recorded_ms = samples_to_ms(samples_in(recording))
    except FileNotFoundError:
        recorded_ms = 0
    except (OSError, ProtocolError):
        log.exception("the recording of a broken call cannot be read")
        recorded_ms = 0
    return -(-max(last_ms, recorded_ms) // FRAME_MS) * FRAME_MS
