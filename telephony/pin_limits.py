"""How many wrong PINs are borne with: by one caller, and over all callers of one of our numbers."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask import request

from engine.errors import TooManyAttempts
from engine.store.attempts import AttemptRepository

_WINDOW_S: Final = 3600
_MOST_WRONG_PINS: Final = {"pin_of_caller": 10, "pin_at_number": 60}
"""An hour; the second one since caller ids can be forged."""


class PinLimits:
    """Counts by keyed hashes: no telephone number is stored."""

    def __init__(self, secret: str, now: Callable[[], datetime]) -> None:
        self._secret = secret
        self._now = now

    def check(self, attempts: AttemptRepository) -> None:
        """Raises TooManyAttempts when this caller, or this number of ours, has seen enough wrong PINs."""
        for action, subject in self._limited():
            attempts.check(action, subject, limit=_MOST_WRONG_PINS[action], window_s=_WINDOW_S, now=self._now())

    def count_wrong(self, attempts: AttemptRepository, attempt: int) -> None:
        """Count a wrong PIN once, also when Twilio posts it again."""
        once = self._keyed(f"{request.form['CallSid']} {attempt}")
        try:
            attempts.check("pin_of_call", once, limit=1, window_s=_WINDOW_S, now=self._now())
        except TooManyAttempts:
            return
        attempts.record("pin_of_call", once, self._now())
        for action, subject in self._limited():
            attempts.record(action, subject, self._now())

    def _limited(self) -> list[tuple[str, str]]:
        numbers = {"pin_of_caller": request.form.get("From", ""), "pin_at_number": request.form.get("To", "")}
        return [(action, self._keyed(number)) for action, number in numbers.items()]

    def _keyed(self, subject: str) -> str:
        key = b"telephony-attempts\x00" + self._secret.encode()
        return hmac.new(key, subject.encode(), hashlib.sha256).hexdigest()
