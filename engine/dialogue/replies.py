"""What the interview does with each event: the table of replies."""

from dataclasses import replace

from engine.audio.line_quality import Trouble
from engine.dialogue import new_time, phrases, wording
from engine.dialogue.asking import (
    asked_again,
    closed,
    closed_without_answer,
    heard_part,
    judged,
    worded,
)
from engine.dialogue.broken_line import came_back, line_broke
from engine.dialogue.commanded import ended_by_user, paused_by_user, skipped_by_user
from engine.dialogue.going_back import continued_previous
from engine.dialogue.intents import Intent, intent_of, may_be_request
from engine.dialogue.interludes import ASIDES, INTERLUDES, consented, key_at_new_time, key_in_an_interlude
from engine.dialogue.interview import (
    Answered,
    AskIntent,
    Began,
    CameBack,
    CouldNotHear,
    Event,
    Expects,
    Interview,
    Judged,
    KeepListening,
    KeyPressed,
    LineBroke,
    LineIsHopeless,
    LineIsPoor,
    Outcome,
    Say,
    StayedSilent,
    TimeIsShort,
    TimeIsUp,
    Understood,
    UserEnds,
    UserPauses,
    UserSkips,
    Worded,
    ended,
    greeted,
)
from engine.dialogue.line_troubles import ADVICE, CANNOT_HEAR, GOODBYE_UNHEARD, STILL_CANNOT_HEAR
from engine.dialogue.outside_events import OutsideEvent
from engine.dialogue.plan import Plan
from engine.dialogue.signals import Fact
from engine.dialogue.their_questions import closing_words
from engine.dialogue.wishes import (
    asked_to_confirm,
    confirmation,
    confirmed_first,
    fulfilled,
)
from engine.transcript import joined
from engine.vocabulary import AnswerState

Step = tuple[Interview, list[Outcome]]

_MOST_FAILURES = 3
_MOST_SILENCES = 3
_INTENT_OF_KEY = {
    "*": Intent.REPEAT,
    "#": Intent.DONE,
    "1": Intent.WAIT,
    "2": Intent.SKIP,
    "0": Intent.HUMAN,
    "9": Intent.NEVER_AGAIN,
}


def step(interview: Interview, event: Event, plan: Plan) -> Step:
    """Advance the interview by one event. After it has ended nothing changes any more."""
    if interview.ended_by:
        return interview, _after_the_end(event)
    return _about_words(interview, event, plan) if isinstance(event, _Words) else _about_call(interview, event, plan)


def _after_the_end(event: Event) -> list[Outcome]:
    """While we say goodbye, two keys still mean something to others."""
    facts = {"9": "calls_refused", "0": "human_wanted"}
    if isinstance(event, KeyPressed) and event.digit in facts:
        return [Fact(facts[event.digit], {"by": "key", "text": ""})]
    return []


_AboutLine = LineIsPoor | LineIsHopeless
_AboutCall = Began | KeyPressed | StayedSilent | CouldNotHear | _AboutLine | TimeIsShort | TimeIsUp | OutsideEvent
_Words = Answered | Understood | Judged | Worded


def _about_words(interview: Interview, event: Answered | Understood | Judged | Worded, plan: Plan) -> Step:
    match event:
        case Answered():
            return _answered(interview, event, plan)
        case Understood():
            return _understood(interview, event, plan)
        case Judged():
            return judged(interview, event, plan)
        case Worded():
            return worded(interview, event, plan)


def _about_call(
    interview: Interview,
    event: _AboutCall,
    plan: Plan,
) -> Step:
    match event:
        case Began():
            return greeted(interview, plan)
        case KeyPressed(digit):
            return _key_pressed(interview, digit, plan)
        case StayedSilent(times, is_deaf):
            return _stayed_silent(interview, times, plan, is_deaf=is_deaf)
        case CouldNotHear():
            return _could_not_hear(interview, plan)
        case LineIsPoor(trouble):
            return _line_is_poor(interview, Trouble(trouble))
        case LineIsHopeless(trouble):
            return replace(interview, hopeless=trouble), []
        case TimeIsShort():
            return replace(interview, is_time_short=True), []
        case TimeIsUp():
            return _time_is_up(interview, plan)
        case LineBroke() | CameBack() | UserEnds() | UserSkips() | UserPauses():
            return _from_outside(interview, event, plan)


def _from_outside(interview: Interview, event: OutsideEvent, plan: Plan) -> Step:
    match event:
        case LineBroke():
            return line_broke(interview, event)
        case CameBack():
            return came_back(interview, plan)
        case UserEnds():
            return ended_by_user(interview, plan)
        case UserSkips():
            return skipped_by_user(interview, plan)
        case UserPauses():
            return paused_by_user(interview, plan)


def _answered(interview: Interview, event: Answered, plan: Plan) -> Step:
    text = event.transcript.text
    if interview.expects is Expects.CONFIRMATION:
        reply = confirmation(interview, text, plan)
        if reply is not None:
            return reply
        interview = replace(interview, expects=interview.returns_to, confirming=None)
    intent = intent_of(text, plan.name)
    aside = ASIDES.get(interview.expects)
    if aside is not None:
        return aside(interview, intent, event, plan)
    if intent is not None:
        return fulfilled(interview, intent, text, event, plan)
    if interview.current is None:
        return interview, [KeepListening()]
    if event.ended_by == "silence" and may_be_request(text):
        return replace(interview, pending=event), [AskIntent(interview.current.question_id, text)]
    return _answer_heard(interview, event, plan)


