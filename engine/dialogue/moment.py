"""The few primitives that every reaction to a signal is made of.

A Moment lives for one step: it collects the new state and the actions, so that reactions read as a list of what
happens. Seen from outside, a step is a pure function.
"""

from dataclasses import asdict, replace
from typing import Any

from engine.dialogue import composing, replies, turns
from engine.dialogue import playback as played
from engine.dialogue.interview import (
    AskIntent,
    AskJudgement,
    Compose,
    Event,
    Expects,
    Foresee,
    KeepListening,
    LineBroke,
    Outcome,
    Say,
)
from engine.dialogue.plan import Plan
from engine.dialogue.signals import (
    Action,
    Attend,
    ExpectTerms,
    Fact,
    Flush,
    HangUp,
    Judge,
    Prepare,
    Speak,
    SpeakMore,
    StartTimer,
    StopPlayback,
    StopTimer,
    TuneVoice,
)
from engine.dialogue.state import Conversation as Conversation
from engine.dialogue.state import Phase as Phase
from engine.dialogue.turns import TurnAction, TurnEvent
from engine.transcript import Transcript, joined

OVERLAP_GRACE_MS = 700
"""Words that end this shortly before our last ones count as an answer: people answer a question before it is over."""
PLAYBACK_GRACE_MS = 3_000
"""How long after its computed end the last mark of an utterance may take."""
VOICE_GRACE_MS = 8_000
"""How long the voice may take for its next sound; its engines have shorter deadlines of their own."""


