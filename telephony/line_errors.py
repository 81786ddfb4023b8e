"""What can go wrong between a session and its line, whichever server or simulator carries it."""

from engine.errors import VivavoceError


class LineGone(VivavoceError):
    """The line was closed, by either side; nothing more can be received or sent."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class DeadLeg(LineGone):
    """The line is open and sends nothing any more, not even silence: whoever was there is not."""

    def __init__(self) -> None:
        super().__init__("no frames")
