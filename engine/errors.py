"""Every exception of our own. The message says what happened and what a person can do about it."""

from engine.usage import Usage


class VivavoceError(Exception):
    """Root of the errors that this product raises on purpose."""


class SettingsError(VivavoceError):
    """The environment lacks a setting or holds one that cannot work; all faults are listed at once."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("The settings cannot be used:\n" + "\n".join(f"  - {fault}" for fault in faults))


class ProtocolError(VivavoceError):
    """The other side of a wire broke its protocol."""


class IllegalMove(VivavoceError):
    """A state machine was asked for a move that its table does not have."""


class BankError(VivavoceError):
    """A question file is malformed; the message names the file, the question and the fault."""


class EvidenceError(VivavoceError):
    """A quote does not stand in the transcript that it claims to come from."""


class UpstreamUnavailable(VivavoceError):
    """A speech or language engine did not answer in time, or answered with a failure."""


class DatabaseUnavailable(VivavoceError):
    """PostgreSQL could not be started or reached; the message says what was tried and what to install."""


class NotFound(VivavoceError):
    """The row does not exist, or belongs to somebody else: the two look the same."""


class Conflict(VivavoceError):
    """The request collides with what is already stored (a taken e-mail address, a finished interview)."""


class TooManyAttempts(VivavoceError):
    """A limit on repeated attempts was reached."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class UpstreamRefused(UpstreamUnavailable):
    """The engine turned the request down for good: key, permission, quota or an unknown model. Do not retry."""


class UpstreamBusy(UpstreamUnavailable):
    """The engine asks for fewer requests. `retry_after_s` is None where it does not say when."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class UnusableReply(UpstreamUnavailable):
    """A language model answered, but with a refusal, half an answer, or one of the wrong form even when corrected.

    `usage` is what the attempts consumed, all the same.
    """

    def __init__(self, message: str, *, usage: Usage | None = None) -> None:
        self.usage = usage
        super().__init__(message)


class RequestNotTaken(UpstreamRefused):
    """The engine does not accept this one request as it stands; that says little about the next one."""


class ScheduleError(VivavoceError):
    """A time, a window or a number cannot be booked; the message tells the person who asked what to do instead."""


class AmbiguousTime(ScheduleError):
    """The clocks go back over this wall time, so it comes twice. `choices` are the two instants in ISO 8601."""

    def __init__(self, message: str, *, choices: tuple[str, str]) -> None:
        self.choices = choices
        super().__init__(message)


class MissingTime(ScheduleError):
    """The clocks go forward over this wall time. `neighbours` are the nearest ones that exist, in ISO 8601."""

    def __init__(self, message: str, *, neighbours: tuple[str, str]) -> None:
        self.neighbours = neighbours
        super().__init__(message)


class SlotTaken(ScheduleError):
    """Somebody was a moment faster, or the candidate has another call at that time."""


class LinkRejected(VivavoceError):
    """A candidate's link opens nothing: forged, cut off, out of date, or made for something else."""


class MessageRefused(VivavoceError):
    """The mail server or text-message provider will not take this message, now or later: wrong address, blocked."""


class MessageDelayed(VivavoceError):
    """The mail server or text-message provider cannot take the message now; it was not sent."""


class DeliveryUnknown(VivavoceError):
    """The connection broke after the message was handed over: it may or may not have been sent."""


class CallRefused(VivavoceError):
    """The telephone provider will not place this call, now or later: the number, or the account's permissions."""


class CallDelayed(VivavoceError):
    """The telephone provider cannot place the call now; nothing rang."""


class CallUnknown(VivavoceError):
    """The connection broke after the call was asked for: it may be ringing. Ask the provider; never dial again."""


class AddressForbidden(VivavoceError):
    """An address that users must not make this server connect to: local, private, without TLS, malformed."""


class WeightsError(VivavoceError):
    """The weights of the endpoint policy cannot be used; the message says which and why."""
