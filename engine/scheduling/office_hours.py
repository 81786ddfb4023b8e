"""When somebody is there to talk to a candidate who asks for a person."""

from datetime import datetime, time
from typing import Final

_FRIDAY: Final = 4


def is_somebody_there(local: datetime, opens: time | None, closes: time | None) -> bool:
    """local: the moment on the clock of whoever is to be there. Weekdays only; at any hour where none is named."""
    if local.weekday() > _FRIDAY:
        return False
    return opens is None or closes is None or opens <= local.time() < closes
