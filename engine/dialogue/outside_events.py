"""What befalls an interview from outside of the talk: its line, and the user who watches."""

from dataclasses import dataclass

from engine.transcript import Transcript


@dataclass(frozen=True, slots=True)
class LineBroke:
    """Nobody is there any more; what was recognised of the turn that was going on."""

    transcript: Transcript


@dataclass(frozen=True, slots=True)
class CameBack:
    """The line broke and the caller is there again, on the same leg."""


@dataclass(frozen=True, slots=True)
class UserEnds:
    """The user who watches the call wants it to end."""


@dataclass(frozen=True, slots=True)
class UserSkips:
    """The user who watches the call wants the next question."""


@dataclass(frozen=True, slots=True)
class UserPauses:
    """The user who watches the call wants a break."""


@dataclass(frozen=True, slots=True)
class LineIsPoor:
    trouble: str


@dataclass(frozen=True, slots=True)
class LineIsHopeless:
    """Nobody can be understood on this line."""

    trouble: str


OutsideEvent = LineBroke | CameBack | UserEnds | UserSkips | UserPauses
