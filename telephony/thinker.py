"""The language model of one call: requests run beside the call, and what comes of them is delivered in pieces."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.chat import ChatMessage, TaskLimits, task_request
from engine.dialogue.live_prompts import request_for
from engine.dialogue.model_messages import AskModel
from engine.dialogue.sentences import SentenceCutter
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, ChatModel
from engine.questions.bank import QuestionBank

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SentenceWritten:
    request: int
    text: str


@dataclass(frozen=True, slots=True)
class ReplyWhole:
    request: int
    data: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    request: int
    reason: str


Thought = SentenceWritten | ReplyWhole | ReplyFailed


_WARM_UP = task_request(
    "warm-1", "Reply with the word ready.", (ChatMessage("user", "Ready?"),), TaskLimits(0.0, 16, 10.0)
)


def warm(model: ChatModel) -> threading.Thread:
    """Ask the model for a word in the background: parts are loaded, the connection made, a bad key told at start."""

    def ask() -> None:
        try:
            model.complete(_WARM_UP)
        except UpstreamUnavailable as error:
            log.warning("the language model cannot be used just now", extra={"reason": str(error)})

    thread = threading.Thread(target=ask, name="model-warm", daemon=True)
    thread.start()
    return thread


class NobodyWaits(UpstreamUnavailable):
    """The conversation has moved on: the rest of a reply is of no use."""


class Thinker:
    """Carries requests out one at a time, on the caller's thread."""

    def __init__(
        self, model: ChatModel, bank: QuestionBank, deliver: Callable[[Thought], None], account: Account = UNLIMITED
    ) -> None:
        self._model = model
        self._bank = bank
        self._deliver = deliver
        self._account = account
        self._wanted = 0

    def ask(self, ask: AskModel) -> None:
        """Begin a request; whatever is still under way is given up."""
        self._wanted = ask.request
        self._begin(ask)

    def close(self) -> None:
        """Nothing more is wanted."""
        self._wanted = 0

    def _begin(self, ask: AskModel) -> None:
        self._think(ask)

    def _think(self, ask: AskModel) -> None:
        if not self._account.may_spend():
            self._deliver(ReplyFailed(ask.request, "the interview's money is spent"))
            return
        cutter = SentenceCutter()

        def written(text: str) -> None:
            if ask.request != self._wanted:
                raise NobodyWaits("the conversation has moved on")
            for sentence in cutter.feed(text):
                self._deliver(SentenceWritten(ask.request, sentence))

        try:
            request = request_for(ask, self._bank)
            is_plain = request.schema is None
            reply = self._model.complete(request, written if is_plain else None, self._account)
        except UpstreamUnavailable as error:
            if not isinstance(error, NobodyWaits):
                log.warning("the language model did not help", extra={"task": ask.task, "reason": str(error)})
            self._deliver(ReplyFailed(ask.request, type(error).__name__))
            return
        last = cutter.rest()
        if last:
            self._deliver(SentenceWritten(ask.request, last))
        self._deliver(ReplyWhole(ask.request, reply.data if isinstance(reply.data, dict) else None))


class ThreadedThinker(Thinker):
    """Every request has a thread of its own (a greenlet under gevent), which ends at the request's deadline.

    So a request that nobody waits for any more holds up none that comes after it.
    """

    def _begin(self, ask: AskModel) -> None:
        threading.Thread(target=self._think, args=(ask,), name="thinker", daemon=True).start()
