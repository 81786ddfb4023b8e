"""A caller as a file: who calls, what is said to which question, how, and over what kind of line.

The format is described in docs/simulator.md. Reading checks everything; a fault is named with its line and key.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from telephony.simulator.scenario_table import ScenarioError, Table

AS_OFTEN_AS_NEEDED: Final = 0
WAIT_KEY: Final = "w"
_KEYS: Final = frozenset("0123456789*#ABCDw")


@dataclass(frozen=True, slots=True)
class ReplyPart:
    """One stretch of speech: the file to play, or else the text to be spoken."""

    text: str
    audio: Path | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller does when something was asked."""

    on: str
    """The label that it answers; `*` stands for anything."""
    parts: tuple[ReplyPart, ...] = ()
    pauses_ms: tuple[int, ...] = ()
    """Silence between parts: one fewer than there are parts."""
    after_ms: int = 600
    """From the end of the question to the first word."""
    digits: str = ""
    interrupt_after_ms: int | None = None
    """Speak over the agent, so long after its utterance began."""
    passing: bool = False
    """What is spoken over the agent is a cough or an "mm-hm": the question is answered all the same."""
    hang_up: bool = False
    times: int = 1
    """How often the rule is used; 0 means any number of times."""
    pitch: float = 1.0
    number: int = 0
    """Place in the file, from 1; the default reply has 0. Two rules alike in all else are still two."""

    @property
    def text(self) -> str:
        return " ".join(part.text for part in self.parts if part.text)


@dataclass(frozen=True, slots=True)
class LineFaults:
    """What the line does to the caller's sound and frames."""

    noise_dbfs: float | None = None
    babble_dbfs: float | None = None
    """Other people's voices under the caller's, as in a café."""
    echo_db: float | None = None
    """How much quieter the agent's own voice comes back, and how much later."""
    echo_ms: int = 250
    level_db: float = 0.0
    loss: float = 0.0
    """Share of frames that never arrive, 0 to 1."""
    jitter_ms: int = 0
    stall_every_ms: int = 0
    stall_ms: int = 0
    """Frames are held back so long and then arrive all at once."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything about the caller's side of one call."""

    caller: str
    dialled: str
    pins: tuple[str, ...]
    """Entered one after the other, each time a PIN is asked for."""
    replies: tuple[Reply, ...]
    default: Reply | None = None
    faults: LineFaults = field(default_factory=LineFaults)
    longest_call_ms: int = 1_800_000
    patience_ms: int = 30_000
    """Silence on both sides after which the caller hangs up."""
    person_answers: bool = False
    """Whether somebody takes the call when it is put through to a person."""


def load_scenario(path: Path) -> Scenario:
    """The scenario in a file; audio files are looked for beside it. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: the file cannot be read: {error}") from error
    try:
        return parse_scenario(text, path.parent)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from error


def parse_scenario(text: str, folder: Path) -> Scenario:
    """The scenario in a text; audio files are looked for in `folder`. Raises ScenarioError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"not valid TOML: {error}") from error
    return scenario_of(document, folder, text)


def scenario_of(document: dict[str, Any], folder: Path, text: str = "") -> Scenario:
    """The scenario in a document that was read already; text: where its lines are counted. Raises ScenarioError."""
    return _Reader(text, folder).scenario(document)


