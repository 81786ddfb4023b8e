"""The addresses that candidates and calendar programs are given."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.scheduling import links
from engine.scheduling.links import Purpose, Ticket
from engine.scheduling.messages import Links
from engine.store.schedule_models import Appointment
from engine.vocabulary import AppointmentState

_GOOD_AFTER_CALL = timedelta(days=7)
_GOOD_WITHOUT_HOUR = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """secret: signs the links. base_url: scheme and host of the pages."""

    secret: str
    base_url: str

    def address(self, purpose: Purpose, appointment: Appointment) -> str:
        """Where the candidate does one thing about the appointment as it stands now."""
        return f"{self.base_url}/c/{self.token(purpose, appointment)}"

    def token(self, purpose: Purpose, appointment: Appointment) -> str:
        last = appointment.due_at + _GOOD_AFTER_CALL if appointment.due_at else appointment.answer_before
        # A refusal must be possible for as long as anybody keeps the message.
        expires = None if purpose is Purpose.DECLINE else _seconds(last or appointment.created_at + _GOOD_WITHOUT_HOUR)
        return links.make(self.secret, Ticket(purpose, appointment.id, appointment.edition, expires))

    def of(self, appointment: Appointment) -> Links:
        """All that a message offers."""
        return Links(
            move=self.address(Purpose.MOVE, appointment),
            cancel=self.address(Purpose.CANCEL, appointment),
            decline=self.address(Purpose.DECLINE, appointment),
            pick=self.address(Purpose.PICK, appointment) if appointment.state == AppointmentState.OPEN else None,
        )

    def unsubscribe(self, appointment: Appointment) -> str:
        """Takes a bare POST, from mail programs, as: no more mails."""
        return f"{self.address(Purpose.DECLINE, appointment)}/unsubscribe"

    def feed(self, user_id: uuid.UUID, generation: int) -> str:
        """A user's calendar, for calendar programs."""
        token = links.make(self.secret, Ticket(Purpose.FEED, user_id, generation, None))
        return f"{self.base_url}/calendar/{token}.ics"


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
