"""The ear of a call: frames in, signals of speech and silence out; everything heard goes on to the recogniser."""

import time
from collections.abc import Callable, Sequence

from engine.audio import mulaw as codec
from engine.audio.echo import EchoGuard
from engine.audio.endpoint import EndOfTurn, EndpointPolicy, SeemsOver
from engine.audio.line_watch import LineWatch, Noticed
from engine.audio.normaliser import LevelNormaliser
from engine.audio.voice import Began, Confirmed, Ended, SpeechTracker, VoiceChange
from engine.clock import FRAME_MS, FRAME_SAMPLES, ms_to_samples, samples_to_ms
from engine.dialogue.signals import (
    LineHopeless,
    LineTroubled,
    Signal,
    SilenceHeld,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    TurnSeemsOver,
)
from engine.errors import UpstreamUnavailable
from engine.ports import (
    UNLIMITED,
    Account,
    FinalHeard,
    PartialHeard,
    RecognitionEvent,
    RecognitionFailed,
    RecognitionStream,
    SpeechToText,
    TurnHint,
    TurnVoted,
    VoiceDetector,
)
from engine.transcript import Transcript, joined
from telephony.call_account import CallFact
from telephony.turn_votes import TurnVotes

_SILENT_FRAME = codec.silence(FRAME_SAMPLES)
_SILENT_PCM = bytes(2 * FRAME_SAMPLES)
_RESULTS_PAUSE_S = 0.02
WAVER_MS = 60
"""So long without speech, within speech, and a pause may have begun: the words so far are asked for."""
_LEAST_BETWEEN_MS = 3000
"""A recogniser that breaks again within this time is not opened once more before its words are wanted."""


