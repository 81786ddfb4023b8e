"""The adaptive endpoint: which silences end a turn, and when, as words, questions, habits and hints have it."""

from collections.abc import Iterable
from math import exp, log
from statistics import NormalDist

import pytest

from engine.audio.adaptive_endpoint import SEEMS_AHEAD_MS, SEEMS_OVER_MS, AdaptiveEndpoint
from engine.audio.endpoint import Ending, Hint, SeemsOver, WordClues
from engine.audio.endpoint_weights import load_weights
from engine.clock import FRAME_MS
from engine.errors import WeightsError

SILENT = bytes(320)
WEIGHTS = load_weights()
Frame = bool


def clues(text: str) -> WordClues:
    """The first word of a scripted text names its ending."""
    words = text.split()
    return WordClues(Ending(words[0]) if words else Ending.UNKNOWN, len(words))


class Line:
    """Plays speech and silence to a policy."""

    def __init__(self, kind: str = "open", **options: object) -> None:
        self.policy = AdaptiveEndpoint(WEIGHTS, clues, **options)
        self.policy.attend(kind, 0)
        self.now_ms = 0
        self.decided: list[tuple[int, int]] = []
        self.seemed: list[int] = []

    def frames(self, flags: Iterable[Frame]) -> "Line":
        for is_speech in flags:
            end = self.policy.push(SILENT, self.now_ms, is_speech)
            self.now_ms += FRAME_MS
            if isinstance(end, SeemsOver):
                self.seemed.append(self.now_ms - end.ended_ms)
            elif end is not None:
                self.decided.append((self.now_ms, end.ended_ms))
        return self

    def speak(self, ms: int) -> "Line":
        return self.frames([True] * (ms // FRAME_MS))

    def hush(self, ms: int) -> "Line":
        return self.frames([False] * (ms // FRAME_MS))

    def read(self, text: str) -> "Line":
        self.policy.read(text, self.now_ms)
        return self

    @property
    def wait_ms(self) -> int:
        """From the end of speech to the first decision."""
        at_ms, ended_ms = self.decided[0]
        return at_ms - ended_ms


def wait_after(ending: Ending, kind: str = "open", words: int = 12, **options: object) -> int:
    line = Line(kind, **options).speak(2000).hush(200)
    return line.read(" ".join([ending.value] * words)).hush(11_000).wait_ms


def test_a_turn_that_trails_off_is_waited_for_longer_than_a_clause_and_that_longer_than_a_closing() -> None:
    assert wait_after(Ending.TRAILING) > wait_after(Ending.CLAUSE) > wait_after(Ending.CLOSED)
    assert wait_after(Ending.FILLER) > wait_after(Ending.CLAUSE)


def test_the_kind_of_question_decides_how_long_the_same_words_are_waited_for() -> None:
    wait_ms = {kind: wait_after(Ending.CLAUSE, kind, words=6) for kind in ("yes_no", "short", "open", "think")}
    assert max(wait_ms["yes_no"], wait_ms["short"]) < min(wait_ms["open"], wait_ms["think"])


def test_the_longer_an_answer_the_sooner_it_may_be_over() -> None:
    assert wait_after(Ending.CLAUSE, words=60) < wait_after(Ending.CLAUSE, words=4)


def test_a_long_wait_seems_over_once_before_it_is() -> None:
    line = Line().speak(2000).hush(200).read("clause " * 20).hush(6000)
    assert len(line.seemed) == 1
    assert SEEMS_OVER_MS <= line.seemed[0] <= line.wait_ms - SEEMS_AHEAD_MS
    line.speak(2000).hush(200).read("clause " * 40).hush(6000)
    assert len(line.seemed) == 2


def test_a_silence_seems_over_when_the_end_is_about_as_likely_as_a_pause() -> None:
    odds, median = -1.5, 6.0
    at_ms = WEIGHTS.seems_over_ms(odds, median)
    longer = 1 - NormalDist(median, WEIGHTS.pause_spread).cdf(log(at_ms))
    assert exp(odds) / longer == pytest.approx(exp(-WEIGHTS.seems), rel=0.01)
    assert WEIGHTS.seems_over_ms(0.1, median) == 0
    assert WEIGHTS.seems_over_ms(-3.0, median) > at_ms


def test_nothing_seems_over_after_loose_ends_or_words_that_are_not_known() -> None:
    for text in ("trailing " * 20, "filler " * 20, "listing " * 20, "asks_time " * 20, ""):
        line = Line().speak(2000).hush(200)
        assert (line.read(text) if text else line).hush(6000).seemed == []
    assert Line(kind="").speak(2000).hush(200).read("clause " * 20).hush(6000).seemed == []


def test_after_few_words_it_takes_longer_to_seem_over() -> None:
    few = Line().speak(1000).hush(200).read("fragment fragment").hush(6000)
    many = Line().speak(2000).hush(200).read("clause " * 40).hush(6000)
    assert many.seemed[0] < few.seemed[0] < few.wait_ms


def test_a_request_for_time_is_granted_ten_seconds() -> None:
    assert wait_after(Ending.ASKS_TIME) == pytest.approx(10_000, abs=2 * FRAME_MS)


def test_where_no_question_is_open_the_wait_is_fixed() -> None:
    waits = {wait_after(ending, kind="") for ending in Ending}
    assert len(waits) == 1
    assert waits.pop() == pytest.approx(WEIGHTS.aside_ms, abs=FRAME_MS)


def test_words_that_come_late_move_the_deadline_that_is_running() -> None:
    unread = Line().speak(2000).hush(11_000).wait_ms
    line = Line().speak(2000).hush(600)
    assert line.decided == []
    before_ms = line.policy.deadline_ms
    line.read("closed " * 40)
    assert line.policy.deadline_ms is not None and before_ms is not None
    assert line.policy.deadline_ms < before_ms
    line.hush(100)
    assert len(line.decided) == 1
    assert line.decided[0][0] <= 2720
    assert unread > 720


def test_words_from_before_the_last_stretch_count_as_unknown() -> None:
    line = Line().speak(1000).read("closed closed closed").speak(3000).hush(6000)
    unknown = Line().speak(1000).read("unknown unknown unknown").speak(3000).hush(6000)
    assert line.wait_ms == unknown.wait_ms
    assert line.wait_ms > wait_after(Ending.CLOSED)


def test_in_noise_the_end_of_speech_is_moved_to_the_last_word() -> None:
    line = Line().speak(3000).hush(200)
    line.policy.read("clause " * 12, line.now_ms, covers_ms=2500)
    line.hush(6000)
    assert line.decided[0][1] == 2550


def test_a_candidate_with_long_pauses_is_given_longer() -> None:
    def after(pause_ms: int) -> int:
        line = Line()
        for _ in range(8):
            line.speak(1000).hush(200).read("trailing trailing").hush(pause_ms - 200)
        line.speak(1000).hush(200).read("clause " * 12).hush(8000)
        return line.wait_ms

    assert after(800) > after(300)


def test_who_goes_on_right_after_a_decision_is_given_longer_from_then_on() -> None:
    line = Line().speak(2000).hush(200).read("clause " * 12).hush(6000)
    first = line.wait_ms
    corrected = Line().speak(2000).hush(200).read("clause " * 12)
    while not corrected.decided:
        corrected.hush(20)
    corrected.hush(300).speak(2000).hush(200).read("clause " * 12).hush(6000)
    at_ms, ended_ms = corrected.decided[1]
    assert at_ms - ended_ms > first


def test_turns_that_were_rightly_taken_for_over_take_the_extra_time_back_step_by_step() -> None:
    line = Line().speak(2000).hush(200).read("clause " * 12)
    while not line.decided:
        line.hush(20)
    line.hush(300).speak(2000).hush(200).read("clause " * 12).hush(6000)
    for _ in range(3):
        line.policy.attend("open", line.now_ms)
        line.speak(2000).hush(200).read("clause " * 12).hush(6000)
    waits = [at_ms - ended_ms for at_ms, ended_ms in line.decided]
    assert waits[1] > waits[2] > waits[3]
    assert waits[3] == waits[4]


def test_a_click_does_not_start_the_silence_anew() -> None:
    plain = Line().speak(2000).hush(8000)
    clicked = Line().speak(2000).hush(300).frames([True]).hush(8000)
    assert clicked.decided == plain.decided


def test_silence_before_the_first_word_ends_nothing() -> None:
    assert Line().hush(30_000).decided == []


def test_attending_anew_keeps_speech_that_is_under_way() -> None:
    line = Line().speak(500)
    line.policy.attend("short", line.now_ms)
    line.speak(500).hush(6000)
    assert len(line.decided) == 1


def test_attending_anew_forgets_a_silence_from_before() -> None:
    line = Line().speak(500).hush(200)
    line.policy.attend("short", line.now_ms)
    assert line.hush(9000).decided == []


def test_the_recogniser_s_hints_shorten_the_wait_and_a_withdrawn_one_does_not() -> None:
    def with_hints(*hints: Hint) -> int:
        line = Line().speak(2000).hush(200).read("clause " * 12)
        for hint in hints:
            line.policy.hint(hint, line.now_ms)
        return line.hush(8000).wait_ms

    assert with_hints(Hint.END) < with_hints(Hint.EAGER_END) < with_hints()
    assert with_hints(Hint.EAGER_END, Hint.RESUMED) == with_hints()


def test_an_end_of_turn_model_has_a_vote() -> None:
    def after(*votes: float, ended_ms: int = 2000) -> int:
        line = Line().speak(2000).hush(200).read("clause " * 12)
        for share in votes:
            line.policy.vote(share, ended_ms)
        return line.hush(11_000).wait_ms

    sure, doubtful, silent = after(0.95), after(0.05), after()
    assert sure < silent < doubtful
    assert silent == wait_after(Ending.CLAUSE)
    assert after(1.0) <= sure
    assert after(0.95, ended_ms=900) == silent, "a vote on an earlier silence"
    again = Line().speak(2000).hush(200)
    again.policy.vote(0.95, 2000)
    assert again.speak(1000).hush(200).read("clause " * 12).hush(11_000).wait_ms == silent, "and one that is over"


def test_frames_lost_on_the_line_count_as_silence() -> None:
    line = Line().speak(1000)
    assert line.policy.push(SILENT, 9000, False) is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("pause_spread = ", "pause_width = "), "pause_spread"),
        (("shortest_ms = 200", "shortest_ms = 9000"), "ascend"),
        (("yes_no = ", "maybe = "), "yes_no"),
        (("longest_ms = 4000", 'longest_ms = "long"'), "longest_ms must be a number"),
        (("[weights]", "[weights"), "cannot be read"),
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_reason(tmp_path, change, message) -> None:
    from engine.audio.endpoint_weights import DEFAULT_WEIGHTS

    text = DEFAULT_WEIGHTS.read_text()
    assert change[0] in text
    (tmp_path / "weights.toml").write_text(text.replace(*change))
    with pytest.raises(WeightsError, match=message):
        load_weights(tmp_path / "weights.toml")