class Moment:
    """One step in the making."""

    __slots__ = ("actions", "at_ms", "plan", "state")

    def __init__(self, state: Conversation, plan: Plan, at_ms: int) -> None:
        self.state = state
        self.plan = plan
        self.at_ms = at_ms
        self.actions: list[Action] = []

    def change(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def do(self, action: Action) -> None:
        self.actions.append(action)

    def fact(self, name: str, **data: Any) -> None:
        self.actions.append(Fact(name, data))

    def turn(self, event: TurnEvent) -> TurnAction | None:
        """Move the floor and say so when it changed hands."""
        floor, action = turns.step(self.state.floor, event)
        if floor is not self.state.floor:
            self.change(floor=floor)
            self.fact("floor_changed", floor=floor.value)
        return action

    def tell(self, event: Event) -> None:
        """Let the interview react, and carry out what it wants."""
        interview, outcomes = replies.step(self.state.interview, event, self.plan)
        self.change(interview=interview)
        for outcome in outcomes:
            self._carry_out(outcome)

    def _carry_out(self, outcome: Outcome) -> None:
        match outcome:
            case Fact() | TuneVoice():
                self.do(outcome)
            case Say():
                self._remember_place(outcome)
                self.speak(outcome)
            case Foresee(texts, terms):
                self.do(Prepare(texts))
                self.do(ExpectTerms(terms))
            case AskJudgement(order, question_id, text):
                self.change(phase=Phase.JUDGING, kept=())
                self.do(Judge(order, question_id, text))
                self.do(StartTimer("judge", self.at_ms + self.plan.limits.judge_ms))
            case Compose():
                self._remember_place(outcome)
                composing.compose(self, outcome)
            case AskIntent():
                composing.ask_intent(self, outcome)
            case KeepListening():
                self.keep_listening(outcome)

    def _remember_place(self, said: Say | Compose) -> None:
        """A new question leaves the words before it behind."""
        if said.label.startswith(("ask:", "probe:", "closing")):
            self.change(kept=())

    def speak(self, say: Say, *, is_open: bool = False) -> None:
        """Begin an utterance; is_open: more of it may follow (`speak_more`). Nobody is spoken over."""
        if self.state.is_speech_confirmed and say.leave is None and not say.insists:
            self._withhold(say)
            return
        number = self.state.utterance + 1
        texts = (*self.state.owed, *say.texts)
        self.change(
            phase=Phase.SPEAKING,
            utterance=number,
            playback=played.open_utterance(self.state.playback, number, texts, say.label, is_open=is_open),
            owed=(),
            leave=say.leave,
            insists=say.insists,
            parts=(),
            turn_began_ms=None,
            heard_share=1.0,
            interrupted=None,
        )
        self.stop_timers("idle", "flush", "patience", "answer_limit", "interruption", "wish")
        self.do(Speak(number, texts, say.label))
        self.do(StartTimer("playback", self.at_ms + VOICE_GRACE_MS))

    def _withhold(self, say: Say) -> None:
        """The candidate speaks: what they say now may make our words needless, so these wait."""
        since_ms = self.state.last_began_ms
        parts = tuple(part for part in self.state.parts if part[0] > since_ms)
        self.change(phase=Phase.LISTENING, parts=parts, heard_share=0.0)
        composing.abandon(self)
        self.listen_since(since_ms)
        self.change(interrupted=say)

    def speak_more(self, texts: tuple[str, ...], *, is_open: bool) -> None:
        """Go on with the utterance that is open; is_open: even more may follow."""
        playback = self.state.playback
        self.change(playback=played.lengthen(playback, texts, is_open=is_open))
        self.do(StartTimer("playback", self.at_ms + VOICE_GRACE_MS))
        self.do(SpeakMore(playback.number, len(playback.texts), texts))

    def keep_listening(self, time: KeepListening) -> None:
        """Give the candidate time: at once when we listen already, otherwise from the end of what we say."""
        if not self.state.playback.is_closed:
            self.change(patience_ms=time.patience_ms, idle_ms=time.idle_ms)
        else:
            self.listen(time.patience_ms, time.idle_ms)

    def listen(self, patience_ms: int, idle_ms: int = 0) -> None:
        """The candidate has the floor from now on."""
        limits = self.plan.limits
        wait_ms = (limits.prompt_after_ms, limits.offer_after_ms, limits.leave_after_ms)[min(self.state.silences, 2)]
        self.change(
            phase=Phase.LISTENING,
            listening_since_ms=self.at_ms,
            turn_began_ms=None,
            patience_ms=0,
            idle_ms=0,
            patience_until_ms=self.at_ms + patience_ms,
        )
        self.do(Attend(self._kind_of_answer()))
        self.do(StartTimer("idle", self.at_ms + max(wait_ms, patience_ms, idle_ms)))
        is_answer = self.state.interview.expects in (Expects.ANSWER, Expects.ADDITION)
        self.do(StartTimer("answer_limit", self.at_ms + (limits.answer_ms if is_answer else limits.aside_ms)))

    def listen_since(self, began_ms: int) -> None:
        """The candidate has been speaking since then."""
        self.listen(0)
        self.stop_timers("idle")
        self.change(listening_since_ms=began_ms, turn_began_ms=began_ms)

    @property
    def wants_more_than_yes(self) -> bool:
        """Whether what we say, or said last, is answered by more than a yes or a no."""
        return self.state.interview.expects is Expects.ANSWER and self._kind_of_answer() != "yes_no"

    def expect_end_of_playback(self) -> None:
        """Look after an utterance that does not come to its end: a lost mark, or a voice that stands still."""
        playback = self.state.playback
        grace_ms = PLAYBACK_GRACE_MS if playback.is_whole else VOICE_GRACE_MS
        self.do(StartTimer("playback", max(playback.tail_ms, self.at_ms) + grace_ms))

    def _kind_of_answer(self) -> str:
        """The shape of the open question; a follow-up is answered like an open one at the most."""
        interview = self.state.interview
        if interview.expects is Expects.ADDITION:
            return "open"
        if interview.expects is not Expects.ANSWER or interview.current is None:
            return ""
        shape = self.plan.bank.by_id(interview.current.question_id).shape
        return "open" if interview.follow_ups and shape == "think" else shape

    def start_clocks(self) -> None:
        """The interview has so much time, also over a line that broke; a word is said before it is over."""
        up_ms, limits = self.state.time_is_up_ms, self.plan.limits
        self.do(StartTimer("time_limit", max(up_ms, self.at_ms)))
        if limits.interview_ms > 2 * limits.short_before_end_ms and up_ms - limits.short_before_end_ms > self.at_ms:
            self.do(StartTimer("time_short", up_ms - limits.short_before_end_ms))

    def cut_playback(self) -> None:
        """Stop our voice: what was heard stays, the rest was never said, nor what a model would have added."""
        composing.abandon(self)
        if self.state.playback.is_closed:
            return
        playback = played.cut(self.state.playback, self.at_ms)
        self.change(playback=playback, heard_share=played.heard_share(playback))
        self.do(StopPlayback(playback.number))
        self.stop_timers("playback")
        self.agent_turn_over(is_interrupted=True)

    def agent_turn_over(self, *, is_interrupted: bool) -> None:
        """Keep what was heard of our utterance as a turn of the transcript."""
        playback = self.state.playback
        text = played.heard_text(playback)
        if playback.began_ms is None or not text:
            return
        candidate_end_ms, first_ms = self.state.candidate_end_ms, playback.began_ms
        if candidate_end_ms is not None and candidate_end_ms <= (self.state.nodded_ms or 0) < first_ms:
            first_ms = self.state.nodded_ms or 0
        self.fact(
            "turn_ended",
            who="agent",
            text=text,
            words=[],
            start_ms=playback.began_ms,
            end_ms=min(self.at_ms, playback.tail_ms) if is_interrupted else playback.tail_ms,
            gap_ms=None if candidate_end_ms is None else first_ms - candidate_end_ms,
            is_interrupted=is_interrupted,
        )
        self.change(candidate_end_ms=None)

    def flush(self, ended_by: str) -> None:
        """The candidate's turn is over: ask for its last words."""
        request = self.state.request + 1
        self.change(phase=Phase.FLUSHING, request=request, ended_by=ended_by, bridges=0)
        self.stop_timers("idle", "patience", "wish")
        self.do(Flush(request))
        self.do(StartTimer("bridge", self.at_ms + self.plan.limits.bridge_ms))
        self.do(StartTimer("flush", self.at_ms + self.plan.limits.flush_ms))

    def words_of_turn(self) -> Transcript:
        """What was said since the candidate has the floor."""
        since_ms = self.state.listening_since_ms - OVERLAP_GRACE_MS
        return joined(part for end_ms, part in self.state.parts if end_ms > since_ms)

    def words_before(self) -> Transcript:
        """What was said of the same answer before a prompt, a repetition or a failure."""
        return joined(self.state.kept)

    def keep_words(self) -> None:
        """What was said so far stays part of the answer although we speak now."""
        self.change(kept=(*self.state.kept, self.words_of_turn()), parts=())

    def candidate_turn_over(self, transcript: Transcript) -> None:
        start_ms = self.state.turn_began_ms if self.state.turn_began_ms is not None else self.state.listening_since_ms
        self.fact(
            "turn_ended",
            who="candidate",
            text=transcript.text,
            words=[asdict(word) for word in transcript.words],
            start_ms=start_ms,
            end_ms=self.state.speech_ended_ms,
            gap_ms=None,
            is_interrupted=False,
        )

    def save_open_answer(self) -> None:
        """Whatever was recognised of the answer under way is kept, marked as unfinished."""
        has_words = self.state.phase in (Phase.LISTENING, Phase.FLUSHING, Phase.UNDERSTANDING)
        words = self.words_of_turn() if has_words else Transcript("")
        if words.text and self.state.phase is not Phase.UNDERSTANDING:
            self.candidate_turn_over(words)
        self.tell(LineBroke(joined([self.words_before(), words])))

    def its_our_turn(self) -> None:
        """Whatever the detector still takes for speech, the candidate's turn is over: by a key, a command, or time."""
        self.change(is_speech_confirmed=False)
        self.turn(TurnEvent.SPEECH_ENDED)

    def leave(self, reason: str) -> None:
        self.change(phase=Phase.LEFT)
        self.do(HangUp(reason))

    def stop_timers(self, *names: str) -> None:
        for name in names:
            self.do(StopTimer(name))
