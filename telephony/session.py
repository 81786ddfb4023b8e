"""One call: the shell around the pure core.

Everything is decided on one thread, in order. It reads the socket, hears each frame, lets results of the workers in
between two frames, and gives all of it to the core as signals. What the core wants done is carried out elsewhere:
the writer sends, the speaker synthesises, the recogniser transcribes. `close` is the only way out, whatever ended
the call.
"""

import logging
from collections import deque

from engine.audio.line_quality import Trouble
from engine.clock import SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms
from engine.dialogue.conversation import step
from engine.dialogue.moment import Conversation, Phase
from engine.dialogue.plan import place_data
from engine.dialogue.signals import (
    Action,
    AnswerJudged,
    AskModel,
    Attend,
    CallStarted,
    DigitPressed,
    ExpectTerms,
    Fact,
    Flush,
    HangUp,
    Judge,
    LineClosed,
    LineResumed,
    MarkReturned,
    PieceQueued,
    Signal,
    SpeechAction,
    StartTimer,
    StopTimer,
    TimerExpired,
)
from engine.evaluation.judgement import judge
from engine.ports import AllHeard, EngineSwitched, FinalHeard, PartialHeard, RecognitionFailed, TurnHint, TurnVoted
from telephony.call_account import CallFact
from telephony.call_parts import CallParts, Line
from telephony.line_errors import DeadLeg, LineGone
from telephony.line_meter import LagMeter
from telephony.media_stream import (
    DtmfReceived,
    MarkReceived,
    MediaReceived,
    StreamEvent,
    StreamProtocol,
    StreamStopped,
)
from telephony.reply_clock import ReplyClock
from telephony.sound_keeping import SoundKeeper
from telephony.speaker import ChunkReady
from telephony.timers import Timers
from telephony.worker_results import signal_of

log = logging.getLogger(__name__)

SILENCE = b"\xff"
DEAD_LEG_S = 10.0
"""So long without a frame and the leg is dead, whatever else it sends: silence still sends frames."""
LAST_WORDS_S = 4.0
"""How long the recogniser may take for the last words after the caller hung up."""
LAST_WORDS_OF_BROKEN_LINE_S = 1.0
"""And after the line broke: the caller may be there still, and waits for us."""
FLUSH_AT_CLOSE = 1_000_000
"""Request number of the flush at the end, out of reach of the core's own."""
FAREWELL_GRACE_MS = 500


