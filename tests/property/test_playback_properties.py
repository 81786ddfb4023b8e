"""Playback bookkeeping holds for any order of marks, clears and pieces."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.dialogue import playback as played
from engine.dialogue.playback import Playback, mark_names

TEXTS = ("Hello there.", "This is the second sentence of it.", "And a third.")
DURATIONS_MS = (900, 2300, 1)

MARKS = [
    name
    for piece, duration_ms in enumerate(DURATIONS_MS)
    for _, name in mark_names((1, piece), (0, duration_ms), "ask:x", is_last=piece == len(TEXTS) - 1)
]

happenings = st.lists(
    st.one_of(
        st.tuples(st.just("queue"), st.integers(0, 3)),
        st.tuples(st.just("chunk"), st.integers(0, 3)),
        st.tuples(st.just("end of chunks"), st.integers(0, 3)),
        st.tuples(st.just("mark"), st.sampled_from([*MARKS, "2.0.0/ask:x", "nonsense", "1.9.0/x", "1..0/x", ""])),
        st.tuples(st.just("cut"), st.just(0)),
        st.tuples(st.just("open"), st.integers(2, 4)),
    ),
    max_size=40,
)


def run(events: list[tuple[str, int | str]]) -> list[Playback]:
    state = played.open_utterance(Playback(), 1, TEXTS, "ask:x")
    states = [state]
    for at_ms, (kind, value) in enumerate(events):
        match kind:
            case "queue":
                piece = int(value)
                duration_ms = DURATIONS_MS[piece] if piece < len(DURATIONS_MS) else 10
                state = played.queue_piece(state, 1, piece, duration_ms, at_ms * 100)
            case "chunk" | "end of chunks":
                state = played.queue_piece(state, 1, int(value), 170, at_ms * 100, is_last=kind != "chunk")
            case "mark":
                state = played.mark_returned(state, str(value), at_ms * 100)
            case "cut":
                state = played.cut(state, at_ms * 100)
            case "open":
                if int(value) > state.number:
                    state = played.open_utterance(state, int(value), TEXTS, "probe:x")
        states.append(state)
    return states


@given(happenings)
def test_never_more_is_heard_than_was_queued(events):
    for state in run(events):
        assert all(0 <= piece.heard_ms <= piece.duration_ms for piece in state.pieces)
        assert " ".join(piece.text for piece in state.pieces).startswith(played.heard_text(state)[:5])
        assert 0.0 <= played.heard_share(state) <= 1.01


@given(happenings)
def test_what_was_heard_never_shrinks_within_an_utterance(events):
    states = run(events)
    for before, after in pairwise(states):
        if before.number == after.number:
            for index, piece in enumerate(before.pieces):
                assert after.pieces[index].heard_ms >= piece.heard_ms
            if before.pieces == before.whole_pieces:
                assert len(played.heard_text(after)) >= len(played.heard_text(before))


@given(happenings)
def test_a_closed_utterance_never_changes_again(events):
    states = run(events)
    for before, after in pairwise(states):
        if before.is_closed and before.number == after.number:
            assert after == before


@given(st.integers(1, 60_000), st.booleans())
def test_marks_are_close_together_in_order_and_end_with_the_piece(duration_ms, is_last):
    marks = mark_names((3, 0), (0, duration_ms), "closing", is_last=is_last)
    offsets = [offset for offset, _ in marks]
    assert offsets == sorted(set(offsets))
    assert offsets[-1] == duration_ms
    assert all(after - before <= played.MARK_EVERY_MS for before, after in zip([0, *offsets], offsets, strict=False))
    assert [name.endswith("/end") for _, name in marks] == [False] * (len(marks) - 1) + [is_last]


@given(st.lists(st.integers(0, 900), min_size=1, max_size=12), st.booleans())
def test_marks_of_chunks_stand_where_those_of_the_whole_piece_would(chunks_ms, is_last):
    whole = mark_names((3, 1), (0, sum(chunks_ms)), "ask:x", is_last=is_last)
    marks, position = [], 0
    for number, chunk_ms in enumerate(chunks_ms):
        is_whole = number == len(chunks_ms) - 1
        span = (position, position + chunk_ms)
        found = mark_names((3, 1), span, "ask:x", is_whole=is_whole, is_last=is_last and is_whole)
        assert all(span[0] <= offset <= span[1] for offset, _ in found)
        marks += found
        position += chunk_ms
    assert len({name for _, name in marks}) == len(marks)
    assert [offset for offset, _ in whole] == list(dict.fromkeys(offset for offset, _ in marks))
    assert marks[-1][0] == sum(chunks_ms)
    assert [name.endswith("/end") for _, name in marks] == [False] * (len(marks) - 1) + [is_last]
    assert all(
        min((int(name.split(".")[2].partition("/")[0]) + 1) * played.MARK_EVERY_MS, sum(chunks_ms)) == offset
        for offset, name in marks
    ), "a mark's number tells its place"


WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
MS_PER_LETTER = 80


def truly_heard(text: str, letters: float) -> int:
    words = text.split()
    return sum(1 for index in range(len(words)) if len(" ".join(words[: index + 1])) <= letters)


@given(st.lists(st.tuples(st.integers(60, 700), st.integers(0, 1200)), min_size=1, max_size=20), st.integers(0, 12000))
def test_a_cut_among_chunks_keeps_the_words_heard_to_within_one_even_where_the_line_ran_dry(chunks, cut_ms):
    """The same voice spoke before, so its pace is known; chunks come with any pauses between them."""
    state = played.open_utterance(Playback(), 1, ("Hello there, this is before.",), "consent")
    before_ms = len(state.texts[0]) * MS_PER_LETTER
    state = played.queue_piece(state, 1, 0, before_ms, -before_ms)
    state = played.mark_returned(state, mark_names((1, 0), (0, before_ms), "consent", is_last=True)[-1][1], 0)
    assert state.is_closed
    state = played.open_utterance(state, 2, (WORDS,), "ask:x")
    left_ms, now_ms, plays_from, marks = len(WORDS) * MS_PER_LETTER, 0, 0, []
    begin_ms, heard_ms = 0, 0
    for made_ms, pause_ms in chunks:
        now_ms += pause_ms
        if now_ms > cut_ms or not left_ms:
            break
        length_ms = min(made_ms, left_ms)
        left_ms -= length_ms
        for at_ms, name in [mark for mark in marks if mark[0] <= now_ms]:
            state = played.mark_returned(state, name, at_ms)
        marks = [mark for mark in marks if mark[0] > now_ms]
        state = played.queue_piece(state, 2, 0, length_ms, now_ms, is_last=not left_ms)
        plays_from = max(now_ms, plays_from)
        span = (begin_ms, begin_ms + length_ms)
        named = mark_names((2, 0), span, "ask:x", is_whole=not left_ms, is_last=not left_ms)
        marks += [(plays_from + offset - begin_ms, name) for offset, name in named]
        heard_ms += max(0, min(length_ms, cut_ms - plays_from))
        begin_ms += length_ms
        plays_from += length_ms
    for at_ms, name in marks:
        if at_ms <= cut_ms:
            state = played.mark_returned(state, name, at_ms)
    state = played.cut(state, cut_ms)
    truly = truly_heard(WORDS, heard_ms / MS_PER_LETTER)
    assert abs(len(played.heard_text(state).split()) - truly) <= 1


@given(st.integers(0, 8000))
def test_a_cut_keeps_the_words_heard_to_within_one(heard_ms):
    """Marks every 400 ms and the time since the last one place the cut within a word of the truth."""
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    duration_ms = 8000
    state = played.open_utterance(Playback(), 1, (text,), "ask:x")
    state = played.queue_piece(state, 1, 0, duration_ms, 0)
    for offset_ms, name in mark_names((1, 0), (0, duration_ms), "ask:x", is_last=True):
        if offset_ms <= heard_ms:
            state = played.mark_returned(state, name, offset_ms)
    state = played.cut(state, heard_ms)
    heard_letters = len(text) * heard_ms / duration_ms
    truly = sum(1 for index, _ in enumerate(text.split()) if len(" ".join(text.split()[: index + 1])) <= heard_letters)
    assert abs(len(played.heard_text(state).split()) - truly) <= 1


def test_while_the_line_was_dry_nothing_was_heard():
    state = played.open_utterance(Playback(), 1, (WORDS,), "ask:x")
    state = played.queue_piece(state, 1, 0, 600, 0, is_last=False)
    state = played.mark_returned(state, "1.0.0/ask:x", 400)
    state = played.queue_piece(state, 1, 0, 600, 2000, is_last=False)
    assert played.cut(state, 1900 + 200).pieces[0].heard_ms == 700