class _Reader:
    def __init__(self, text: str, folder: Path) -> None:
        self._lines = text.splitlines()
        self._folder = folder

    def scenario(self, document: dict[str, Any]) -> Scenario:
        top = self._table(document, "", 0)
        replies = tuple(self._reply(each, number) for number, each in enumerate(top.tables("reply"), start=1))
        default = self._default(top.table("default")) if top.has("default") else None
        faults = self._faults(top.table("line"))
        pins = tuple(top.texts("pin"))
        scenario = Scenario(
            caller=top.text("caller", "+15550101"),
            dialled=top.text("dialled", "+15550100"),
            pins=pins,
            replies=replies,
            default=default,
            faults=faults,
            longest_call_ms=top.whole("longest_call_s", 1800, 14_400) * 1000,
            patience_ms=top.whole("patience_ms", 30_000, 600_000),
            person_answers=top.flag("person_answers"),
        )
        top.finish()
        if not replies and default is None:
            raise ScenarioError("line 1: there is no [[reply]] and no [default]: the caller would never say a word")
        return scenario

    def _reply(self, values: dict[str, Any], number: int) -> Reply:
        table = self._table(values, "[[reply]]", number)
        return self._reply_from(table, table.text("on"), number)

    def _default(self, values: dict[str, Any]) -> Reply:
        table = self._table({"times": AS_OFTEN_AS_NEEDED, **values}, "[default]", 1)
        return self._reply_from(table, "*", 0)

    def _reply_from(self, table: Table, on: str, number: int) -> Reply:
        parts = self._parts(table)
        pauses_ms = table.wholes("pause_ms")
        digits = table.text("digits", "")
        interrupt = table.whole("interrupt_after_ms", 0, 600_000) if table.has("interrupt_after_ms") else None
        reply = Reply(
            on=on,
            parts=parts,
            pauses_ms=pauses_ms,
            after_ms=table.whole("after_ms", 600, 600_000),
            digits=digits,
            interrupt_after_ms=interrupt,
            passing=table.flag("passing"),
            hang_up=table.flag("hang_up"),
            times=table.whole("times", 1, 10_000),
            pitch=table.number("pitch", 1.0, 0.5, 2.0),
            number=number,
        )
        table.finish()
        if len(pauses_ms) != max(0, len(parts) - 1):
            raise table.fault("pause_ms", f"needs one pause between each two parts: {max(0, len(parts) - 1)} in all")
        if reply.passing and interrupt is None:
            raise table.fault("passing", "makes sense only with interrupt_after_ms")
        if not _KEYS.issuperset(digits):
            raise table.fault("digits", "may hold only 0-9, *, #, A-D, and w to wait")
        return reply

    def _parts(self, table: Table) -> tuple[ReplyPart, ...]:
        files, texts = table.texts("audio"), table.texts("text")
        if not files:
            return tuple(ReplyPart(text, None) for text in texts)
        paths = [self._folder / name for name in files]
        for path in paths:
            if not path.is_file():
                raise table.fault("audio", f"names {path.name}, and there is no such file in {path.parent}")
        if len(texts) not in (0, 1, len(files)):
            raise table.fault("text", f"must be one text, or one for each of the {len(files)} audio files")
        texts += [""] * (len(files) - len(texts))
        return tuple(ReplyPart(text, path) for text, path in zip(texts, paths, strict=True))

    def _faults(self, values: dict[str, Any]) -> LineFaults:
        table = self._table(values, "[line]", 1)
        faults = LineFaults(
            noise_dbfs=table.number_or_none("noise_dbfs", -90, -10),
            babble_dbfs=table.number_or_none("babble_dbfs", -90, -10),
            echo_db=table.number_or_none("echo_db", -60, 0),
            echo_ms=table.whole("echo_ms", 250, 600),
            level_db=table.number("level_db", 0.0, -40, 20),
            loss=table.number("loss", 0.0, 0, 0.9),
            jitter_ms=table.whole("jitter_ms", 0, 2000),
            stall_every_ms=table.whole("stall_every_ms", 0, 600_000),
            stall_ms=table.whole("stall_ms", 0, 60_000),
            seed=table.whole("seed", 1, 2**31),
        )
        table.finish()
        return faults

    def _table(self, values: dict[str, Any], header: str, number: int) -> Table:
        place = f"{header} number {number}: " if header == "[[reply]]" else f"{header} " if header else ""
        return Table(values, place, lambda key: self._line_of(header, number, key))

    def _line_of(self, header: str, number: int, key: str) -> int:
        """The line of a key in the n-th table of that header; of the table itself where it lacks the key."""
        first, seen = 1, 0
        for line_number, line in enumerate(self._lines, start=1):
            text = line.strip()
            if text.startswith("["):
                if header and seen == number:
                    return first
                if text.partition("#")[0].strip() == header:
                    first, seen = line_number, seen + 1
            elif seen == number and re.match(rf"{re.escape(key)}\s*=", text):
                return line_number
        return first