class Session:
    """One phone leg from `start` to the end."""

    def __init__(
        self,
        line: Line,
        protocol: StreamProtocol,
        parts: CallParts,
        inbox: deque[object],
        *,
        state: Conversation | None = None,
        at_ms: int = 0,
    ) -> None:
        """state, at_ms: where the same leg stood when its line broke, and the clock's time from which it goes on."""
        self._line = line
        self._protocol = protocol
        self._parts = parts
        self._inbox = inbox
        self._state = state or Conversation()
        self._timers = Timers()
        self._samples = ms_to_samples(at_ms)
        self._sound = SoundKeeper(parts)
        self._hang_up_reason: str | None = None
        self._all_heard = False
        self._is_closed = False
        self._last_frame_s = parts.clock()
        self._lag = LagMeter(parts.clock)
        self._replies = ReplyClock(parts.clock, lambda: parts.mouth.first_sent_s)

    @property
    def now_ms(self) -> int:
        """Audio time: what was received of the line so far."""
        return samples_to_ms(self._samples)

    def begin(self, **identity: str) -> None:
        """The line is open and known: log whose call it is, and let the core speak first."""
        place = place_data(self._parts.plan)
        self._parts.call_log.session_fact(self.now_ms, "call_started", **identity, place=place)
        self._feed(CallStarted(self.now_ms, self._parts.thinker is not None))

    def resume(self, *, is_recorded: bool, **identity: str) -> None:
        """The line is open again after a break: log it, and let the core say where we were."""
        self._parts.call_log.session_fact(self.now_ms, "call_resumed", **identity)
        self._parts.mouth.line_came_to(self._samples)
        if is_recorded:
            self._sound.start(self.now_ms)
        if self._state.phase is not Phase.LEFT:
            self._feed(LineClosed(self.now_ms, "process_lost"))
        self._feed(LineResumed(self.now_ms, self._parts.thinker is not None))

    def run(self) -> str:
        """Hold the call to its end. Returns why it ended; never raises for what a peer or a provider did."""
        reason = "failed"
        try:
            while self._hang_up_reason is None:
                self._turn_once()
            reason = self._hang_up_reason
        except LineGone as gone:
            reason = "hung_up" if self._protocol.is_stopped else "line_lost"
            if isinstance(gone, DeadLeg):
                self._parts.call_log.session_fact(self.now_ms, "line_trouble", trouble=Trouble.DEAD_LEG.value)
            log.info("line closed", extra={"reason": reason, "detail": str(gone)})
        finally:
            self.close(reason)
        return reason

    def _turn_once(self) -> None:
        text = self._line.receive()
        if text is not None:
            self._read(text)
        self._let_results_in()
        for name in self._timers.expired(self.now_ms):
            self._timer_expired(name)

    def _read(self, text: str) -> None:
        for event in self._protocol.receive(text):
            self._happened(event)
            if not isinstance(event, MediaReceived) and self._parts.clock() - self._last_frame_s > DEAD_LEG_S:
                raise DeadLeg
        violation = self._protocol.violation
        if violation is not None:
            self._line.close(violation.code, violation.reason)
            raise LineGone(violation.reason)

    def _happened(self, event: StreamEvent) -> None:
        match event:
            case MediaReceived(mulaw=mulaw, missing=missing):
                self._heard(SILENCE * missing + mulaw if missing else mulaw, missing)
            case MarkReceived(name=name):
                self._feed(MarkReturned(self.now_ms, name))
            case DtmfReceived(digit=digit):
                self._feed(DigitPressed(self.now_ms, digit))
            case StreamStopped():
                raise LineGone("stopped by the other side")

    def _heard(self, mulaw: bytes, missing: int) -> None:
        start = self._samples
        self._samples += len(mulaw)
        self._last_frame_s = self._lag.frame(self._samples / SAMPLE_RATE_HZ)
        self._sound.heard(start, mulaw)
        self._parts.mouth.line_came_to(self._samples)
        for signal in self._parts.ear.hear(mulaw, start, missing):
            self._feed(signal)

    def _let_results_in(self) -> None:
        while self._inbox:
            result = self._inbox.popleft()
            match result:
                case ChunkReady():
                    self._chunk_ready(result)
                case CallFact(name, data):
                    self._parts.call_log.session_fact(self.now_ms, name, **data)
                case EngineSwitched():
                    self._parts.call_log.engine_switched(self.now_ms, result)
                case AllHeard(request):
                    self._all_heard = self._all_heard or request == FLUSH_AT_CLOSE
                case RecognitionFailed(reason):
                    log.warning("recogniser failed", extra={"reason": reason})
                    self._all_heard = self._all_heard or self._is_closed
                    self._parts.ear.recover()
                case PartialHeard() | FinalHeard() | TurnHint() | TurnVoted():
                    self._parts.ear.understand(result)
            signal = signal_of(result, self.now_ms)
            if signal is not None:
                self._feed(signal)

    def _chunk_ready(self, ready: ChunkReady) -> None:
        duration_ms = self._parts.mouth.queue(ready, self._state.playback, self._samples)
        if duration_ms is not None:
            self._feed(PieceQueued(self.now_ms, ready.utterance, ready.piece, duration_ms, ready.is_last))

    def _timer_expired(self, name: str) -> None:
        if name == "farewell":
            self._hang_up_reason = "failed"
        else:
            self._feed(TimerExpired(self.now_ms, name))

    def _feed(self, signal: Signal) -> None:
        self._parts.call_log.signal(signal)
        self._state, actions = step(self._state, signal, self._parts.plan)
        for name, data in self._replies.saw(signal, actions):
            self._parts.call_log.session_fact(signal.at_ms, name, **data)
        for action in actions:
            self._parts.call_log.action(signal.at_ms, action)
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        if isinstance(action, SpeechAction):
            self._use_voice(action)
            return
        match action:
            case AskModel() if self._parts.thinker is not None:
                self._parts.thinker.ask(action)
            case ExpectTerms(terms):
                self._parts.ear.set_terms(terms)
            case Attend(kind):
                self._parts.ear.attend(kind)
            case Flush(request):
                self._parts.ear.stream.finish(request)
            case Judge(order, question_id, text):
                judgement = judge(self._parts.plan.bank.by_id(question_id), text)
                self._inbox.append(AnswerJudged(self.now_ms, order, judgement.score, judgement.missing))
            case StartTimer(name, due_ms):
                self._timers.start(name, due_ms)
            case StopTimer(name):
                self._timers.stop(name)
            case Fact("consent_given", data) if data["is_granted"]:
                self._sound.start(self.now_ms)

    def _use_voice(self, action: SpeechAction) -> None:
        if isinstance(action, HangUp):
            self._hang_up(action.reason)
        else:
            self._parts.mouth.carry_out(action, self._samples)

    def _hang_up(self, reason: str) -> None:
        if reason != "speech_failed":
            self._hang_up_reason = reason
            return
        farewell = self._parts.farewell
        self._parts.mouth.hush(self._samples)
        self._parts.mouth.put(farewell, [], self._samples)
        self._timers.start("farewell", self.now_ms + samples_to_ms(len(farewell)) + FAREWELL_GRACE_MS)

    def close(self, reason: str) -> None:
        """End the call: last words, state, recording, log. Does its work once."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._hear_last_words(LAST_WORDS_OF_BROKEN_LINE_S if reason == "line_lost" else LAST_WORDS_S)
            self._feed(LineClosed(self.now_ms, reason))
        finally:
            self._give_back(reason)

    def _hear_last_words(self, patience_s: float) -> None:
        if self._state.phase is Phase.LEFT:
            return
        self._parts.ear.stream.finish(FLUSH_AT_CLOSE)
        deadline_s = self._parts.clock() + patience_s
        self._let_results_in()
        while not self._all_heard and self._parts.clock() < deadline_s:
            self._parts.ear.wait_for_results()
            self._let_results_in()

    def _give_back(self, reason: str) -> None:
        parts, now_ms = self._parts, self.now_ms
        parts.mouth.close()
        parts.ear.close()
        if parts.thinker is not None:
            parts.thinker.close()
        try:
            self._line.close(1000, "")
        except LineGone:
            log.debug("the line was closed by the other side")
        try:
            self._sound.close(now_ms)
        finally:
            counters = (self._protocol.counters(), parts.mouth.counters(), self._lag.as_data())
            line_quality = parts.ear.watch.measured(now_ms, *counters)
            parts.outlet.close()
            parts.call_log.last_facts(now_ms, self._inbox)
            parts.call_log.session_fact(now_ms, "line_measured", line_quality=line_quality)
            parts.call_log.session_fact(now_ms, "call_ended", reason=reason)
            parts.call_log.close()
