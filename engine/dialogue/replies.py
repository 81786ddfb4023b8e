"""What the interview does with each event: the table of replies."""

from collections.abc import Callable
from dataclasses import replace

from engine.dialogue import phrases, wording
from engine.dialogue.answering import machine_words
from engine.dialogue.asking import (
    asked_again,
    asked_next,
    closed,
    closed_without_answer,
    closing_words,
    continued_previous,
    heard_part,
    judged,
    rephrased,
    worded,
)
from engine.dialogue.broken_line import came_back, line_broke
from engine.dialogue.commanded import ended_by_user, skipped_by_user
from engine.dialogue.intents import Intent, intent_of, may_be_request, said_yes
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
    Outcome,
    Say,
    StayedSilent,
    TimeIsUp,
    Understood,
    UserEnds,
    UserSkips,
    Worded,
    ended,
    greeted,
    repeated,
)
from engine.dialogue.plan import Plan
from engine.dialogue.signals import Fact
from engine.transcript import joined
from engine.vocabulary import AnswerState

Step = tuple[Interview, list[Outcome]]

_CONSENT_TRIES = 2
_MOST_FAILURES = 3
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
        return interview, []
    return _about_words(interview, event, plan) if isinstance(event, _Words) else _about_call(interview, event, plan)


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
    event: Began | KeyPressed | StayedSilent | CouldNotHear | TimeIsUp | LineBroke | CameBack | UserEnds | UserSkips,
    plan: Plan,
) -> Step:
    match event:
        case Began():
            return greeted(interview, plan)
        case KeyPressed(digit):
            return _key_pressed(interview, digit, plan)
        case StayedSilent(times):
            return _stayed_silent(interview, times, plan)
        case CouldNotHear():
            return _could_not_hear(interview, plan)
        case TimeIsUp():
            return _time_is_up(interview, plan)
        case LineBroke():
            return line_broke(interview, event)
        case CameBack():
            return came_back(interview, plan)
        case UserEnds():
            return ended_by_user(interview, plan)
        case UserSkips():
            return skipped_by_user(interview, plan)


def _answered(interview: Interview, event: Answered, plan: Plan) -> Step:
    text = event.transcript.text
    if interview.expects is Expects.END_CONFIRMATION:
        return _end_confirmed(interview, text, plan)
    intent = intent_of(text)
    if interview.expects is Expects.CONSENT and (machine := machine_words(text)) is not None:
        return interview, [Fact("machine_heard", {"who": machine.value, "text": text}), KeepListening()]
    if interview.expects is Expects.CONSENT and intent not in (Intent.REPEAT, Intent.NEVER_AGAIN, Intent.HUMAN):
        return _consented(interview, text, said_yes(text), plan)
    if interview.expects is Expects.CLOSING_WORDS and intent is not Intent.REPEAT:
        return closing_words(interview, plan, text, said_yes(text) is False or intent is Intent.DONE)
    if intent is not None:
        return _wished(interview, intent, text, event, plan)
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
    after, outcomes = _wished(after, event.intent, pending.transcript.text, pending, plan)
    return after, [Fact("intent_understood", data), *outcomes]


def _answer_heard(interview: Interview, event: Answered, plan: Plan) -> Step:
    span = (event.started_ms, event.ended_ms)
    answer = joined([event.before, event.transcript])
    if event.heard_share < 0.5:
        continued = continued_previous(interview, plan, answer, span)
        if continued is not None:
            return continued
        if len(answer.text.split()) < plan.limits.fewest_words:
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


def _consented(interview: Interview, text: str, is_granted: bool | None, plan: Plan) -> Step:
    tries = interview.consent_tries + 1
    if is_granted is None and tries < _CONSENT_TRIES:
        return replace(interview, consent_tries=tries), [Say(phrases.CONSENT_AGAIN, "consent")]
    granted = bool(is_granted)
    fact = Fact("consent_given", {"is_granted": granted, "answer": text, "text_version": phrases.CONSENT_TEXT_VERSION})
    thanks = phrases.CONSENT_THANKS if granted else phrases.NO_RECORDING
    first = () if interview.asked else phrases.FIRST_QUESTION
    after, outcomes = asked_next(replace(interview, consent_tries=tries), plan, (*thanks, *first))
    return after, [fact, *outcomes]


