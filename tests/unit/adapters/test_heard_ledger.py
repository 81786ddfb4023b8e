"""Each stretch of a stream is heard once, in order, and on the clock of the call."""

from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.heard_ledger import HeardLedger
from engine.adapters.wire_messages import WireHeard, WireWord
from engine.ports import FinalHeard, PartialHeard


def final(start_s: float, end_s: float, text: str, turn: int | None = None) -> WireHeard:
    words = text.split()
    step_s = (end_s - start_s) / max(1, len(words))
    placed = tuple(
        WireWord(word, start_s + index * step_s, start_s + (index + 1) * step_s, 0.9)
        for index, word in enumerate(words)
    )
    return WireHeard(text, placed, start_s, end_s, is_final=True, turn=turn)


def partial(start_s: float, end_s: float, text: str, turn: int | None = None) -> WireHeard:
    return WireHeard(text, (), start_s, end_s, turn=turn)


def ledger_of(sent_ms: int, *, from_ms: int = 0) -> HeardLedger:
    ledger = HeardLedger()
    ledger.clock.add(sent_ms * 8, from_ms + sent_ms)
    return ledger


def heard(ledger: HeardLedger, *messages: WireHeard) -> list[str]:
    return [
        event.transcript.text for message in messages for event in ledger.take(message) if isinstance(event, FinalHeard)
    ]


def test_a_final_that_comes_again_is_not_heard_again() -> None:
    ledger = ledger_of(3000)
    once = final(0, 1.5, "one two")
    assert heard(ledger, once, once, final(1.5, 3, "three"), once) == ["one two", "three"]


def test_a_turn_that_comes_again_is_not_heard_again_though_its_window_reaches_back() -> None:
    ledger = ledger_of(3000)
    assert heard(ledger, final(0, 1.5, "one", turn=0), final(1.2, 3, "two", turn=1), final(1.2, 3, "two", turn=1)) == [
        "one",
        "two",
    ]


def test_of_a_final_that_overlaps_only_the_new_words_are_heard() -> None:
    ledger = ledger_of(3000)
    assert heard(ledger, final(0, 1, "one two"), final(0, 2, "one two three four")) == ["one two", "three four"]


def test_text_that_is_not_final_is_shown_but_late_text_of_an_old_stretch_is_not() -> None:
    ledger = ledger_of(3000)
    assert list(ledger.take(partial(0, 1, "on"))) == [PartialHeard("on")]
    heard(ledger, final(0, 1.5, "one"))
    assert list(ledger.take(partial(0, 1, "on"))) == []


def test_text_without_final_is_missing_speech_until_the_final_comes() -> None:
    ledger = ledger_of(3000)
    list(ledger.take(partial(0, 1, "on")))
    assert ledger.is_missing_speech() and not ledger.is_settled(3.0)
    heard(ledger, final(0, 2.9, "one"))
    assert not ledger.is_missing_speech() and ledger.is_settled(3.0)


def test_voice_that_no_final_covers_is_missing_speech_unless_it_is_as_short_as_a_cough() -> None:
    ledger = ledger_of(10_000)
    ledger.voice(1000, is_speaking=True)
    ledger.voice(1200, is_speaking=False)
    assert not ledger.is_missing_speech()
    ledger.voice(3000, is_speaking=True)
    ledger.voice(3500, is_speaking=False)
    assert ledger.is_missing_speech()
    heard(ledger, final(0, 4, "yes"))
    assert not ledger.is_missing_speech()


def test_speech_that_goes_on_waits_since_the_stream_was_last_spoken_of() -> None:
    ledger = ledger_of(10_000)
    assert ledger.waits_ms() == 0
    ledger.voice(2000, is_speaking=True)
    assert ledger.waits_ms() == 8000
    list(ledger.take(partial(0, 7, "well")))
    assert ledger.waits_ms() == 3000
    ledger.voice(10_000, is_speaking=False)
    assert ledger.waits_ms() == 0


@given(
    st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=12),
    st.lists(st.integers(min_value=0, max_value=11), max_size=20),
    st.integers(min_value=0, max_value=600_000),
)
def test_whatever_is_repeated_every_word_is_heard_once_in_order_and_in_its_place(
    lengths: list[int], repeats: list[int], from_ms: int
) -> None:
    total_ms = sum(lengths) * 100
    ledger = ledger_of(total_ms, from_ms=from_ms)
    messages, start = [], 0
    for number, length in enumerate(lengths):
        messages.append(final(start / 10, (start + length) / 10, f"w{number}"))
        messages += [messages[index] for index in repeats if index <= number and index % 3 == number % 3]
        start += length
    found = [
        event.transcript for message in messages for event in ledger.take(message) if isinstance(event, FinalHeard)
    ]
    assert [transcript.text for transcript in found] == [f"w{number}" for number in range(len(lengths))]
    edges = [from_ms + sum(lengths[:number]) * 100 for number in range(len(lengths))]
    assert all(abs(transcript.words[0].start_ms - edge) <= 1 for transcript, edge in zip(found, edges, strict=True))
