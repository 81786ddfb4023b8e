"""What the adaptive endpoint never does, and always does, whatever is said, read and hinted."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.adaptive_endpoint import AdaptiveEndpoint
from engine.audio.endpoint import Ending, Hint
from engine.audio.endpoint_weights import KINDS, load_weights
from engine.clock import FRAME_MS, FRAME_SAMPLES, samples_to_ms
from engine.dialogue.endings import clues_of

WEIGHTS = load_weights()
TEXTS = ("", "yes", "it is a tree and", "the rows are sorted", "let me think", "that's it", "um", "first the index")
PCM = bytes(2 * FRAME_SAMPLES)

happenings = st.lists(
    st.one_of(
        st.tuples(st.just("speech"), st.integers(1, 40)),
        st.tuples(st.just("silence"), st.integers(1, 60)),
        st.tuples(st.just("read"), st.sampled_from(TEXTS)),
        st.tuples(st.just("hint"), st.sampled_from(list(Hint))),
        st.tuples(st.just("attend"), st.sampled_from([*KINDS, "", "something new"])),
    ),
    max_size=30,
)
long_enough = (WEIGHTS.thinking_ms + 2000) // FRAME_MS


def play(events: list[tuple[str, object]], policy: AdaptiveEndpoint) -> list[tuple[int, int, bool]]:
    """Each decision: when, the end of speech that it names, and whether speech was under way in that frame."""
    now_ms, found = 0, []
    for kind, value in events:
        match kind:
            case "speech" | "silence":
                for _ in range(value):
                    end = policy.push(PCM, now_ms, kind == "speech")
                    now_ms += FRAME_MS
                    if end is not None:
                        found.append((now_ms, end.ended_ms, kind == "speech"))
            case "read":
                policy.read(value, now_ms)
            case "hint":
                policy.hint(value, now_ms)
            case "attend":
                policy.attend(value, now_ms)
    return found


@given(st.sampled_from(KINDS), happenings)
def test_nothing_is_decided_while_speech_is_running(kind: str, events: list) -> None:
    policy = AdaptiveEndpoint(WEIGHTS, clues_of)
    policy.attend(kind, 0)
    for at_ms, ended_ms, is_speech in play(events, policy):
        assert not is_speech
        assert at_ms - ended_ms >= min(WEIGHTS.shortest_ms, WEIGHTS.aside_ms)


@given(st.sampled_from(KINDS), happenings)
def test_silence_after_speech_ends_every_turn_by_the_longest_wait(kind: str, events: list) -> None:
    policy = AdaptiveEndpoint(WEIGHTS, clues_of)
    policy.attend(kind, 0)
    found = play([*events, ("attend", kind), ("speech", 10), ("silence", long_enough)], policy)
    began_ms = sum(value for what, value in events if what in ("speech", "silence")) * FRAME_MS
    last = found[-1]
    assert last[0] > began_ms
    assert last[0] - last[1] <= WEIGHTS.thinking_ms + 2 * FRAME_MS


@given(st.sampled_from(KINDS), happenings)
def test_the_same_happenings_give_the_same_decisions(kind: str, events: list) -> None:
    first, second = (AdaptiveEndpoint(WEIGHTS, clues_of) for _ in range(2))
    for policy in (first, second):
        policy.attend(kind, 0)
    assert play(events, first) == play(events, second)


@given(st.sampled_from(KINDS), happenings, st.floats(0.1, 3.0))
def test_a_higher_price_never_makes_the_first_decision_earlier(kind: str, events: list, bias: float) -> None:
    eager, patient = AdaptiveEndpoint(WEIGHTS, clues_of), AdaptiveEndpoint(WEIGHTS, clues_of, bias=bias)
    for policy in (eager, patient):
        policy.attend(kind, 0)
    turn = [event for event in events if event[0] != "attend"]
    found = play([*turn, ("speech", 10), ("silence", long_enough)], eager)
    later = play([*turn, ("speech", 10), ("silence", long_enough)], patient)
    assert later[0][0] >= found[0][0]


@given(
    st.sampled_from(KINDS),
    st.sampled_from(list(Ending)),
    st.integers(0, 80),
    st.integers(0, 80),
    st.floats(4.5, 7.5),
    st.floats(4.0, 11.0),
)
def test_the_wait_falls_with_the_odds_and_stays_in_bounds(
    kind: str, ending: Ending, fewer: int, more: int, log_median: float, price: float
) -> None:
    fewer, more = sorted((fewer, more))
    odds = sorted(WEIGHTS.log_odds(kind, ending, words) for words in (fewer, more))
    waits = [WEIGHTS.wait_ms(each, log_median, price) for each in odds]
    assert WEIGHTS.longest_ms >= waits[0] >= waits[1] >= WEIGHTS.shortest_ms


@settings(max_examples=40)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=60), st.data())
def test_how_the_line_cuts_its_audio_changes_nothing(sizes: list[int], data: st.DataObject) -> None:
    from engine.adapters.scripted_speech import ScriptedSpeechToText
    from engine.audio import mulaw
    from engine.audio.levels import rms_dbfs
    from telephony.hearing import Ear

    class LoudIsSpeech:
        def is_speech(self, pcm: bytes) -> bool:
            return rms_dbfs(pcm) > -30

    loud = mulaw.encode((b"\x00\x30" * 8 + b"\x00\xd0" * 8) * 10)
    runs = data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=8))
    line = b"".join((loud if index % 2 == 0 else mulaw.silence(FRAME_SAMPLES)) * run for index, run in enumerate(runs))
    line += mulaw.silence(FRAME_SAMPLES * long_enough)

    def heard(cuts: list[int]) -> list[tuple[str, int]]:
        events: list[object] = []
        ear = Ear(LoudIsSpeech(), AdaptiveEndpoint(WEIGHTS, clues_of), ScriptedSpeechToText(), events.append)
        ear.attend("open")
        signals, at = [], 0
        for size in cuts:
            signals += ear.hear(line[at : at + size], at)
            at += size
        signals += ear.hear(line[at:], at)
        return [(type(signal).__name__, samples_to_ms(signal.at_ms)) for signal in signals]

    assert heard(sizes) == heard([])
