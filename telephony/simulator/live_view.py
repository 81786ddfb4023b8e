"""A call as it happens, for a terminal: who speaks, the words as they come, and how far the interview is."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

_BAR_CELLS = 20
_NAMES = {"agent": "interviewer", "candidate": "candidate"}
_DOES = {"speech_to_text": "listening", "text_to_speech": "speaking"}
_WORDS_FOR_FLOOR = {
    "agent": "speaking",
    "candidate": "listening",
    "open": "waiting",
    "contested": "being interrupted",
}


@dataclass
class LiveView:
    """Prints lasting lines for what is final, and on a terminal one status line that keeps changing below them."""

    out: TextIO
    is_terminal: bool
    order: int = 0
    total: int = 0
    state: str = "ringing"
    partial: str = ""
    at_ms: int = 0
    answers: list[int] = field(default_factory=list)

    def show(self, at_ms: int, kind: str, name: str, data: Mapping[str, Any]) -> None:
        """One event of the call's log."""
        self.at_ms = max(self.at_ms, at_ms)
        if kind == "signal" and name == "PartialReceived":
            self.partial = str(data["text"])
        elif (kind, name) == ("fact", "engine_switched"):
            self._line(f"-- {_DOES.get(str(data['port']), 'works')} with {data['to']} now: {data['reason']}")
        elif kind == "fact":
            self._fact(name, data)
        self._status()

    def note(self, text: str) -> None:
        """A remark between the lines of the call."""
        self._line(text)

    def finish(self) -> None:
        """The call is over: leave the status line behind."""
        if self.is_terminal:
            self.out.write("\r\x1b[2K")
            self.out.flush()

    def _fact(self, name: str, data: Mapping[str, Any]) -> None:
        match name:
            case "turn_ended":
                self._turn(data)
            case "floor_changed":
                self.state = _WORDS_FOR_FLOOR.get(str(data["floor"]), str(data["floor"]))
            case "question_asked":
                self.order, self.total = int(data["order"]), int(data["total"])
                self._line(f"-- question {self.order} of {self.total}: {data['topic']}, {data['difficulty']}")
            case "follow_up_asked":
                self._line(f"-- follow-up to question {data['order']} (words: {data.get('source', 'bank')})")
            case "question_reworded":
                self._line(f"-- question {data['order']} in other words (words: {data['source']})")
            case "intent_understood":
                self._line(f"-- understood by the model as: {data['intent']}")
            case "consent_given":
                self._line(f"-- recording {'agreed' if data['is_granted'] else 'refused'}")
            case "interview_ended":
                self._line(f"-- interview ended: {str(data['reason']).replace('_', ' ')}")
            case "call_ended":
                self.state = "ended"

    def _turn(self, data: Mapping[str, Any]) -> None:
        self.partial = ""
        gap = f"  (after {data['gap_ms'] / 1000:.1f} s)" if data.get("gap_ms") is not None else ""
        cut = "  [interrupted]" if data.get("is_interrupted") else ""
        who = _NAMES.get(str(data["who"]), str(data["who"]))
        self._line(f"{clock(int(data['start_ms']))}  {who:>11}: {data['text']}{cut}{gap}")

    def _line(self, text: str) -> None:
        if self.is_terminal:
            self.out.write("\r\x1b[2K")
        self.out.write(text + "\n")
        self.out.flush()

    def _status(self) -> None:
        if not self.is_terminal:
            return
        filled = _BAR_CELLS * self.order // self.total if self.total else 0
        bar = "#" * filled + "." * (_BAR_CELLS - filled)
        place = f"question {self.order} of {self.total}" if self.total else "opening"
        text = f"[{bar}] {place} | {self.state} | {clock(self.at_ms)}"
        if self.partial:
            text += f" | {self.partial}"
        width = shutil.get_terminal_size().columns - 1
        self.out.write("\r\x1b[2K" + text[:width])
        self.out.flush()


def clock(at_ms: int) -> str:
    """Minutes and seconds."""
    return f"{at_ms // 60_000:02d}:{at_ms // 1000 % 60:02d}"
