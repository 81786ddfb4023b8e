"""Sending one planned message: looked at again when its time has come, claimed once, and its fate written down."""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.calendar_files import CalendarEntry, invitation
from engine.adapters.time_zones import TimeZones
from engine.errors import DeliveryUnknown, MessageDelayed, MessageRefused
from engine.ports import Messenger, OutgoingMessage
from engine.scheduling.messages import Composed, MessageFacts, compose, hour_in_words
from engine.scheduling.phone_numbers import international
from engine.scheduling.touches import ALWAYS_TOLD, Touch, may_touch
from engine.store.models import User
from engine.store.moves import OPEN_INTERVIEW
from engine.store.outbox import OutboxRepository
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment, OutboxMessage
from engine.vocabulary import AppointmentKind, AppointmentState, Channel, InterviewState, MessageState
from engine.work.account_mails import Pages, claim_account_mail
from engine.work.candidate_links import LinkMaker

MOST_ATTEMPTS = 6
_FIRST_PAUSE = timedelta(seconds=30)
_EARLY = timedelta(seconds=2)
_WITH_CALENDAR = (Touch.CONFIRMATION, Touch.MOVED, Touch.CANCELLED)
_REMINDERS = (Touch.DAY_BEFORE, Touch.HOUR_BEFORE, Touch.MINUTES_BEFORE)
_STATES_FOR = {
    Touch.OFFER: (AppointmentState.OPEN,),
    Touch.MISSED: (AppointmentState.MISSED,),
    Touch.NOT_CALLED: (AppointmentState.MISSED, AppointmentState.OPEN),
    Touch.CANCELLED: (AppointmentState.CANCELLED,),
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PostOffice:
    """Everything that sending needs besides the message."""

    sessions: sessionmaker[Session]
    messengers: Mapping[Channel, Messenger]
    zones: TimeZones
    links: LinkMaker
    phone_number: str
    mail_from: str


def send_message(office: PostOffice, message_id: uuid.UUID, now: datetime) -> MessageState | None:
    """Send the message if it still holds true; returns its state afterwards, None when it was not ours to send.

    Two jobs for the same message are harmless: the claim is one guarded UPDATE, committed before anything goes out.
    """
    with office.sessions() as session:
        claimed = _claim(office, session, message_id, now)
        session.commit()
    if not isinstance(claimed, OutgoingMessage):
        return claimed
    messenger = office.messengers[_channel(office, message_id)]
    try:
        provider_id = messenger.send(claimed)
    except MessageRefused as error:
        return _settle(office, message_id, MessageState.FAILED, now, reason=str(error))
    except DeliveryUnknown as error:
        return _settle(office, message_id, MessageState.UNKNOWN, now, reason=str(error))
    except MessageDelayed as error:
        return _put_off(office, message_id, now, str(error))
    with office.sessions() as session:
        outbox = OutboxRepository(session)
        outbox.note_provider_id(message_id, messenger.name, provider_id)
        outbox.move(message_id, MessageState.SENT, sent_at=now, reason=None)
        session.commit()
    logger.info("message sent", extra={"message_id": str(message_id), "messenger": messenger.name})
    return MessageState.SENT


def _claim(
    office: PostOffice, session: Session, message_id: uuid.UUID, now: datetime
) -> OutgoingMessage | MessageState | None:
    outbox = OutboxRepository(session)
    message = outbox.get(message_id)
    if message is None or message.state != MessageState.PLANNED or message.due_at > now + _EARLY:
        return None  # done, or moved to a later instant for which there is another job
    if message.appointment_id is None:
        return claim_account_mail(session, message, Pages(office.links.base_url, office.zones), now)
    appointment = session.get_one(Appointment, message.appointment_id)
    reason = why_not(session, message, appointment, now)
    if reason is not None:
        return MessageState.SKIPPED if outbox.move(message_id, MessageState.SKIPPED, reason=reason) else None
    composed = compose(Touch(message.touch), _facts(office, session, appointment))
    body = composed.text if message.channel == Channel.EMAIL else composed.sms
    is_ours = outbox.move(
        message_id, MessageState.SENDING, attempts=OutboxMessage.attempts + 1, subject=composed.subject, body=body
    )
    return _outgoing(office, message, appointment, composed, now) if is_ours else None


def why_not(session: Session, message: OutboxMessage, appointment: Appointment, now: datetime) -> str | None:
    """Why a planned message must not go out any more, in words for the outbox page; None when it may."""
    touch, permissions = Touch(message.touch), PermissionRepository(session)
    outbox = OutboxRepository(session)
    used = outbox.touches_used(appointment.interview_id, ALWAYS_TOLD)
    is_second_channel = outbox.has_gone_out(appointment.id, message.edition, touch)
    checks = {
        "The call was moved or cancelled since.": message.edition != appointment.edition,
        "The call is not waiting any more.": touch is not Touch.BROKEN_OFF
        and appointment.state not in _STATES_FOR.get(touch, (AppointmentState.BOOKED,)),
        "The interview goes on already.": touch is Touch.BROKEN_OFF
        and appointment.interview.state != InterviewState.INTERRUPTED,
        "The interview has taken place or was called off.": touch is not Touch.CANCELLED
        and appointment.interview.state not in OPEN_INTERVIEW,
        "The call had begun when this reminder was due.": touch in _REMINDERS
        and appointment.due_at is not None
        and now >= appointment.due_at,
        "The candidate asked for no more messages.": permissions.is_refused(
            Channel(message.channel), message.recipient
        ),
        "The candidate has heard from us five times.": not is_second_channel
        and touch not in (Touch.CONFIRMATION, Touch.MOVED)
        and not may_touch(touch, used),
    }
    return next((reason for reason, holds in checks.items() if holds), None)


def _facts(office: PostOffice, session: Session, appointment: Appointment) -> MessageFacts:
    host = session.get_one(User, appointment.owner_id)
    interview = appointment.interview
    at = appointment.due_at or appointment.answer_before
    rules = office.zones.rules(appointment.time_zone)
    return MessageFacts(
        candidate_name=interview.candidate.name,
        host_name=f"{host.first_name} {host.last_name}",
        title=interview.title,
        length_min=appointment.length_min,
        phone_number=office.phone_number,
        pin=interview.pin,
        hour=hour_in_words(at, rules, appointment.time_zone) if at else None,
        is_dial_in=appointment.kind == AppointmentKind.DIAL_IN,
        links=office.links.of(appointment),
    )


def _outgoing(
    office: PostOffice, message: OutboxMessage, appointment: Appointment, composed: Composed, now: datetime
) -> OutgoingMessage:
    if message.channel == Channel.SMS:
        return OutgoingMessage(str(message.id), message.recipient, composed.subject, composed.sms)
    touch = Touch(message.touch)
    is_cancelled = touch is Touch.CANCELLED
    calendar = b""
    if touch in _WITH_CALENDAR and appointment.due_at is not None:
        calendar = invitation(calendar_entry(office, appointment, is_cancelled=is_cancelled), now)
    return OutgoingMessage(
        id=str(message.id),
        recipient=message.recipient,
        subject=composed.subject,
        text=composed.text,
        html=composed.html,
        unsubscribe_url=office.links.unsubscribe(appointment),
        calendar=calendar,
        calendar_method="CANCEL" if is_cancelled else "REQUEST",
    )


def calendar_entry(office: PostOffice, appointment: Appointment, *, is_cancelled: bool = False) -> CalendarEntry:
    """The call as the candidate's calendar shows it. Raises ValueError for an appointment without an hour."""
    if appointment.due_at is None:
        raise ValueError("an appointment without an hour has no calendar entry")
    candidate, number = appointment.interview.candidate, international(office.phone_number)
    here = office.links.of(appointment)
    return CalendarEntry(
        uid=calendar_uid(appointment.id, office.links.base_url),
        sequence=appointment.edition,
        summary=f"Telephone interview with an AI: {appointment.interview.title}",
        description=f"An AI interviewer calls you from {number}. If it does not reach you, call that number and enter "
        f"the PIN {appointment.interview.pin}.\n\nMove: {here.move}\nCancel: {here.cancel}\nRefuse: {here.decline}",
        begins=appointment.due_at,
        length_min=appointment.length_min,
        rules=office.zones.rules(appointment.time_zone),
        phone_number=number,
        organiser_email=parseaddr(office.mail_from)[1],
        attendee_name=candidate.name,
        attendee_email=candidate.email or "",
        url=here.move,
        is_cancelled=is_cancelled,
    )


def calendar_uid(appointment_id: uuid.UUID, base_url: str) -> str:
    """The same for all editions of an appointment, in mails and in feeds."""
    return f"{appointment_id}@{urlsplit(base_url).hostname or 'localhost'}"


def _channel(office: PostOffice, message_id: uuid.UUID) -> Channel:
    with office.sessions() as session:
        return Channel(session.get_one(OutboxMessage, message_id).channel)


def _settle(office: PostOffice, message_id: uuid.UUID, to: MessageState, now: datetime, *, reason: str) -> MessageState:
    with office.sessions() as session:
        values = {"sent_at": now} if to is MessageState.UNKNOWN else {}
        OutboxRepository(session).move(message_id, to, reason=reason, **values)
        session.commit()
    logger.warning("message not sent", extra={"message_id": str(message_id), "state": to.value})
    return to


def _put_off(office: PostOffice, message_id: uuid.UUID, now: datetime, reason: str) -> MessageState:
    with office.sessions() as session:
        outbox = OutboxRepository(session)
        attempts = session.get_one(OutboxMessage, message_id).attempts
        if attempts >= MOST_ATTEMPTS:
            outbox.move(message_id, MessageState.FAILED, reason=reason)
            session.commit()
            return MessageState.FAILED
        outbox.put_off(message_id, now + _FIRST_PAUSE * 2 ** (attempts - 1), reason)
        session.commit()
        return MessageState.PLANNED
