"""What the caller has truly heard of what we sent.

Bytes sent are not words heard: audio waits in the line's queue, and a `clear` throws it away. Marks tell the truth.
One is placed after every MARK_EVERY_MS of a piece and one at its end; the line returns a mark when everything before
it was played, but also, at once, when it was cleared (Twilio Media Streams, "mark" and "clear"). So a cut utterance
is closed at the moment of the cut, and marks of it that come back later say nothing.
"""

from dataclasses import dataclass, replace

MARK_EVERY_MS = 400
END_SUFFIX = "/end"


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of an utterance, with the length of its audio and how much of it was certainly heard."""

    text: str
    duration_ms: int
    heard_ms: int = 0


@dataclass(frozen=True, slots=True)
class Playback:
    """The utterance now on the line; `number` 0 means that nothing was said yet."""

    number: int = 0
    label: str = ""
    texts: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    is_closed: bool = True
    began_ms: int | None = None
    tail_ms: int = 0
    """When the audio queued so far will have been played, on the audio clock."""
    last_heard_at_ms: int = 0

    @property
    def is_whole(self) -> bool:
        """All pieces have been queued."""
        return len(self.pieces) == len(self.texts)


def open_utterance(playback: Playback, number: int, texts: tuple[str, ...], label: str) -> Playback:
    """Begin a new utterance; whatever was not heard of the last one no longer counts."""
    return Playback(number=number, label=label, texts=texts, is_closed=False, tail_ms=playback.tail_ms)


def queue_piece(playback: Playback, utterance: int, piece: int, duration_ms: int, at_ms: int) -> Playback:
    """A piece's audio went to the line. Pieces of an older utterance, or out of order, change nothing."""
    if utterance != playback.number or playback.is_closed or piece != len(playback.pieces):
        return playback
    start_ms = max(at_ms, playback.tail_ms)
    return replace(
        playback,
        pieces=(*playback.pieces, Piece(playback.texts[piece], duration_ms)),
        began_ms=start_ms if playback.began_ms is None else playback.began_ms,
        tail_ms=start_ms + duration_ms,
        last_heard_at_ms=start_ms if playback.began_ms is None else playback.last_heard_at_ms,
    )


def mark_names(utterance: int, piece: int, duration_ms: int, label: str, *, is_last: bool) -> list[tuple[int, str]]:
    """Where the marks of a piece belong: (milliseconds into the piece, name), in order; the last is at its end."""
    offsets = [*range(MARK_EVERY_MS, duration_ms, MARK_EVERY_MS), duration_ms]
    names = [f"{utterance}.{piece}.{index}/{label}" for index in range(len(offsets))]
    if is_last:
        names[-1] += END_SUFFIX
    return list(zip(offsets, names, strict=True))


def mark_returned(playback: Playback, name: str, at_ms: int) -> Playback:
    """The line played everything before this mark. Unknown names and marks of a closed utterance change nothing."""
    place = _place(name)
    if place is None or playback.is_closed:
        return playback
    utterance, piece, index = place
    if utterance != playback.number or piece >= len(playback.pieces):
        return playback
    duration_ms = playback.pieces[piece].duration_ms
    heard_ms = min((index + 1) * MARK_EVERY_MS, duration_ms)
    pieces = tuple(_heard(each, position, piece, heard_ms) for position, each in enumerate(playback.pieces))
    is_end = name.endswith(END_SUFFIX) and playback.is_whole and piece == len(playback.pieces) - 1
    return replace(playback, pieces=pieces, last_heard_at_ms=max(at_ms, playback.last_heard_at_ms), is_closed=is_end)


def cut(playback: Playback, at_ms: int) -> Playback:
    """Playback stops now. Between the last mark and now the line went on playing, so that much was heard too."""
    if playback.is_closed:
        return playback
    extra_ms = max(0, at_ms - playback.last_heard_at_ms) if playback.began_ms is not None else 0
    pieces = []
    for piece in playback.pieces:
        more_ms = min(extra_ms, piece.duration_ms - piece.heard_ms, MARK_EVERY_MS)
        pieces.append(replace(piece, heard_ms=piece.heard_ms + more_ms))
        extra_ms -= more_ms
    return replace(playback, pieces=tuple(pieces), is_closed=True, tail_ms=min(at_ms, playback.tail_ms))


def close(playback: Playback) -> Playback:
    """Playback is over although its last mark never came back: the audio had time enough to be played."""
    pieces = tuple(replace(piece, heard_ms=piece.duration_ms) for piece in playback.pieces)
    return replace(playback, pieces=pieces, is_closed=True)


def heard_text(playback: Playback) -> str:
    """The words that were heard; the words of a piece are taken to last as long as they have letters."""
    return " ".join(filter(None, (_heard_words(piece) for piece in playback.pieces)))


def heard_share(playback: Playback) -> float:
    """How much of the utterance was heard, 0 to 1, by letters."""
    letters = sum(len(text) for text in playback.texts)
    return len(heard_text(playback)) / letters if letters else 1.0


def _heard(piece: Piece, position: int, marked: int, heard_ms: int) -> Piece:
    if position < marked:
        return replace(piece, heard_ms=piece.duration_ms)
    if position == marked:
        return replace(piece, heard_ms=max(heard_ms, piece.heard_ms))
    return piece


def _heard_words(piece: Piece) -> str:
    if piece.heard_ms >= piece.duration_ms:
        return piece.text
    words = piece.text.split()
    letters_heard = len(piece.text) * piece.heard_ms / piece.duration_ms
    kept, position = [], 0
    for word in words:
        position += len(word)
        if position > letters_heard:
            break
        kept.append(word)
        position += 1
    return " ".join(kept)


def _place(name: str) -> tuple[int, int, int] | None:
    numbers = name.partition("/")[0].split(".")
    if len(numbers) != 3 or not all(number.isascii() and number.isdigit() for number in numbers):
        return None
    utterance, piece, index = (int(number) for number in numbers)
    return utterance, piece, index
