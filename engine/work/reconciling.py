"""Asking the provider about calls of which too little was heard: lost callbacks, requests that ended in the dark."""

import logging
from datetime import datetime, timedelta
from typing import Final

from engine.call_placing import CallPlacer, PlacedCall
from engine.errors import CallDelayed, CallRefused, CallUnknown
from engine.store.appointments import AppointmentRepository
from engine.store.dials import NOT_PLACED, DialRepository
from engine.store.jobs import enqueue_settling
from engine.store.line_news import take_news
from engine.store.models import Call
from engine.store.moves import move_call
from engine.vocabulary import AppointmentState, CallState
from engine.work.desk import Desk
from engine.work.dialling import Dialler
from engine.work.settling import settle

DARK_AFTER: Final = timedelta(seconds=15)
"""A request that was not answered for so long is asked about."""
NEVER_PLACED_AFTER: Final = timedelta(seconds=60)
"""A call that the provider still does not know then was never placed."""
SILENT_AFTER: Final = timedelta(seconds=75)
"""Ringing takes half a minute: by then there should have been news."""
_CLOCKS_DIFFER: Final = timedelta(seconds=5)

logger = logging.getLogger(__name__)


def ask_about_silent_calls(dialler: Dialler, now: datetime) -> int:
    """Bring every call of which too little was heard up to date; returns how many were asked about."""
    placer = dialler.placer
    if placer is None:
        return 0
    with dialler.sessions() as session:
        dials = DialRepository(session)
        dark = dials.under_way(states=(CallState.DIALLING,), dialled_before=now - DARK_AFTER)
        silent = dials.under_way(states=(CallState.RINGING,), dialled_before=now - SILENT_AFTER)
        longest = timedelta(seconds=dialler.longest_call_s)
        endless = dials.under_way(states=(CallState.LIVE,), dialled_before=now - longest - SILENT_AFTER)
        settled_too_late = dials.unsettled(now - SILENT_AFTER)
    for call in (*dark, *silent, *endless):
        try:
            found = _at_provider(placer, call)
        except (CallDelayed, CallRefused, CallUnknown) as error:
            logger.warning("the provider tells nothing about a call: %s", error, extra={"call_id": str(call.id)})
            continue
        _bring_up_to_date(dialler, call, found, now)
    for call in settled_too_late:
        with dialler.sessions.begin() as session:
            settle(Desk(session, dialler.zones, dialler.hours, now), call.id)
    return len(dark) + len(silent) + len(endless)


def _at_provider(placer: CallPlacer, call: Call) -> PlacedCall | None:
    """The call as the provider has it. One number has one call of ours at a time, so number and time name it."""
    if call.call_sid is not None:
        return placer.look_up(call.call_sid)
    if call.phone is None or call.dialled_at is None:
        return None
    earliest = call.dialled_at - _CLOCKS_DIFFER
    return next((found for found in placer.placed_to(call.phone) if found.made_at >= earliest), None)


def _bring_up_to_date(dialler: Dialler, call: Call, found: PlacedCall | None, now: datetime) -> None:
    with dialler.sessions.begin() as session:
        desk = Desk(session, dialler.zones, dialler.hours, now)
        if found is not None:
            known = DialRepository(session).bind(call.id, found.sid)
            if known is None:
                return
            moved = take_news(session, call.id, found.state, None, now)
            if call.state == CallState.LIVE and found.state not in (CallState.LIVE, CallState.RINGING):
                # Its process is gone, and its log with it: nobody else can tell.
                move_call(session, call.id, CallState.DROPPED, ended_at=now, end_reason="line_lost")
                moved = CallState.DROPPED
            if moved is CallState.DROPPED:
                enqueue_settling(session, call.id, may_go_on=True)
            elif moved is not None:
                settle(desk, call.id)
        elif (
            call.dialled_at is not None
            and now - call.dialled_at >= NEVER_PLACED_AFTER
            and move_call(session, call.id, CallState.FAILED, ended_at=now, end_reason=NOT_PLACED)
        ):
            _free(desk, call)


def _free(desk: Desk, call: Call) -> None:
    """The provider never had it: the appointment waits for its call as before, a minute late."""
    appointments = AppointmentRepository(desk.session)
    appointment = appointments.of_interview(call.interview_id)
    if appointment is None or appointment.edition != call.appointment_edition:
        return
    if appointments.set_state(appointment.id, AppointmentState.BOOKED):
        appointments.enqueue_dialling(appointment, at=desk.now)
