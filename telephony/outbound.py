"""Placing calls through Twilio.

Source: Twilio, "Call resource" and "Answering machine detection".
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from engine.call_placing import OutgoingCall, PlacedCall
from engine.config import Settings
from engine.errors import CallDelayed, CallRefused, CallUnknown
from engine.vocabulary import CallState
from telephony import status, twiml, words
from telephony.twilio_rest import TIMEOUT_S, Meaning, TwilioFailure, ask, close_client, make_client

RING_S: Final = 30
"""About six rings: most mailboxes answer between twenty and thirty seconds."""
_LATEST: Final = 20
_NOT_FOUND: Final = 404
_OVER_ALREADY: Final = 21220
_ERRORS = {Meaning.NEVER: CallRefused, Meaning.NOT_NOW: CallDelayed, Meaning.UNKNOWN: CallUnknown}
_REASONS: Final = {
    13223: "Twilio does not accept this number. Check it with the candidate.",
    13224: "Twilio does not accept this number. Check it with the candidate.",
    21211: "Twilio does not accept this number. Check it with the candidate.",
    21214: "This number cannot be reached from our account. Check it with the candidate.",
    21215: "Our Twilio account may not call this country. Allow it in the console under voice geographic permissions.",
    21216: "Our Twilio account may not call this number.",
    21219: "A trial account calls only numbers that were verified in the Twilio console.",
}


class TwilioCalls:
    """Rings from our own number; the answered call asks /telephony/voice what to do."""

    name = "twilio"

    def __init__(self, settings: Settings, timeout_s: float = TIMEOUT_S) -> None:
        self._from = settings.phone_number
        self._base_url = settings.public_base_url
        self._client = make_client(settings, timeout_s)

    def place(self, call: OutgoingCall) -> str:
        """Ask Twilio to ring; returns the CallSid.

        Detection of answering machines runs beside the call, so that a person hears us at once; its verdict comes to
        /telephony/answered-by.
        """
        ours = urlencode({"call": call.id})
        made = self._ask(
            lambda: self._client.calls.create(
                to=call.phone,
                from_=self._from,
                url=self._voice_url(call),
                status_callback=f"{self._base_url}/telephony/status?{ours}",
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                timeout=RING_S,
                time_limit=call.longest_s,
                machine_detection="DetectMessageEnd",
                async_amd="true",
                async_amd_status_callback=f"{self._base_url}/telephony/answered-by?{ours}",
            )
        )
        return str(made.sid)

    def look_up(self, sid: str) -> PlacedCall | None:
        try:
            return _placed(self._ask(lambda: self._client.calls(sid).fetch()))
        except CallRefused as refused:
            if _status_of(refused) == _NOT_FOUND:
                return None
            raise

    def placed_to(self, phone: str) -> Sequence[PlacedCall]:
        found = self._ask(lambda: self._client.calls.list(to=phone, from_=self._from, limit=_LATEST))
        return [_placed(each) for each in found]

    def say_and_hang_up(self, sid: str, text: str, *, after_s: int = 0) -> None:
        self._go_on_with(sid, twiml.say_goodbye(text, after_s))

    def say_and_connect(self, sid: str, text: str, call: OutgoingCall, *, wait_s: int = 0) -> None:
        self._go_on_with(sid, twiml.say_and_go_on(text, wait_s, self._voice_url(call)))

    def put_through(self, sid: str, call: OutgoingCall) -> None:
        ours = urlencode({"call": call.id})
        person = twiml.Person(
            call.phone,
            self._from,
            f"{self._base_url}/telephony/whisper?{ours}",
            f"{self._base_url}/telephony/put-through?{ours}",
        )
        self._go_on_with(sid, twiml.dial_person(words.PUTTING_THROUGH, person))

    def end(self, sid: str) -> None:
        """`completed` also ends a call that is still ringing."""
        try:
            self._ask(lambda: self._client.calls(sid).update(status="completed"))
        except CallRefused as refused:
            if _code_of(refused) != _OVER_ALREADY and _status_of(refused) != _NOT_FOUND:
                raise

    def close(self) -> None:
        close_client(self._client)

    def _voice_url(self, call: OutgoingCall) -> str:
        return f"{self._base_url}/telephony/voice?{urlencode({'interview_id': call.interview_id, 'call': call.id})}"

    def _go_on_with(self, sid: str, document: str) -> None:
        self._ask(lambda: self._client.calls(sid).update(twiml=document))

    def _ask(self, request: Any) -> Any:
        try:
            return ask(request)
        except TwilioFailure as failure:
            words = _REASONS.get(failure.code or 0, str(failure))
            raise _ERRORS[failure.meaning](words) from failure


def _status_of(refused: CallRefused) -> int | None:
    cause = refused.__cause__
    return cause.status if isinstance(cause, TwilioFailure) else None


def _code_of(refused: CallRefused) -> int | None:
    cause = refused.__cause__
    return cause.code if isinstance(cause, TwilioFailure) else None


def _placed(instance: Any) -> PlacedCall:
    told = status.STATES.get(str(instance.status), CallState.RINGING)
    return PlacedCall(str(instance.sid), str(instance.to), told, instance.date_created or datetime.now(UTC))
