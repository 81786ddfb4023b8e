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
    for _, name in mark_names(1, piece, duration_ms, "ask:x", is_last=piece == len(TEXTS) - 1)
]

happenings = st.lists(
    st.one_of(
        st.tuples(st.just("queue"), st.integers(0, 3)),
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
            assert len(played.heard_text(after)) >= len(played.heard_text(before))


@given(happenings)
def test_a_closed_utterance_never_changes_again(events):
    states = run(events)
    for before, after in pairwise(states):
        if before.is_closed and before.number == after.number:
            assert after == before


@given(st.integers(1, 60_000), st.booleans())
def test_marks_are_close_together_in_order_and_end_with_the_piece(duration_ms, is_last):
    marks = mark_names(3, 0, duration_ms, "closing", is_last=is_last)
    offsets = [offset for offset, _ in marks]
    assert offsets == sorted(set(offsets))
    assert offsets[-1] == duration_ms
    assert all(after - before <= played.MARK_EVERY_MS for before, after in zip([0, *offsets], offsets, strict=False))
    assert [name.endswith("/end") for _, name in marks] == [False] * (len(marks) - 1) + [is_last]


@given(st.integers(0, 8000))
def test_a_cut_keeps_the_words_heard_to_within_one(heard_ms):
    """Marks every 400 ms and the time since the last one place the cut within a word of the truth."""
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    duration_ms = 8000
    state = played.open_utterance(Playback(), 1, (text,), "ask:x")
    state = played.queue_piece(state, 1, 0, duration_ms, 0)
    for offset_ms, name in mark_names(1, 0, duration_ms, "ask:x", is_last=True):
        if offset_ms <= heard_ms:
            state = played.mark_returned(state, name, offset_ms)
    state = played.cut(state, heard_ms)
    heard_letters = len(text) * heard_ms / duration_ms
    truly = sum(1 for index, _ in enumerate(text.split()) if len(" ".join(text.split()[: index + 1])) <= heard_letters)
    assert abs(len(played.heard_text(state).split()) - truly) <= 1
