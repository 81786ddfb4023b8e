"""Reads labelled turns: labels.tsv with file, question_kind, pauses, end_ms, text and, where known, words."""

import csv
import re
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.audio.endpoint_weights import KINDS
from engine.clock import SAMPLE_RATE_HZ
from engine.errors import VivavoceError

_COLUMNS: Final = {"file", "question_kind", "pauses", "end_ms", "text"}
_SPAN: Final = re.compile(r"(\d+)-(\d+)$")
_WORD: Final = re.compile(r"(.+)@(\d+)-(\d+)$")
_KIND_NAMES: Final = {
    "yesno": "yes_no", "polar": "yes_no", "boolean": "yes_no",
    "short_fact": "short", "fact": "short", "factual": "short", "short_answer": "short", "closed": "short",
    "think_hard": "think", "hard": "think", "thinking": "think", "design": "think", "algorithm": "think",
}  # fmt: skip


class CannotRun(VivavoceError):
    """The data or the engine is missing; the message says which."""


@dataclass(frozen=True, slots=True)
class LabelledTurn:
    path: Path
    kind: str
    pauses: tuple[tuple[int, int], ...]
    end_ms: int
    text: str
    words: tuple[tuple[str, int, int], ...]
    """Text, start and end in ms; empty where they are not known."""

    def pcm(self) -> bytes:
        """The audio, 8 kHz, 16 bit, mono. Raises CannotRun."""
        try:
            with wave.open(str(self.path)) as file:
                if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, SAMPLE_RATE_HZ):
                    raise CannotRun(f"{self.path} is not 8 kHz, mono, 16-bit.")
                return file.readframes(file.getnframes())
        except (OSError, wave.Error, EOFError) as error:
            raise CannotRun(f"{self.path} cannot be read: {error}") from error


def read_turns(folder: Path) -> list[LabelledTurn]:
    """The turns of a data folder. Raises CannotRun."""
    listing = folder / "labels.tsv"
    if not listing.is_file():
        raise CannotRun(f"{listing} does not exist. Name a folder with labels.tsv and WAV files in DATA.")
    with listing.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows or not rows[0].keys() >= _COLUMNS:
        raise CannotRun(f"{listing} needs a header row with {', '.join(sorted(_COLUMNS))}, and rows below it.")
    return [_turn(folder, row, f"{listing}, row {number}") for number, row in enumerate(rows, start=2)]


def _turn(folder: Path, row: dict[str, str], where: str) -> LabelledTurn:
    try:
        end_ms = round(float(row["end_ms"]))
    except ValueError:
        raise CannotRun(f"{where}: end_ms is {row['end_ms']!r}, not a number of milliseconds.") from None
    pauses = []
    for span in filter(None, (part.strip() for part in (row["pauses"] or "").split(","))):
        match = _SPAN.match(span)
        if match is None:
            raise CannotRun(f"{where}: {span!r} is no pause of the form start-end, in milliseconds.")
        pauses.append((int(match[1]), int(match[2])))
    words = []
    for item in (row.get("words") or "").split():
        match = _WORD.match(item)
        if match is None:
            raise CannotRun(f"{where}: {item!r} is no word of the form text@start-end, in milliseconds.")
        words.append((match[1], int(match[2]), int(match[3])))
    kind = kind_of(row["question_kind"])
    return LabelledTurn(folder / row["file"], kind, tuple(pauses), end_ms, row["text"] or "", tuple(words))


def kind_of(name: str) -> str:
    """One of the shapes of a question that the policy knows; what is not recognised counts as open."""
    plain = re.sub(r"[^a-z]+", "_", name.lower()).strip("_")
    kind = _KIND_NAMES.get(plain, plain)
    return kind if kind in KINDS else "open"
