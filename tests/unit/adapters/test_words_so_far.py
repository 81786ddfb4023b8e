"""What is known of an answer before its final text: readings of open stretches, in order, until they are settled."""

from engine.adapters.words_so_far import Reading, WordsSoFar


def test_readings_of_open_stretches_follow_each_other_whatever_their_order_of_arrival() -> None:
    words = WordsSoFar()
    assert words.read(5000, Reading("and then", 6000))
    assert words.read(1000, Reading("first we", 2000))
    assert words.all == Reading("first we and then", 6000)


def test_a_later_reading_replaces_an_earlier_one_and_not_the_other_way_round() -> None:
    words = WordsSoFar()
    words.read(1000, Reading("first we write", 3000))
    assert not words.read(1000, Reading("first", 2000))
    assert words.all.text == "first we write"


def test_a_final_text_settles_its_stretch_and_those_before_but_none_after() -> None:
    words = WordsSoFar()
    for began_ms, text in ((1000, "first"), (3000, "second"), (5000, "third")):
        words.read(began_ms, Reading(text, began_ms + 500))
    words.settle(3000)
    assert words.all.text == "third"
    assert not words.read(3000, Reading("second, late", 4500))
    assert words.all.text == "third"


def test_a_click_that_was_read_is_forgotten() -> None:
    words = WordsSoFar()
    words.read(1000, Reading("hmm", 1400))
    words.forget(1000)
    assert words.all == Reading("", 0)
