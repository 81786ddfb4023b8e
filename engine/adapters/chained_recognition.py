"""One call over several recognisers in a row: where one fails, the next hears the same words again.

What the current engine has not answered for yet is kept (utterance_journal) and given to the next one, with
everything that was said about it; what the old one says from then on is not listened to. So no word is lost, none
comes twice, and the candidate is not asked to repeat. Only a chain that has come to its end tells of a failure.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from engine.adapters.recogniser_links import RecogniserChain, RecogniserLink
from engine.adapters.utterance_journal import Audio, Began, Entry, Finish, Paused, UtteranceJournal
from engine.errors import UpstreamUnavailable
from engine.ports import (
    Account,
    AllHeard,
    EngineSwitched,
    FinalHeard,
    RecognitionEvent,
    RecognitionFailed,
    RecognitionStream,
)

logger = logging.getLogger(__name__)

_TOO_EXPENSIVE: Final = "The interview has spent what it may spend."
_TRIED_AGAIN: Final = "A better engine is tried again."


class ChainedRecognition:
    """One call. Engines' streams are never called under the lock: they deliver under locks of their own."""

    def __init__(self, chain: RecogniserChain, on_event: Callable[[RecognitionEvent], None], account: Account) -> None:
        self._chain = chain
        self._on_event = on_event
        self._account = account
        self._lock = threading.RLock()
        self._journal = UtteranceJournal(chain.limits.buffer_s)
        self._terms: tuple[str, ...] = ()
        self._stream: RecognitionStream | None = None
        """None while a switch is under way, and after the end."""
        self._index = -1
        self._generation = 0
        """Of the stream that is listened to; what an older one says is dropped."""
        self._failure: str | None = None
        """Why the current generation is not listened to any more."""
        self._tried: set[int] = set()
        """Engines that had their turn with what is not answered for yet."""
        self._is_over = False
        self._heard_of_ms = 0
        self._finish_by_s: float | None = None
        self._switched_at_s = chain.clock()
        self._switch(None, "")
        if self._is_over:
            raise UpstreamUnavailable(self._failure or "No recogniser can be opened.")

    def send(self, mulaw: bytes, at_ms: int) -> None:
        with self._lock:
            if self._is_over:
                return
            self._journal.audio(mulaw, at_ms)
            stream = self._stream
            lateness = self._lateness() if stream is not None else None
        if stream is not None:
            stream.send(mulaw, at_ms)
        if lateness is not None:
            self._drop(lateness, is_fault=True)

    def speech_began(self, at_ms: int) -> None:
        with self._lock:
            if self._is_over:
                return
            self._journal.began(at_ms)
            stream = self._stream
            has_to_save = stream is not None and not self._may_use(self._index)
        if stream is not None:
            stream.speech_began(at_ms)
        if has_to_save:
            self._drop(_TOO_EXPENSIVE, is_fault=False)

    def speech_paused(self, at_ms: int) -> None:
        with self._lock:
            if self._is_over:
                return
            self._journal.paused(at_ms)
            stream = self._stream
        if stream is not None:
            stream.speech_paused(at_ms)

    def speech_wavered(self, at_ms: int) -> None:
        stream = self._stream  # no part of the journal: an engine that takes over need not say what is stale
        if stream is not None:
            stream.speech_wavered(at_ms)

    def set_terms(self, terms: Sequence[str]) -> None:
        """A question is about to be asked: nobody speaks, which is when a better engine is tried again."""
        with self._lock:
            if self._is_over:
                return
            self._terms = tuple(terms)
            stream = self._stream
            may_return = stream is not None and self._journal.is_settled and self._has_better()
        if stream is not None:
            stream.set_terms(terms)
        if may_return:
            self._drop(_TRIED_AGAIN, is_fault=False)

    def finish(self, request: int) -> None:
        with self._lock:
            if self._is_over:
                return
            self._journal.finish(request)
            stream = self._stream
            self._await_answer()
        if stream is not None:
            stream.finish(request)

    def close(self) -> None:
        with self._lock:
            self._is_over = True
            self._generation += 1
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
            self._link.health.abandoned()

    @property
    def _link(self) -> RecogniserLink:
        return self._chain.links[self._index]

    def _heard(self, generation: int, event: RecognitionEvent) -> None:
        """An engine says something, on any thread; it is passed on under the lock, so that nothing overtakes it."""
        with self._lock:
            if generation != self._generation or self._is_over or self._failure is not None:
                return
            self._heard_of_ms = self._journal.now_ms
            if not isinstance(event, RecognitionFailed):
                self._take(event)
                return
            self._link.health.failed(event.reason, event.cause)
        self._drop(event.reason, is_fault=False, generation=generation)

    def _take(self, event: RecognitionEvent) -> None:
        match event:
            case FinalHeard(transcript):
                words = transcript.words
                self._journal.heard_until(words[-1].end_ms if words else self._journal.now_ms)
                self._did_well()
            case AllHeard(request):
                self._journal.answered(request)
                self._did_well()
                self._await_answer()
        self._on_event(event)

    def _did_well(self) -> None:
        self._link.health.succeeded()
        self._tried = {self._index}

    def _drop(self, reason: str, *, is_fault: bool, generation: int | None = None) -> None:
        """Listen to the current engine no more, and have another one put in its place."""
        with self._lock:
            if self._is_over or self._failure is not None or generation not in (None, self._generation):
                return
            if is_fault:
                self._link.health.failed(reason)
            self._failure = reason
            if reason == _TRIED_AGAIN:
                self._tried = set()
            stream, self._stream = self._stream, None
        if stream is not None:  # else a switch is under way, which sees that its engine failed
            self._chain.start(lambda: self._switch(stream, reason))

    def _switch(self, old: RecognitionStream | None, reason: str) -> None:
        if old is not None:
            old.close()
        while True:
            with self._lock:
                if self._is_over:
                    return
                index = self._next(reason)
                if index is None:
                    self._give_up(reason)
                    return
                generation = self._begin(index, reason)
            try:
                stream = self._link.engine.open(partial(self._heard, generation), self._account)
            except UpstreamUnavailable as error:
                self._chain.links[index].health.failed(str(error), error)
                reason = str(error)
                continue
            if self._caught_up(stream):
                return
            stream.close()
            reason = self._failure or reason

    def _next(self, reason: str) -> int | None:
        """The engine to go on with: the next in the row, from the beginning again after the last."""
        count = len(self._chain.links)
        first = 0 if reason == _TRIED_AGAIN else self._index + 1
        row = [index % count for index in range(first, first + count)]
        usable = [index for index in row if index not in self._tried and self._may_use(index)]
        for index in usable:
            if self._chain.links[index].health.admit():
                return index
        return max(usable, default=None)

    def _begin(self, index: int, reason: str) -> int:
        links = self._chain.links
        before = max(0, self._index)
        reason = reason or links[before].health.snapshot().last_error or "It rests."
        self._index = index
        self._tried.add(index)
        self._generation += 1
        self._failure = None
        self._switched_at_s = self._chain.clock()
        if index != before:
            names = links[before].engine.name, links[index].engine.name
            lost_ms = self._journal.forget_lost()
            details = {"from": names[0], "to": names[1], "reason": reason, "lost_ms": lost_ms}
            logger.warning("another recogniser goes on with the call", extra=details)
            self._on_event(EngineSwitched("speech_to_text", *names, reason, lost_ms))
        return self._generation

    def _caught_up(self, stream: RecognitionStream) -> bool:
        """Give the engine what is not answered for, then let it have the call. False where it failed at that."""
        number = 0
        terms: tuple[str, ...] = ()
        while True:
            with self._lock:
                if self._is_over or self._failure is not None:
                    return False
                number, entries = self._journal.since(number)
                if not entries and terms == self._terms:
                    self._stream = stream
                    self._heard_of_ms = self._journal.now_ms
                    self._await_answer()
                    return True
                terms = self._terms
            stream.set_terms(terms)
            for entry in entries:
                _give(stream, entry)

    def _give_up(self, reason: str) -> None:
        self._is_over = True
        self._generation += 1
        self._failure = reason
        if self._index >= 0:
            self._on_event(RecognitionFailed(reason))

    def _may_use(self, index: int) -> bool:
        """A paid engine goes on over the limit only where no free one could take its place."""
        links = self._chain.links
        return not links[index].is_paid or self._account.may_spend() or all(link.is_paid for link in links)

    def _has_better(self) -> bool:
        if self._chain.clock() < self._switched_at_s + self._chain.limits.return_after_s:
            return False
        better = (index for index in range(self._index) if self._may_use(index))
        return any(self._chain.links[index].health.snapshot().state != "open" for index in better)

    def _await_answer(self) -> None:
        """By when the oldest request to finish is due."""
        finish_s = self._link.finish_s
        is_due = self._journal.unanswered and self._stream is not None
        self._finish_by_s = self._chain.clock() + finish_s if is_due and finish_s is not None else None

    def _lateness(self) -> str | None:
        """What the current engine owes for too long."""
        link, journal = self._link, self._journal
        if self._finish_by_s is not None and self._chain.clock() >= self._finish_by_s:
            return f"{link.engine.name} did not finish within {link.finish_s:g} s."
        since_ms = journal.speaking_since_ms
        if link.stall_ms is None or since_ms is None:
            return None
        if journal.now_ms - max(since_ms, self._heard_of_ms) < link.stall_ms:
            return None
        return f"{link.engine.name} has said nothing for {link.stall_ms / 1000:g} s of speech."


def _give(stream: RecognitionStream, entry: Entry) -> None:
    match entry:
        case Audio(mulaw, at_ms):
            stream.send(mulaw, at_ms)
        case Began(at_ms):
            stream.speech_began(at_ms)
        case Paused(at_ms):
            stream.speech_paused(at_ms)
        case Finish(request):
            stream.finish(request)
