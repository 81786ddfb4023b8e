"""What bookings are made with: a transaction, the rules of zones and calling hours, and the present instant."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.adapters.time_zones import TimeZones
from engine.scheduling.calling_hours import CallingHours


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's turn at the desk; whoever made it commits."""

    session: Session
    zones: TimeZones
    hours: CallingHours
    now: datetime
