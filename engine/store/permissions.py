"""Who may be called, and who must be left in peace."""

import uuid
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.store.schedule_models import CalendarFeed, CallPermission, ContactRefusal
from engine.vocabulary import Channel

PERMISSION_TEXT_VERSION = "2026-11"


class PermissionRepository:
    """Permissions per user and number; refusals over all users."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def grant(self, owner_id: uuid.UUID, phone: str, basis: str, now: datetime) -> None:
        """Put on record that this number may be called for this user; the first record stays."""
        self._session.execute(
            insert(CallPermission)
            .values(owner_id=owner_id, phone=phone, basis=basis, text_version=PERMISSION_TEXT_VERSION, given_at=now)
            .on_conflict_do_nothing()
        )

    def of(self, owner_id: uuid.UUID, phone: str) -> CallPermission | None:
        """The permission in force, or None."""
        return self._session.scalar(
            select(CallPermission).where(
                CallPermission.owner_id == owner_id,
                CallPermission.phone == phone,
                CallPermission.withdrawn_at.is_(None),
            )
        )

    def refuse(self, channel: Channel, address: str, source: str, now: datetime) -> None:
        """Never use this address again. A refused number also withdraws every permission to call it."""
        self._session.execute(
            insert(ContactRefusal)
            .values(channel=channel, address=address.lower(), source=source)
            .on_conflict_do_nothing()
        )
        if channel is Channel.CALL:
            self._session.execute(
                update(CallPermission)
                .where(CallPermission.phone == address, CallPermission.withdrawn_at.is_(None))
                .values(withdrawn_at=now)
            )

    def lift(self, channel: Channel, address: str) -> None:
        """The person at this address took the refusal back."""
        self._session.execute(
            delete(ContactRefusal).where(ContactRefusal.channel == channel, ContactRefusal.address == address.lower())
        )

    def is_refused(self, channel: Channel, address: str) -> bool:
        found = select(ContactRefusal.id).where(
            ContactRefusal.channel == channel, ContactRefusal.address == address.lower()
        )
        return self._session.scalar(found) is not None

    def feed_generation(self, user_id: uuid.UUID) -> int | None:
        """Which calendar address of the user is good; None while there is none."""
        return self._session.scalar(select(CalendarFeed.generation).where(CalendarFeed.user_id == user_id))

    def renew_feed(self, user_id: uuid.UUID) -> int:
        """Make a calendar address, voiding the one before; returns its generation."""
        made = insert(CalendarFeed).values(user_id=user_id, generation=1)
        return self._session.scalars(
            made.on_conflict_do_update(
                index_elements=[CalendarFeed.user_id],
                set_={"generation": CalendarFeed.generation + 1, "made_at": func.now()},
            ).returning(CalendarFeed.generation)
        ).one()
