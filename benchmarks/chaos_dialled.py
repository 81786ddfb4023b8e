"""Calls that we place, in the fault test: booked candidates, Twilio played on the loopback, and who was rung twice."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from benchmarks.chaos_calls import ANSWER_SAMPLES, RECORDINGS, SCENARIO, Phone
from benchmarks.chaos_stage import Stage
from benchmarks.dialling import book
from telephony.simulator import voices
from telephony.simulator.account import Account
from telephony.simulator.exchange import Callee, Exchange, NewsFaults
from telephony.simulator.rest_server import CallsApi, serving
from telephony.simulator.scenario import parse_scenario

AHEAD_S = 6.0
SPREAD_S = 3.0
"""The calls fall due within this time: the fault strikes while some ring and others have not been asked for."""


class Provider:
    """The account at Twilio from which the product places its calls. News of them are lost, late and doubled."""

    def __init__(self, stack: ExitStack) -> None:
        self._callees: dict[str, Callee] = {}
        self._account: Account | None = None
        self.exchange: Exchange | None = None
        self._stack = stack

    def open(self, stage: Stage) -> None:
        """Begin to take calls for this stage's account."""
        environ = stage.environ
        url = environ["PUBLIC_BASE_URL"]
        account = Account(environ["TWILIO_ACCOUNT_SID"], environ["TWILIO_AUTH_TOKEN"], url, url)
        news = NewsFaults(lost=0.2, doubled=0.2, late=0.2)
        self.exchange = Exchange(account, lambda number: self._callees[number], news=news)
        port = int(environ["TWILIO_REST_URL"].rpartition(":")[2])
        self._stack.enter_context(serving(CallsApi(account, self.exchange), port))

    def booked(self, stage: Stage, count: int) -> list[Phone]:
        """Book calls that fall due in a moment; the candidates pick up and talk."""
        due = book(stage.sessions, [count], datetime.now(UTC) + timedelta(seconds=AHEAD_S), SPREAD_S)
        scenario = parse_scenario(SCENARIO, RECORDINGS)
        speech = {reply: audio[:ANSWER_SAMPLES] for reply, audio in voices.prepare(scenario, None).items()}
        phones = []
        for number in sorted(due, key=due.__getitem__):
            phone = Phone(number, stage.environ)
            self._callees[number] = Callee("answer", scenario, speech, rings_s=0.5, on_happening=phone.happened)
            phones.append(phone)
        return phones

    def wait(self, phones: Sequence[Phone], longest_s: float) -> None:
        """Until every call is over; then each phone knows its CallSid."""
        assert self.exchange is not None
        deadline = datetime.now(UTC) + timedelta(seconds=longest_s)
        while len({call.one("To") for call in self.exchange.calls}) < len(phones) and datetime.now(UTC) < deadline:
            self.exchange.wait(longest_s)
        self.exchange.wait(longest_s)
        for phone in phones:
            rung = [call for call in self.exchange.calls if call.one("To") == phone.pin]
            phone.call_sid = rung[-1].sid if rung else ""
            phone.problems.extend(problem for call in rung for problem in call.problems)

    def rung_twice(self) -> int:
        """How many calls went to somebody who had been rung for the same appointment before."""
        assert self.exchange is not None
        return sum(count - 1 for count in Counter(call.one("To") for call in self.exchange.calls).values())
