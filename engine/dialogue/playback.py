"""What the caller has truly heard of what we sent.

Bytes sent are not words heard: audio waits in the line's queue, and a `clear` throws it away. Marks tell the truth.
One is placed after every MARK_EVERY_MS of a piece and one at its end; the line returns a mark when everything before
it was played, but also, at once, when it was cleared (Twilio Media Streams, "mark" and "clear"). So a cut utterance
is closed at the moment of the cut, and marks of it that come back later say nothing.
"""

from dataclasses import dataclass, replace

MARK_EVERY_MS = 400
LEAD_MS = 300
"""Audio is given to the line so long before it is due: so much of it is still heard when no more is sent."""
_USUAL_MS_PER_LETTER = 65.0
"""Of speech at a normal pace; used until the first sentence of the call tells how fast this voice is."""
END_SUFFIX = "/end"
BRIDGE = "bridge"
NOD = "nod"
_AS_GOOD_AS_HEARD = 0.9
"""A sentence of which so much was heard is not said again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of an utterance: its audio, which comes in chunks, and how much of it was certainly heard."""

    text: str
    duration_ms: int
    """Of the audio queued so far; the length of the sentence once it is whole."""
    heard_ms: int = 0
    is_whole: bool = True
    """Its last audio was queued."""


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
    is_open: bool = False
    """Further sentences may follow those known so far."""
    held_ms: int | None = None
    """Since when no more of it is sent; None while it flows."""
    spoken_ms: int = 0
    """Length of all whole sentences of the call, which have `spoken_letters` letters: the pace of the voice."""
    spoken_letters: int = 0

    @property
    def is_passing(self) -> bool:
        """A short word that takes the floor from nobody is on the line, or about to be."""
        return self.label in (BRIDGE, NOD) and not self.is_closed

    @property
    def is_whole(self) -> bool:
        """Everything to be said in this utterance has been queued."""
        return not self.is_open and len(self.whole_pieces) == len(self.texts)

    @property
    def whole_pieces(self) -> tuple[Piece, ...]:
        """The sentences that were queued to their end: all, or all but the last."""
        return self.pieces if not self.pieces or self.pieces[-1].is_whole else self.pieces[:-1]

    @property
    def ms_per_letter(self) -> float:
        return self.spoken_ms / self.spoken_letters if self.spoken_letters else _USUAL_MS_PER_LETTER


def open_utterance(
    playback: Playback, number: int, texts: tuple[str, ...], label: str, *, is_open: bool = False
) -> Playback:
    """Begin a new utterance; whatever was not heard of the last one no longer counts."""
    return Playback(
        number=number,
        label=label,
        texts=texts,
        is_closed=False,
        tail_ms=playback.tail_ms,
        is_open=is_open,
        spoken_ms=playback.spoken_ms,
        spoken_letters=playback.spoken_letters,
    )


def lengthen(playback: Playback, texts: tuple[str, ...], *, is_open: bool) -> Playback:
    """Further sentences for an utterance that is open still; is_open: whether even more may follow."""
    return replace(playback, texts=(*playback.texts, *texts), is_open=is_open)


def queue_piece(
    playback: Playback, utterance: int, piece: int, duration_ms: int, at_ms: int, *, is_last: bool = True
) -> Playback:
    """A chunk of a piece's audio went to the line; is_last: the piece is whole now.

    Chunks of an older utterance, or out of order, change nothing. Between two chunks the line may have run dry.
    """
    if utterance != playback.number or playback.is_closed or piece >= len(playback.texts):
        return playback
    done = playback.whole_pieces
    if piece != len(done):
        return playback
    before = playback.pieces[piece] if piece < len(playback.pieces) else Piece(playback.texts[piece], 0)
    grown = replace(before, duration_ms=before.duration_ms + duration_ms, is_whole=is_last)
    start_ms = max(at_ms, playback.tail_ms)
    return replace(
        playback,
        pieces=(*done, grown),
        began_ms=start_ms if playback.began_ms is None else playback.began_ms,
        tail_ms=start_ms + duration_ms,
        last_heard_at_ms=start_ms if playback.began_ms is None else playback.last_heard_at_ms,
        spoken_ms=playback.spoken_ms + (grown.duration_ms if is_last else 0),
        spoken_letters=playback.spoken_letters + (len(grown.text) if is_last else 0),
    )


