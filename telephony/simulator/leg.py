"""A caller on a line: both together, advanced frame by frame by whoever carries the messages."""

from engine.clock import FRAME_SAMPLES, samples_to_ms
from telephony.simulator.caller import ScriptedCaller
from telephony.simulator.faults import FaultyPath
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.line import SimulatedLine


class SimulatedLeg:
    """One media stream with its caller. Every method gives the messages that the server is to receive now."""

    def __init__(self, line: SimulatedLine, caller: ScriptedCaller, path: FaultyPath) -> None:
        self.line = line
        self.caller = caller
        self._path = path
        self._seen = 0
        self._was_speaking = False
        self.has_hung_up = False

    def open(self) -> list[str]:
        """Begin the stream."""
        return self.line.open()

    def take(self, text: str) -> list[str]:
        """Obey a message of the server."""
        return self._path.behind(self.line.take(text))

    def advance(self) -> list[str]:
        """Let 20 ms pass. After the caller hung up the last message was `stop`, and nothing follows."""
        if self.has_hung_up:
            return []
        does = self.caller.frame(self.line.at_ms, self._new_happenings())
        self._note_speech()
        messages = [message for digit in does.digits for message in self.line.press(digit)]
        messages += self.line.tick(self._path.sound(does.mulaw, self._echo()))
        messages = self._path.frame(messages)
        if does.hang_up_because is None:
            return messages
        return messages + self.hang_up(does.hang_up_because)

    def hang_up(self, why: str) -> list[str]:
        """The caller puts the phone down."""
        self.has_hung_up = True
        self.line.note(Kind.HUNG_UP, why)
        return [*self._path.rest(), *self.line.stop()]

    def _echo(self) -> bytes:
        """What the agent said so long ago that it comes back now."""
        delay = self._path.echo_samples
        begin = len(self.line.heard_agent) - (delay or 0)
        return bytes(self.line.heard_agent[begin : begin + FRAME_SAMPLES]) if delay is not None and begin >= 0 else b""

    def _new_happenings(self) -> list[Happening]:
        new = self.line.happenings[self._seen :]
        self._seen = len(self.line.happenings)
        return new

    def _note_speech(self) -> None:
        is_speaking = self.caller.is_speaking
        spoken = self.caller.spoken
        if spoken and samples_to_ms(spoken[-1].start) == self.line.at_ms:
            self.line.note(Kind.CALLER_BEGAN, spoken[-1].text)
        if self._was_speaking and not is_speaking:
            self.line.note(Kind.CALLER_ENDED)
        self._was_speaking = is_speaking
