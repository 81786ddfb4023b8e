"""Whose call this is: a call of ours that was answered, or somebody with a PIN, at the right time or another one."""

import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import Response, request
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.time_zones import TimeZones
from engine.config import Settings
from engine.errors import NotFound, TooManyAttempts
from engine.scheduling.calling_hours import load_calling_hours
from engine.scheduling.messages import hour_in_words
from engine.store.appointments import AppointmentRepository
from engine.store.jobs import END_CALL, enqueue, enqueue_settling
from engine.store.models import Call, Interview
from engine.store.moves import OPEN_INTERVIEW, REPLACED, move_call
from engine.store.notifications import LINES, notify
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import AppointmentKind, AppointmentState, CallState, Direction, InterviewState
from engine.work.calling_back import call_back_soon
from engine.work.desk import Desk
from telephony import connecting, twiml, words
from telephony.after_stream import xml
from telephony.call_news import call_of_request
from telephony.pin_limits import PinLimits
from telephony.spoken_digits import digits_in

log = logging.getLogger(__name__)

MOST_TRIES: Final = 3
"""PINs that a caller may give in one call."""
EARLY: Final = timedelta(minutes=15)
"""Whoever calls sooner than so before a booked hour is asked whether to begin at once."""
_CLOSED_WORDS: Final = {
    InterviewState.COMPLETED: words.HELD_ALREADY,
    InterviewState.EVALUATING: words.HELD_ALREADY,
    InterviewState.CANCELLED: words.CALLED_OFF,
    InterviewState.EXPIRED: words.TOO_LATE,
}