class Ear:
    """Voice detection, endpointing and the recogniser's feed of one call."""

    def __init__(
        self,
        detector: VoiceDetector,
        endpoint: EndpointPolicy,
        recogniser: SpeechToText,
        deliver: Callable[[RecognitionEvent | CallFact], None],
        pause: Callable[[float], None] = time.sleep,
        account: Account = UNLIMITED,
    ) -> None:
        self._detector = detector
        self._endpoint = endpoint
        self._tracker = SpeechTracker()
        self._recogniser = recogniser
        self._deliver = deliver
        self._pause = pause
        self._account = account
        self._votes: TurnVotes | None = None
        self.watch = LineWatch()
        self._level = LevelNormaliser()
        self._echo: EchoGuard | None = None
        self._rest = b""
        self._terms: tuple[str, ...] = ()
        self._now_ms = 0
        self._quiet_ms = 0
        self._recovered_ms = -_LEAST_BETWEEN_MS
        self._attends_since_ms = 0
        self._finals: list[Transcript] = []
        self.stream = self._opened()

    def ignore_echo(self, echo: EchoGuard) -> None:
        """Our own voice on its way back, as this guard knows it, is no speech of the candidate's."""
        self._echo = echo

    def count_votes(self, votes: TurnVotes | None) -> None:
        """An end-of-turn model is asked about silences; None: nobody is."""
        self._votes = votes

    def hear(self, mulaw: bytes, position: int, missing: int = 0) -> Sequence[Signal]:
        """Take the line's next audio; position is the sample clock before it. Any length; mostly one frame.

        missing: so many of the samples never came, and are silence.
        """
        self.watch.sound.lost(samples_to_ms(missing))
        start = position - len(self._rest)
        if self._rest:
            mulaw = self._rest + mulaw
        whole = len(mulaw) - len(mulaw) % FRAME_SAMPLES
        signals: list[Signal] = []
        for offset in range(0, whole, FRAME_SAMPLES):
            signals += self._frame(mulaw[offset : offset + FRAME_SAMPLES], samples_to_ms(start + offset))
        self._rest = mulaw[whole:]
        return signals

    def set_terms(self, terms: tuple[str, ...]) -> None:
        """Words to expect in the answer; kept for a recogniser that has to be replaced."""
        self._terms = terms
        self.stream.set_terms(terms)

    def attend(self, kind: str) -> None:
        """An answer to this kind of question is listened to from now on; the words before it are another turn's."""
        self._attends_since_ms = self._now_ms
        self._finals.clear()
        self._endpoint.attend(kind, self._now_ms)

    def understand(self, event: RecognitionEvent | TurnVoted) -> None:
        """Let the endpoint policy know what the recogniser made of the turn so far."""
        match event:
            case PartialHeard(text, covers_ms):
                self._read(text, covers_ms)
            case FinalHeard(transcript):
                if not transcript.words or transcript.words[-1].end_ms > self._attends_since_ms:
                    self._finals.append(transcript)
                    self._read("", transcript.end_ms)
            case TurnHint(hint, at_ms) if at_ms > self._attends_since_ms:
                self._endpoint.hint(hint, at_ms)
            case TurnVoted(share, ended_ms):
                self._endpoint.vote(share, ended_ms)

    def _read(self, latest: str, covers_ms: int | None) -> None:
        so_far = joined([*self._finals, Transcript(latest)])
        self._endpoint.read(so_far.text, self._now_ms, covers_ms)

    def recover(self) -> None:
        """The recogniser broke: go on with a fresh one, which hears what is said from now on."""
        self.stream.close()
        if self._now_ms - self._recovered_ms < _LEAST_BETWEEN_MS and not isinstance(self.stream, DeafStream):
            self.stream = DeafStream("The recogniser breaks again and again.", self._deliver)
            return
        self._recovered_ms = self._now_ms
        self.stream = self._opened()
        self.stream.set_terms(self._terms)
        if self._tracker.is_speaking:
            self.stream.speech_began(self._now_ms)

    def wait_for_results(self) -> None:
        """Let the recogniser work for a moment."""
        self._pause(_RESULTS_PAUSE_S)

    def close(self) -> None:
        self.stream.close()

    def _opened(self) -> RecognitionStream:
        try:
            return self._recogniser.open(self._deliver, self._account)
        except UpstreamUnavailable as error:
            return DeafStream(str(error), self._deliver)

    def _frame(self, frame: bytes, at_ms: int) -> list[Signal]:
        level = frame if not self._level.gain_db else self._level.louder(frame)
        pcm = codec.decode(level)
        is_speech = self._detector.is_speech(pcm)
        is_echo = self._echo is not None and self._echo.is_echo(frame, ms_to_samples(at_ms), is_speech=is_speech)
        is_speech = is_speech and not is_echo
        if self._votes is not None:
            self._votes.frame(_SILENT_PCM if is_echo else pcm)
        as_it_came = pcm if level is frame else codec.decode(frame)
        noticed = self.watch.frame(as_it_came, is_speech=is_speech, is_echo=is_echo)
        self.stream.send(_SILENT_FRAME if is_echo else level, at_ms)
        self._now_ms = now_ms = at_ms + FRAME_MS
        signals: list[Signal] = []
        for change in self._tracker.push(is_speech, at_ms):
            signals.append(self._changed(change, now_ms))
            if isinstance(change, Ended):
                noticed = self.watch.speech_over() or noticed
                self._level.settle(self.watch.sound.latest().loudness_dbfs)
        if noticed is not None:
            signals += self._told_of_line(noticed, now_ms)
        self._quiet_ms = 0 if is_speech else self._quiet_ms + FRAME_MS
        if self._quiet_ms == WAVER_MS and self._tracker.is_speaking:
            self.stream.speech_wavered(now_ms)
            if self._votes is not None:
                self._votes.ask(now_ms - WAVER_MS)
        end_of_turn = self._endpoint.push(pcm, at_ms, is_speech)
        match end_of_turn:
            case SeemsOver(ended_ms):
                signals.append(TurnSeemsOver(now_ms, ended_ms))
            case EndOfTurn(ended_ms):
                signals.append(SilenceHeld(now_ms, ended_ms))
        return signals

    def _told_of_line(self, noticed: Noticed, now_ms: int) -> Sequence[Signal]:
        """What the core is to know of it; those who watch are shown each change."""
        if noticed.state is not None:
            self._deliver(CallFact("line_changed", noticed.state.as_data()))
        signals: list[Signal] = [LineTroubled(now_ms, trouble.value) for trouble in noticed.troubles]
        return signals if noticed.hopeless is None else [*signals, LineHopeless(now_ms, noticed.hopeless.value)]

    def _changed(self, change: VoiceChange, now_ms: int) -> Signal:
        match change:
            case Began(began_ms):
                self.stream.speech_began(began_ms)
                return SpeechBegan(now_ms, began_ms)
            case Confirmed(began_ms):
                return SpeechConfirmed(now_ms, began_ms)
            case Ended(ended_ms):
                self.stream.speech_paused(ended_ms)
                return SpeechEnded(now_ms, ended_ms)


class DeafStream:
    """Stands in while no recogniser can be opened: says so whenever something was to be understood."""

    def __init__(self, reason: str, deliver: Callable[[RecognitionEvent], None]) -> None:
        self._reason = reason
        self._deliver = deliver

    def send(self, mulaw: bytes, at_ms: int) -> None:
        """Nobody listens."""

    def speech_began(self, at_ms: int) -> None:
        """Nobody listens."""

    def speech_paused(self, at_ms: int) -> None:
        """Nobody listens."""

    def speech_wavered(self, at_ms: int) -> None:
        """Nobody listens."""

    def set_terms(self, terms: Sequence[str]) -> None:
        """Nobody listens."""

    def finish(self, request: int) -> None:
        self._deliver(RecognitionFailed(self._reason))

    def close(self) -> None:
        """Nothing was opened."""
