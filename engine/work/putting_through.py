"""A candidate asked for a person: put through at once where somebody is there, else a task to call back stands."""

import logging
import uuid
from datetime import datetime

from engine.call_placing import OutgoingCall
from engine.errors import CallDelayed, CallRefused, CallUnknown
from engine.scheduling.office_hours import is_somebody_there
from engine.store.models import Call, Interview, User
from engine.vocabulary import CallState
from engine.work.dialling import Dialler

logger = logging.getLogger(__name__)


def put_through(dialler: Dialler, call_id: uuid.UUID, now: datetime) -> bool:
    """Join a running call to its user's telephone; False where nobody is there, or the call is over."""
    with dialler.sessions() as session:
        call = session.get(Call, call_id)
        if call is None or call.call_sid is None or call.state != CallState.LIVE:
            return False
        user = session.get_one(User, session.get_one(Interview, call.interview_id).owner_id)
        local = now.astimezone(dialler.zones.rules(user.time_zone))
        phone, sid = user.transfer_phone, call.call_sid
        is_there = is_somebody_there(local, user.office_opens, user.office_closes)
        wanted = OutgoingCall(str(call.id), str(call.interview_id), phone or "", dialler.longest_call_s)
    if dialler.placer is None or not phone or not is_there:
        return False
    try:
        dialler.placer.put_through(sid, wanted)
    except (CallDelayed, CallRefused, CallUnknown) as error:
        logger.warning("a call could not be put through: %s", error, extra={"call_id": str(call_id)})
        return False
    return True
