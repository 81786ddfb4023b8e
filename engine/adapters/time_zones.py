"""The rules of time zones, from the newest edition this machine has: the pinned package or the operating system.

Rules change several times a year, sometimes days before they take effect. So the edition that a booking was worked out
with is stored beside it, and bookings are worked out anew when another edition arrives.
"""

import importlib.resources
import re
import zoneinfo
from datetime import UTC, tzinfo
from importlib.resources.abc import Traversable
from pathlib import Path

from engine.errors import ScheduleError

_EDITION = re.compile(r"^# version (\S+)")
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")


class TimeZones:
    """One edition of the rules. Zones are read when they are first asked for, and kept."""

    def __init__(self, folder: Traversable | Path | None = None) -> None:
        """folder: compiled zone files with `tzdata.zi` beside them; without one the newest edition is looked for."""
        self._folder = folder or _newest()
        self._zones: dict[str, tzinfo] = {"UTC": UTC}
        self.edition = _edition(self._folder)

    def rules(self, name: str) -> tzinfo:
        """The zone of this IANA name. Raises ScheduleError for a name that this edition does not know."""
        known = self._zones.get(name)
        if known is not None:
            return known
        if not _ZONE_NAME.fullmatch(name):
            raise ScheduleError("Choose a time zone from the list, such as Europe/Berlin.")
        try:
            with self._folder.joinpath(name).open("rb") as file:
                found = zoneinfo.ZoneInfo.from_file(file, key=name)
        except (OSError, ValueError) as error:
            raise ScheduleError(f"{name} is no time zone that we know. Choose one such as Europe/Berlin.") from error
        return self._zones.setdefault(name, found)


def _newest() -> Traversable | Path:
    # The package comes first: of two equal editions it is the one that the tests ran with.
    folders: list[Traversable | Path] = [importlib.resources.files("tzdata") / "zoneinfo"]
    folders += [Path(place) for place in zoneinfo.TZPATH if Path(place).is_dir()]
    return max(folders, key=_edition)


def _edition(folder: Traversable | Path) -> str:
    """Such as 2026f; an empty text where the folder does not say. Later editions sort later."""
    try:
        with folder.joinpath("tzdata.zi").open("r", encoding="ascii") as file:
            found = _EDITION.match(file.readline())
    except OSError:
        return ""
    return found.group(1) if found else ""