class FrontDesk:
    """Answers each request from its form, the database and nothing else."""

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[Session],
        lines_free: Callable[[], bool],
        prepare_call: Callable[[uuid.UUID, str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._lines_free = lines_free
        self._prepare_call = prepare_call
        self._now = now
        self._limits = PinLimits(settings.stream_secret, now)
        self._zones = TimeZones()
        self._hours = load_calling_hours()

    def voice(self) -> Response:
        """A call came in, or one that we placed was answered."""
        with UnitOfWork(self._sessions) as unit:
            ours = call_of_request(unit.session)  # a call of ours learns its CallSid here, if nothing told it before
            known = ours.interview_id if ours is not None else _uuid(request.args.get("interview_id", ""))
            interview = self._open_interview(unit, known)
            if interview is not None:
                return self._let_in(unit, interview)
        if "interview_id" in request.args:
            return xml(twiml.say_goodbye(words.INTERVIEW_CLOSED))
        # Also while all lines are busy: only with the PIN is it known whom to call back.
        return self._ask(1, words.WELCOME)

    def pin(self) -> Response:
        """The caller gave a PIN by keypad or voice, or let the time for it pass."""
        given = request.args.get("try", "")
        attempt = int(given) if given in ("1", "2", "3") else MOST_TRIES
        digits = request.form.get("Digits", "") or digits_in(request.form.get("SpeechResult", ""))
        with UnitOfWork(self._sessions) as unit:
            try:
                self._limits.check(unit.attempts)
            except TooManyAttempts:
                log.warning("too many wrong PINs")
                return xml(twiml.say_goodbye(words.TOO_MANY_PINS))
            interview = unit.interviews.find_open_by_pin(digits, self._now()) if digits else None
            if interview is not None:
                return self._early(unit, interview) or self._let_in(unit, interview)
            if digits:
                self._limits.count_wrong(unit.attempts, attempt)
                unit.commit()
            closed = unit.interviews.find_closed_by_pin(digits) if digits else None
            if closed is not None:
                return xml(twiml.say_goodbye(_CLOSED_WORDS.get(InterviewState(closed.state), words.TOO_LATE)))
        if attempt >= MOST_TRIES:
            return xml(twiml.say_goodbye(words.NO_PIN_FITS))
        return self._ask(attempt + 1, words.UNKNOWN_PIN if digits else words.NO_DIGITS)

    def begin(self) -> Response:
        """Somebody who called long before the booked hour was asked whether to begin at once."""
        with UnitOfWork(self._sessions) as unit:
            interview = self._open_interview(unit, _uuid(request.args.get("interview_id", "")))
            if interview is None:
                return xml(twiml.say_goodbye(words.INTERVIEW_CLOSED))
            if request.form.get("Digits") == "1":
                return self._let_in(unit, interview)
        return xml(twiml.say_goodbye(words.UNTIL_THEN))

    def _early(self, unit: UnitOfWork, interview: Interview) -> Response | None:
        """The question whether to begin now, where the booked hour is still far off."""
        booked = AppointmentRepository(unit.session).of_interview(interview.id)
        if (
            booked is None
            or booked.due_at is None
            or booked.state != AppointmentState.BOOKED
            or booked.kind == AppointmentKind.DIAL_IN
            or booked.due_at - self._now() <= EARLY
        ):
            return None
        hour, _, _ = hour_in_words(booked.due_at, self._zones.rules(booked.time_zone), booked.time_zone).partition(" (")
        url = self._public(f"/telephony/begin?interview_id={interview.id}")
        return xml(twiml.ask_for_key(url, words.TOO_EARLY.format(hour=hour)))

    def _let_in(self, unit: UnitOfWork, interview: Interview) -> Response:
        if not self._lines_free():
            return self._all_busy(unit, interview)
        call_sid = request.form["CallSid"]
        is_ours = request.form.get("Direction", "inbound").startswith("outbound")
        interview_id = interview.id
        call = unit.calls.register(interview_id, call_sid, Direction.OUTBOUND if is_ours else Direction.INBOUND)
        others = unit.calls.other_legs(call)
        if is_ours and any(other.state == CallState.LIVE for other in others):
            # The candidate was faster and is talking to us already: nobody needs two of us.
            move_call(unit.session, call.id, CallState.CANCELLED, ended_at=self._now(), end_reason="other_leg")
            unit.commit()
            return xml(twiml.say_goodbye(words.TALKING_ALREADY))
        for other in others:
            self._put_down(unit, other)
        unit.commit()
        self._prepare_call(interview_id, call_sid)
        return xml(connecting.conversation(self._settings, interview_id, call_sid, self._now()))

    def _put_down(self, unit: UnitOfWork, other: Call) -> None:
        """This leg takes the place of another one: its conversation ends in whatever process, and so does its line."""
        if move_call(unit.session, other.id, CallState.DROPPED, ended_at=self._now(), end_reason=REPLACED):
            notify(unit.session, LINES, f"{other.call_sid} {REPLACED}")
        enqueue(unit.session, END_CALL, call_id=str(other.id))

    def _all_busy(self, unit: UnitOfWork, interview: Interview) -> Response:
        """No line is left: the candidate is called back where that is possible and allowed."""
        ours = unit.calls.by_sid(request.form["CallSid"])
        if ours is not None and ours.appointment_id is not None:
            move_call(unit.session, ours.id, CallState.FAILED, ended_at=self._now(), end_reason="refused")
            enqueue_settling(unit.session, ours.id, may_go_on=False)
            unit.commit()
            return xml(twiml.say_goodbye(words.WE_CALL_AGAIN))
        is_theirs = request.form.get("From", "") == interview.candidate.phone
        if self._settings.calls.provider == "off" or not is_theirs:
            return xml(twiml.say_goodbye(words.ALL_LINES_BUSY))
        desk = Desk(unit.session, self._zones, self._hours, self._now().astimezone(UTC))
        at = call_back_soon(desk, interview)
        if at is None:
            return xml(twiml.say_goodbye(words.ALL_LINES_BUSY))
        unit.commit()
        local = at.astimezone(self._zones.rules(interview.candidate.time_zone))
        return xml(twiml.say_goodbye(words.WE_CALL_BACK.format(hour=f"{local:%H:%M}")))

    def _open_interview(self, unit: UnitOfWork, interview_id: uuid.UUID | None) -> Interview | None:
        if interview_id is None:
            return None
        try:
            interview = unit.interviews.get(interview_id)
        except NotFound:
            return None
        return interview if interview.state in OPEN_INTERVIEW else None

    def _ask(self, attempt: int, text: str) -> Response:
        return xml(twiml.ask_for_pin(self._public(f"/telephony/pin?try={attempt}"), text))

    def _public(self, path: str) -> str:
        return self._settings.public_base_url + path


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
