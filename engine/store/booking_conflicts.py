"""Why the database, or the table of moves, refused a change of an appointment: in words for the person who asked."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import Conflict, SlotTaken
from engine.store.schedule_models import NO_DOUBLE_BOOKING, Appointment
from engine.vocabulary import AppointmentState as A


def refused(session: Session, appointment: Appointment) -> Conflict:
    """Why no row was changed: it stands elsewhere than the caller believed."""
    session.refresh(appointment)
    if appointment.state in (A.KEPT, A.TAKEN):
        return Conflict("This call is running or over, so its time can no longer be changed.")
    if appointment.state == A.CANCELLED:
        return Conflict("This call was cancelled. Set up a new interview instead.")
    return Conflict("This call was moved a moment ago by somebody else. Look at its new time, then try again.")


def explained(
    session: Session, error: IntegrityError, owner_id: uuid.UUID, phone: str, due_at: datetime | None
) -> Conflict | SlotTaken | IntegrityError:
    """A constraint's refusal as an error of ours; one that is not about bookings comes back as it is."""
    text = str(error.orig)
    if "uq_appointments_interview_id" in text:
        return Conflict("This interview has an appointment already. Move that one.")
    if NO_DOUBLE_BOOKING not in text:
        return error
    # Whose other call it is may be told to its own owner alone.
    other = session.scalar(
        select(Appointment).where(
            Appointment.owner_id == owner_id,
            Appointment.phone == phone,
            Appointment.state.in_((A.BOOKED, A.TAKEN)),
            Appointment.due_at <= (due_at or func.now()) + timedelta(hours=4),
            Appointment.ends_at > (due_at or func.now()),
        )
    )
    if other is not None:
        return SlotTaken(
            f"This number has another call of yours at that time ({other.interview.title}). Choose another time, "
            "or move that one."
        )
    return SlotTaken("This number is to be called by somebody else at that time. Choose another time.")
