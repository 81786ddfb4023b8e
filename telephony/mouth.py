"""The voice of a call on its way out: synthesis, the line's queue, and the agent's channel of the recording."""

from engine.audio.echo import EchoGuard
from engine.clock import samples_to_ms
from engine.dialogue.playback import Playback, mark_names
from engine.dialogue.signals import HoldPlayback, Prepare, ResumePlayback, Speak, SpeakMore, StopPlayback, TuneVoice
from engine.ports import Recorder
from telephony.speaker import ChunkReady, Speaker
from telephony.writer import LineWriter

_Said = Speak | SpeakMore | HoldPlayback | ResumePlayback | StopPlayback | TuneVoice | Prepare


class Mouth:
    """Puts sentences on the line, and takes them back. Positions are samples of the line's clock."""

    def __init__(self, speaker: Speaker, writer: LineWriter, echo: EchoGuard | None = None) -> None:
        """echo: is told what is played, and when."""
        self._speaker = speaker
        self._writer = writer
        self._tail = 0
        self._is_held = False
        self._recorder: Recorder | None = None
        self._echo = echo

    @property
    def first_sent_s(self) -> float | None:
        """When the first audio of the latest utterance, or the latest `clear`, went out; None while it did not."""
        return self._writer.first_sent_s

    def record_to(self, recorder: Recorder) -> None:
        """From now on what goes out is recorded."""
        self._recorder = recorder

    def line_came_to(self, position: int) -> None:
        self._writer.line_came_to(position)

    def carry_out(self, action: _Said, position: int) -> None:
        """What the core wants said, or said no more."""
        match action:
            case Speak(utterance, pieces):
                self._writer.expect()
                self.say(utterance, pieces)
            case SpeakMore(utterance, first, pieces):
                self.say(utterance, pieces, first)
            case HoldPlayback():
                self.hold()
            case ResumePlayback():
                self.resume()
            case StopPlayback(utterance):
                self.stop(utterance, position)
            case TuneVoice(speed, gain_db):
                self._speaker.tune(speed, gain_db)
            case Prepare(pieces):
                self.prepare(pieces)

    def say(self, utterance: int, pieces: tuple[str, ...], first: int = 0) -> None:
        """first: the number that the first of these pieces has in its utterance."""
        self._speaker.say(utterance, pieces, first)

    def prepare(self, texts: tuple[str, ...]) -> None:
        self._speaker.prepare(texts)

    def queue(self, ready: ChunkReady, playback: Playback, position: int) -> int | None:
        """The next audio of a piece: on the line with it, marks included. Returns its length in milliseconds.

        None when it belongs to an utterance that was cut meanwhile: it must not be heard.
        """
        if ready.utterance != playback.number or playback.is_closed:
            return None
        duration_ms = samples_to_ms(len(ready.mulaw))
        before_ms = playback.pieces[ready.piece].duration_ms if ready.piece < len(playback.pieces) else 0
        ends_utterance = ready.is_last and not playback.is_open and ready.piece == len(playback.texts) - 1
        marks = mark_names(
            (ready.utterance, ready.piece),
            (before_ms, before_ms + duration_ms),
            playback.label,
            is_whole=ready.is_last,
            is_last=ends_utterance,
        )
        self.put(ready.mulaw, [(at_ms - before_ms, name) for at_ms, name in marks], position)
        return duration_ms

    def put(self, mulaw: bytes, marks: list[tuple[int, str]], position: int) -> None:
        """Audio after everything that is queued already."""
        if not self._is_held:
            self._note(max(position, self._tail), mulaw)
        self._writer.add(mulaw, marks)

    def hold(self) -> None:
        """Somebody may be speaking over us: what is not on the line yet waits."""
        self._is_held = True
        self._drop_after(self._writer.hold())

    def resume(self) -> None:
        """Go on with what waits."""
        if self._is_held:
            self._is_held = False
            self._note(*self._writer.release())

    def _note(self, start: int, mulaw: bytes) -> None:
        """Where this audio will be heard."""
        self._tail = start + len(mulaw)
        for listener in (self._recorder, self._echo):
            if listener is not None and mulaw:
                listener.write_agent(start, mulaw)

    def _drop_after(self, position: int) -> None:
        """What was to be heard from here on is not."""
        for listener in (self._recorder, self._echo):
            if listener is not None:
                listener.drop_agent_after(position)

    def stop(self, utterance: int, position: int) -> None:
        """Nothing of this utterance, or of any before it, is heard from now on."""
        self._speaker.forget(utterance)
        self.hush(position)

    def hush(self, position: int) -> None:
        """Drop whatever waits to be played."""
        self._writer.clear()
        self._is_held = False
        self._tail = position
        self._drop_after(position)

    def counters(self) -> dict[str, int]:
        """What did not find room on its way out; empty in a call as it should be."""
        counted = {"audio_dropped_ms": self._writer.dropped_ms, "unprepared_sentences": self._speaker.unprepared}
        return {name: count for name, count in counted.items() if count}

    def close(self) -> None:
        self._speaker.close()
        self._writer.close()
