"""Messages on their way: planned in the transaction of the booking, claimed once, and followed to their delivery."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.store.account_models import User
from engine.store.interviews import Page
from engine.store.jobs import SEND_MESSAGE, enqueue
from engine.store.schedule_models import Appointment, OutboxMessage
from engine.vocabulary import AccountMail, Channel
from engine.vocabulary import MessageState as M  # the table below reads better with one letter

MESSAGE_MOVES: Mapping[M, frozenset[M]] = {
    M.PLANNED: frozenset({M.SENDING, M.SKIPPED}),
    M.SENDING: frozenset({M.PLANNED, M.SENT, M.FAILED, M.UNKNOWN, M.DELIVERED}),
    M.SENT: frozenset({M.DELIVERED, M.FAILED}),
    M.UNKNOWN: frozenset({M.SENT, M.DELIVERED, M.FAILED}),
    M.DELIVERED: frozenset(),
    M.FAILED: frozenset({M.DELIVERED}),  # news comes in any order, and arrived is arrived
    M.SKIPPED: frozenset(),
}
"""Every legal move. Back from sending to planned: the provider could not take it and nothing was sent."""

WENT_OUT = (M.SENDING, M.SENT, M.DELIVERED, M.UNKNOWN)
"""States of messages that the candidate has, or may have."""
_NEVER_CLAIMED = timedelta(minutes=1)
_HELD_TOO_LONG = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Recipient:
    channel: Channel
    address: str


class OutboxRepository:
    """The outbox of all users; pages see their own."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def plan(self, appointment: Appointment, touch: str, due_at: datetime, recipient: Recipient) -> uuid.UUID | None:
        """Plan a message and its job, as part of the session's transaction; None when it was planned before."""
        message_id = self._session.scalar(
            insert(OutboxMessage)
            .values(
                owner_id=appointment.owner_id,
                interview_id=appointment.interview_id,
                appointment_id=appointment.id,
                edition=appointment.edition,
                touch=touch,
                channel=recipient.channel,
                recipient=recipient.address,
                due_at=due_at,
                state=M.PLANNED,
            )
            .on_conflict_do_nothing()
            .returning(OutboxMessage.id)
        )
        if message_id is not None:
            self._enqueue(message_id, due_at)
        return message_id

    def plan_for_user(
        self, user: User, mail: AccountMail, due_at: datetime, interview_id: uuid.UUID | None = None
    ) -> None:
        """Plan a mail to a user and its job, as part of the session's transaction; of a report there is one mail."""
        message_id = self._session.scalar(
            insert(OutboxMessage)
            .values(
                owner_id=user.id,
                interview_id=interview_id,
                edition=0,
                touch=mail,
                channel=Channel.EMAIL,
                recipient=user.email,
                due_at=due_at,
                state=M.PLANNED,
            )
            .on_conflict_do_nothing()
            .returning(OutboxMessage.id)
        )
        if message_id is not None:
            self._enqueue(message_id, due_at)

    def latest_to_user(self, user_id: uuid.UUID, mail: AccountMail) -> OutboxMessage | None:
        """The newest mail of this kind."""
        mine = select(OutboxMessage).where(OutboxMessage.owner_id == user_id, OutboxMessage.touch == mail)
        return self._session.scalar(mine.order_by(OutboxMessage.created_at.desc()).limit(1))

    def get(self, message_id: uuid.UUID) -> OutboxMessage | None:
        return self._session.get(OutboxMessage, message_id)

    def by_provider_id(self, provider_id: str) -> OutboxMessage | None:
        return self._session.scalar(select(OutboxMessage).where(OutboxMessage.provider_id == provider_id))

    def move(self, message_id: uuid.UUID, to: M, **values: object) -> bool:
        """Move the message if the table allows it from where it stands; False changes nothing."""
        sources = [state for state, targets in MESSAGE_MOVES.items() if to in targets]
        moved = self._session.scalar(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id, OutboxMessage.state.in_(sources))
            .values(state=to, **values)
            .returning(OutboxMessage.id)
        )
        return moved is not None

    def note_provider_id(self, message_id: uuid.UUID, provider: str, provider_id: str | None) -> None:
        """Keep under which id the provider knows the message, whatever news of it came first."""
        self._session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id, OutboxMessage.provider_id.is_(None))
            .values(provider=provider, provider_id=provider_id)
        )

    def put_off(self, message_id: uuid.UUID, until: datetime, reason: str) -> bool:
        """The provider could not take it: back to the plan, with a new job."""
        if not self.move(message_id, M.PLANNED, due_at=until, reason=reason):
            return False
        self._enqueue(message_id, until)
        return True

    def reschedule_planned(self, appointment: Appointment, by: timedelta) -> int:
        """Shift what is still planned for this edition, when the instant moved under an unmoved wall time."""
        planned = self._session.scalars(
            update(OutboxMessage)
            .where(
                OutboxMessage.appointment_id == appointment.id,
                OutboxMessage.edition == appointment.edition,
                OutboxMessage.state == M.PLANNED,
            )
            .values(due_at=OutboxMessage.due_at + by)
            .returning(OutboxMessage.id)
            .execution_options(synchronize_session=False)
        ).all()
        for message_id in planned:
            message = self._session.get_one(OutboxMessage, message_id, populate_existing=True)
            self._enqueue(message_id, message.due_at)
        return len(planned)

    def touches_used(self, interview_id: uuid.UUID, uncounted: Sequence[str] = ()) -> int:
        """How many times the candidate heard from us about this interview; two channels at once count once."""
        heard = (
            select(OutboxMessage.edition, OutboxMessage.touch)
            .where(
                OutboxMessage.interview_id == interview_id,
                OutboxMessage.appointment_id.is_not(None),
                OutboxMessage.state.in_(WENT_OUT),
                OutboxMessage.touch.not_in(uncounted),
            )
            .distinct()
            .subquery()
        )
        return self._session.scalar(select(func.count()).select_from(heard)) or 0

    def has_gone_out(self, appointment_id: uuid.UUID, edition: int, touch: str) -> bool:
        """Whether this touch went out over any channel: the second one then costs nothing."""
        return bool(
            self._session.scalar(
                select(func.count()).where(
                    OutboxMessage.appointment_id == appointment_id,
                    OutboxMessage.edition == edition,
                    OutboxMessage.touch == touch,
                    OutboxMessage.state.in_(WENT_OUT),
                )
            )
        )

    def told_at(self, appointment: Appointment) -> datetime | None:
        """When the candidate was first told of the hour as it now stands; None while no message went out."""
        return self._session.scalar(
            select(func.min(func.coalesce(OutboxMessage.sent_at, OutboxMessage.delivered_at))).where(
                OutboxMessage.appointment_id == appointment.id,
                OutboxMessage.edition == appointment.edition,
                OutboxMessage.state.in_((M.SENT, M.DELIVERED)),
            )
        )

    def of_interview(self, interview_id: uuid.UUID) -> Sequence[OutboxMessage]:
        """What the candidate was told, and is to be told, about the interview."""
        return self._session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.interview_id == interview_id, OutboxMessage.appointment_id.is_not(None))
            .order_by(OutboxMessage.due_at)
        ).all()

    def find(self, message_id: uuid.UUID, owner_id: uuid.UUID) -> OutboxMessage | None:
        """A message about one of the owner's interviews; what is about the account itself is for the mailbox alone."""
        return self._session.scalar(_about_interviews(owner_id).where(OutboxMessage.id == message_id))

    def page(self, owner_id: uuid.UUID, page: int, per_page: int = 20) -> Page[OutboxMessage]:
        """The messages about the owner's interviews, the latest first."""
        mine = _about_interviews(owner_id)
        total = self._session.scalar(select(func.count()).select_from(mine.subquery())) or 0
        page = max(page, 1)
        rows = mine.order_by(OutboxMessage.due_at.desc(), OutboxMessage.id)
        items = self._session.scalars(rows.offset((page - 1) * per_page).limit(per_page)).all()
        return Page(items, page, max(1, -(-total // per_page)), total)

    def sweep(self, now: datetime) -> int:
        """Give a new job to due messages that no job took up, and name those whose sender died; returns how many."""
        late = self._session.scalars(
            select(OutboxMessage.id)
            .where(OutboxMessage.state == M.PLANNED, OutboxMessage.due_at < now - _NEVER_CLAIMED)
            .limit(500)
        ).all()
        for message_id in late:
            self._enqueue(message_id, None)
        lost = self._session.scalars(
            select(OutboxMessage.id).where(
                OutboxMessage.state == M.SENDING, OutboxMessage.updated_at < now - _HELD_TOO_LONG
            )
        ).all()
        for message_id in lost:
            self.move(message_id, M.UNKNOWN, reason="The sending process ended in the middle; it may have gone out.")
        return len(late) + len(lost)

    def _enqueue(self, message_id: uuid.UUID, at: datetime | None) -> None:
        enqueue(self._session, SEND_MESSAGE, schedule_at=at, message_id=str(message_id))


def _about_interviews(owner_id: uuid.UUID) -> Select[OutboxMessage]:
    return select(OutboxMessage).where(OutboxMessage.owner_id == owner_id, OutboxMessage.interview_id.is_not(None))
