"""Where users want to be told of what happens, and what was sent there."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.store.base import Base, Stamped, one_of
from engine.vocabulary import DeliveryState


class WebhookEndpoint(Stamped, Base):
    """An address of a user's own system."""

    __tablename__ = "webhook_endpoints"

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    secret: Mapped[str] = mapped_column(String(64))
    """Signs what is sent; needed as it is, so it cannot be kept as a hash. Shown once."""
    events: Mapped[list[Any]]
    """Names of the events that are wanted."""
    failures: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    """Failed attempts since the last one that was answered well."""
    disabled_at: Mapped[datetime | None]
    """None: it is in use."""
    disabled_reason: Mapped[str | None] = mapped_column(String(255))


class WebhookDelivery(Stamped, Base):
    """One event on its way to one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        # Facts come more than once; an event of one endpoint has one row.
        UniqueConstraint("endpoint_id", "event", "subject"),
        CheckConstraint(one_of("state", DeliveryState), name="state"),
        Index("ix_webhook_deliveries_endpoint_created", "endpoint_id", "created_at"),
    )

    endpoint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(128))
    """What makes the event the same one: ids, not people."""
    body: Mapped[str] = mapped_column(Text)
    """As it is sent, to the byte: the signature is over it."""
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    due_at: Mapped[datetime]
    """Not before this instant."""
    status: Mapped[int | None]
    """Of the last answer."""
    answer: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The beginning of the last answer, or what went wrong."""
    answered_at: Mapped[datetime | None]

    endpoint: Mapped[WebhookEndpoint] = relationship(lazy="joined")