def _understood(interview: Interview, event: Understood, plan: Plan) -> Step:
    """What a model makes of an utterance of which the rules were unsure."""
    pending = interview.pending
    after = replace(interview, pending=None)
    if pending is None or interview.current is None:
        return after, [KeepListening()]
    if event.intent is None:
        return _answer_heard(after, pending, plan)
    data = {
        "heard": pending.transcript.text,
        "intent": event.intent.value,
        "confidence": event.confidence,
        "source": wording.MODEL,
        "version": wording.version_of("intent"),
    }
    after, outcomes = fulfilled(after, event.intent, pending.transcript.text, pending, plan)
    return after, [Fact("intent_understood", data), *outcomes]


def _answer_heard(interview: Interview, event: Answered, plan: Plan) -> Step:
    span = (event.started_ms, event.ended_ms)
    answer = joined([event.before, event.transcript])
    if event.heard_share < 0.5:
        continued = continued_previous(interview, plan, answer, span)
        if continued is not None:
            return continued
        if not interview.parts and len(answer.text.split()) < plan.limits.fewest_words:
            return asked_again(interview, plan, phrases.ASK_ANEW)
    if not answer.text:
        return _nothing_said(interview, event, plan)
    after, outcomes = heard_part(replace(interview, failures=0), answer, span, event.ended_by)
    if event.ended_by == "limit":
        after, more = closed(after, plan, AnswerState.ANSWERED, None, phrases.TIME_FOR_THIS_ONE)
        insisting = [replace(each, insists=True) if isinstance(each, Say) else each for each in more]
        return after, [outcomes[0], *insisting]
    return after, outcomes


def _nothing_said(interview: Interview, event: Answered, plan: Plan) -> Step:
    if event.ended_by == "key":
        return closed_without_answer(interview, plan, AnswerState.SILENT, "key", phrases.NOT_KNOWN)
    return _could_not_hear(interview, plan)


def _key_pressed(interview: Interview, digit: str, plan: Plan) -> Step:
    if interview.expects is Expects.CONSENT and digit in ("1", "2"):
        return consented(interview, f"key {digit}", digit == "1", plan)
    intent = _INTENT_OF_KEY.get(digit)
    if interview.expects is Expects.CONSENT and intent is Intent.DONE:
        return interview, [KeepListening()]  # no answer: a question that is open from an earlier call stays open
    if interview.expects is Expects.NEW_TIME:
        return key_at_new_time(interview, digit, intent, plan)
    if intent is None:
        return interview, [KeepListening()]
    if interview.expects is Expects.CLOSING_WORDS and intent in (Intent.DONE, Intent.SKIP):
        return closing_words(interview, plan, "", True)
    if interview.expects in INTERLUDES and intent not in (Intent.NEVER_AGAIN, Intent.HUMAN):
        return key_in_an_interlude(interview, intent, plan)
    return fulfilled(interview, intent, "", None, plan)


def _line_is_poor(interview: Interview, trouble: Trouble) -> Step:
    """Noted, and told to the candidate between two questions: the first trouble only."""
    fact = Fact("line_trouble", {"trouble": trouble.value})
    advice = () if interview.is_advised else ADVICE.get(trouble, ())
    after = replace(interview, advice=advice, is_advised=True) if advice else interview
    return after, [fact]


def _not_heard(interview: Interview, times: int, plan: Plan) -> Step:
    """Not a sound has come from the candidate in this call: the line may carry us and not them."""
    if times >= _MOST_SILENCES:
        return ended(interview, plan, GOODBYE_UNHEARD, "one_way")
    said = CANNOT_HEAR if interview.expects is Expects.CONSENT else STILL_CANNOT_HEAR
    say = Say(said, "prompt")
    if interview.is_advised:
        return interview, [say]
    return replace(interview, is_advised=True), [Fact("line_trouble", {"trouble": Trouble.ONE_WAY.value}), say]


def _stayed_silent(interview: Interview, times: int, plan: Plan, *, is_deaf: bool) -> Step:
    if is_deaf and interview.expects in (Expects.CONSENT, Expects.ANSWER):
        return _not_heard(interview, times, plan)
    if interview.expects is Expects.CLOSING_WORDS:
        return closing_words(interview, plan, "", True)
    if interview.expects is Expects.NEW_TIME:
        return new_time.offered_again(interview, plan)
    if times >= _MOST_SILENCES:
        return ended(interview, plan, phrases.GOODBYE_SILENT, "silent")
    if interview.expects is Expects.CONSENT:
        return interview, [Say(phrases.CONSENT_AGAIN, "consent")]
    if interview.expects is Expects.CONFIRMATION:
        return interview, asked_to_confirm(interview)
    if interview.expects is Expects.PAUSED:
        return confirmed_first(replace(interview, expects=interview.returns_to), Intent.LATER)
    return interview, [Say(phrases.TAKE_YOUR_TIME if times == 1 else phrases.OFFER_HELP, "prompt")]


def _could_not_hear(interview: Interview, plan: Plan) -> Step:
    if interview.expects is Expects.NEW_TIME:
        return new_time.offered_again(interview, plan)
    if new_time.is_due(interview) and interview.expects in (Expects.CONSENT, Expects.ANSWER):
        return new_time.offered(interview, (), interview.expects)
    after = replace(interview, failures=interview.failures + 1)
    if after.failures >= _MOST_FAILURES:
        return ended(after, plan, phrases.TECHNICAL_TROUBLE, "speech_failed")
    return after, [Say(phrases.DID_NOT_HEAR, "apology")]


def _time_is_up(interview: Interview, plan: Plan) -> Step:
    return ended(interview, plan, (*phrases.TIME_IS_UP, *phrases.GOODBYE), "time_limit")