def _wished(interview: Interview, intent: Intent, text: str, event: Answered | None, plan: Plan) -> Step:
    reply = _REPLIES.get(intent)
    if reply is not None:
        return reply(interview, plan)
    if intent in (Intent.HUMAN, Intent.NEVER_AGAIN):
        return _wished_of_people(interview, intent, {"by": "words" if event else "key", "text": text}, plan)
    if interview.current is None or intent is Intent.ASIDE:
        return interview, [KeepListening()]
    if intent is Intent.REPHRASE:
        return rephrased(interview, plan, text)
    if intent is Intent.ASKS:
        passed_on = repeated(interview, (*phrases.PASSED_ON, *phrases.BACK_TO_QUESTION))
        return interview, [Fact("candidate_remarked", {"text": text}), *passed_on]
    if intent is Intent.NOT_KNOWN and event is not None:
        after, outcomes = heard_part(interview, event.transcript, (event.started_ms, event.ended_ms), event.ended_by)
        after, more = closed(after, plan, AnswerState.ANSWERED, None, phrases.NOT_KNOWN)
        return after, [outcomes[0], *more]
    if intent is Intent.SKIP:
        return closed_without_answer(interview, plan, AnswerState.SKIPPED, "skip", phrases.SKIPPED)
    return closed_without_answer(interview, plan, AnswerState.SILENT, "key", phrases.NOT_KNOWN)


def _repeat(interview: Interview, plan: Plan) -> Step:
    return interview, repeated(interview, phrases.AGAIN)


def _wait(interview: Interview, plan: Plan) -> Step:
    return interview, [Say(phrases.MORE_TIME, "prompt"), KeepListening(plan.limits.patience_ms)]


def _end(interview: Interview, plan: Plan) -> Step:
    after = replace(interview, expects=Expects.END_CONFIRMATION)
    return after, [Say(phrases.CONFIRM_END, "confirm")]


def _wished_of_people(interview: Interview, intent: Intent, how: dict[str, str], plan: Plan) -> Step:
    """What others have to act on: the facts tell them how it was said."""
    if intent is Intent.HUMAN:
        return interview, [Fact("human_wanted", how), *repeated(interview, phrases.HUMAN)]
    after, outcomes = ended(interview, plan, phrases.NEVER_AGAIN, "candidate_ended")
    return after, [Fact("calls_refused", how), *outcomes]


_REPLIES: dict[Intent, Callable[[Interview, Plan], Step]] = {
    Intent.REPEAT: _repeat,
    Intent.WAIT: _wait,
    Intent.END: _end,
}


def _end_confirmed(interview: Interview, text: str, plan: Plan) -> Step:
    if said_yes(text) or intent_of(text) is Intent.END:
        return ended(interview, plan, phrases.GOODBYE_EARLY, "candidate_ended")
    after = replace(interview, expects=Expects.ANSWER)
    return after, repeated(after, phrases.GO_ON)


def _key_pressed(interview: Interview, digit: str, plan: Plan) -> Step:
    if interview.expects is Expects.CONSENT and digit in ("1", "2"):
        return _consented(interview, f"key {digit}", digit == "1", plan)
    intent = _INTENT_OF_KEY.get(digit)
    if intent is None:
        return interview, [KeepListening()]
    if interview.expects is Expects.END_CONFIRMATION and intent is not Intent.NEVER_AGAIN:
        after = replace(interview, expects=Expects.ANSWER)
        return after, repeated(after, phrases.GO_ON)
    if interview.expects is Expects.CLOSING_WORDS and intent in (Intent.DONE, Intent.SKIP):
        return closing_words(interview, plan, "", True)
    return _wished(interview, intent, "", None, plan)


def _stayed_silent(interview: Interview, times: int, plan: Plan) -> Step:
    if interview.expects is Expects.CLOSING_WORDS:
        return closing_words(interview, plan, "", True)
    if times >= 3:
        return ended(interview, plan, phrases.GOODBYE_SILENT, "silent")
    if interview.expects is Expects.CONSENT:
        return interview, [Say(phrases.CONSENT_AGAIN, "consent")]
    if interview.expects is Expects.END_CONFIRMATION:
        return interview, [Say(phrases.CONFIRM_END, "confirm")]
    return interview, [Say(phrases.TAKE_YOUR_TIME if times == 1 else phrases.OFFER_HELP, "prompt")]


def _could_not_hear(interview: Interview, plan: Plan) -> Step:
    after = replace(interview, failures=interview.failures + 1)
    if after.failures >= _MOST_FAILURES:
        return ended(after, plan, phrases.TECHNICAL_TROUBLE, "speech_failed")
    return after, [Say(phrases.DID_NOT_HEAR, "apology")]


def _time_is_up(interview: Interview, plan: Plan) -> Step:
    return ended(interview, plan, (*phrases.TIME_IS_UP, *phrases.GOODBYE), "time_limit")