def mark_names(
    place: tuple[int, int],
    span: tuple[int, int],
    label: str,
    *,
    is_whole: bool = True,
    is_last: bool = False,
) -> list[tuple[int, str]]:
    """Where the marks of a chunk belong: (milliseconds into its piece, name), in order.

    place: utterance and piece. span: where in the piece the chunk begins and ends, in milliseconds. is_whole: the
    piece ends here, and has a mark at its end. is_last: the utterance ends here too.
    """
    utterance, piece = place
    begin_ms, end_ms = span
    first = begin_ms // MARK_EVERY_MS
    after = -(-end_ms // MARK_EVERY_MS) - 1 if is_whole else end_ms // MARK_EVERY_MS
    marks = [(index + 1) * MARK_EVERY_MS for index in range(first, after)]
    if is_whole:
        marks.append(end_ms)
    names = [f"{utterance}.{piece}.{first + index}/{label}" for index in range(len(marks))]
    if is_last:
        names[-1] += END_SUFFIX
    return list(zip(marks, names, strict=True))


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
    """Playback stops now. Between the last mark and now the line went on playing, so that much was heard too.

    But no more than was there to play: while the next chunk was waited for, the line was silent.
    """
    if playback.is_closed:
        return playback
    played_ms = at_ms if playback.held_ms is None else min(at_ms, playback.held_ms + LEAD_MS)
    since_mark_ms = max(0, played_ms - playback.last_heard_at_ms) if playback.began_ms is not None else 0
    unheard_ms = sum(piece.duration_ms - piece.heard_ms for piece in playback.pieces)
    waiting_ms = max(0, playback.tail_ms - played_ms)
    extra_ms = max(0, min(since_mark_ms, unheard_ms - waiting_ms))
    pieces = []
    for piece in playback.pieces:
        more_ms = min(extra_ms, piece.duration_ms - piece.heard_ms, MARK_EVERY_MS)
        pieces.append(replace(piece, heard_ms=piece.heard_ms + more_ms))
        extra_ms -= more_ms
    return replace(
        playback, pieces=tuple(pieces), is_closed=True, held_ms=None, tail_ms=min(played_ms, playback.tail_ms)
    )


def hold(playback: Playback, at_ms: int) -> Playback:
    """No more is sent from now on; what the line has already is heard still."""
    return replace(playback, held_ms=at_ms)


def resume(playback: Playback, at_ms: int) -> Playback:
    """What was held back flows again: it is heard later by as long as the line ran dry."""
    if playback.held_ms is None:
        return playback
    unsent_ms = max(0, playback.tail_ms - playback.held_ms - LEAD_MS)
    return replace(playback, held_ms=None, tail_ms=max(playback.tail_ms, at_ms + unsent_ms))


def unheard_texts(playback: Playback) -> tuple[str, ...]:
    """What is left to say after a cut: from the sentence on that was broken off, if much of that was left."""
    for position, piece in enumerate(playback.pieces):
        if not piece.is_whole or piece.heard_ms < piece.duration_ms * _AS_GOOD_AS_HEARD:
            return playback.texts[position:]
    return playback.texts[len(playback.pieces) :]


def close(playback: Playback) -> Playback:
    """Playback is over although its last mark never came back: the audio had time enough to be played."""
    pieces = tuple(replace(piece, heard_ms=piece.duration_ms) for piece in playback.pieces)
    return replace(playback, pieces=pieces, is_closed=True, held_ms=None)


def heard_text(playback: Playback) -> str:
    """The words that were heard; the words of a piece are taken to last as long as they have letters.

    The length of a piece that was cut before its last chunk came is told by the pace of the call's earlier sentences.
    """
    return " ".join(filter(None, (_heard_words(piece, playback.ms_per_letter) for piece in playback.pieces)))


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


def _heard_words(piece: Piece, ms_per_letter: float) -> str:
    if piece.is_whole and piece.heard_ms >= piece.duration_ms:
        return piece.text
    words = piece.text.split()
    length_ms: float = piece.duration_ms
    if not piece.is_whole:
        length_ms = max(length_ms, len(piece.text) * ms_per_letter, 1.0)  # its end has not come yet: by the pace so far
    letters_heard = len(piece.text) * piece.heard_ms / length_ms
    kept, position = [], 0
    for word in words:
        position += len(word)
        if position > letters_heard:
            break
        kept.append(word)
        position += 1
    return " ".join(kept)


def utterance_of(name: str) -> int | None:
    """The utterance that a mark of this name belongs to; None for a name that is not ours."""
    place = _place(name)
    return None if place is None else place[0]


def _place(name: str) -> tuple[int, int, int] | None:
    numbers = name.partition("/")[0].split(".")
    if len(numbers) != 3 or not all(number.isascii() and number.isdigit() for number in numbers):
        return None
    utterance, piece, index = (int(number) for number in numbers)
    return utterance, piece, index
