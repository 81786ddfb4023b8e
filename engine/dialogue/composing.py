"""Words and meanings that a language model may find, with rules and the bank standing by.

Every request has a deadline of the conversation's own. What comes in time and is fit to be said is said, sentence by
sentence; for everything else the bank has words. An utterance that a model began always ends in a question.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.dialogue import wording
from engine.dialogue.interview import AskIntent, Compose, Say, Understood, Worded
from engine.dialogue.model_messages import AskModel, ModelFailed, ModelReplied, ModelText
from engine.dialogue.signals import StartTimer
from engine.dialogue.state import Composing, Phase
from engine.dialogue.turns import Floor

if TYPE_CHECKING:
    from engine.dialogue.moment import Moment


def compose(moment: "Moment", wanted: Compose) -> None:
    """Have something said in a model's words; in the bank's where no model may be asked."""
    if not moment.state.has_model:
        moment.tell(Worded(wanted, wanted.fallback, wording.BANK))
        moment.speak(Say((*wanted.lead, *wanted.fallback), wanted.label))
        return
    limits = moment.plan.limits
    request = _ask(moment, wanted.task, wanted.fields, limits.wording_ms)
    moment.change(phase=Phase.COMPOSING, composing=Composing(request, wanted))
    moment.do(StartTimer("lead", moment.at_ms + limits.lead_ms))


def ask_intent(moment: "Moment", asked: AskIntent) -> None:
    """Find out what the candidate wants; without a model it counts as an answer."""
    if not moment.state.has_model:
        moment.tell(Understood(None))
        return
    fields = {"question_id": asked.question_id, "heard": asked.heard}
    _ask(moment, "intent", fields, moment.plan.limits.intent_ms)
    moment.change(phase=Phase.UNDERSTANDING)


def model_speaks(moment: "Moment", signal: ModelText | ModelReplied | ModelFailed) -> None:
    """Something came of the last request; what comes of older ones is stale."""
    if signal.request != moment.state.model_request:
        return
    match signal:
        case ModelText(_, _, text):
            _sentence_came(moment, text)
        case ModelReplied(_, _, data):
            _answer_came(moment, data)
        case ModelFailed():
            _answer_came(moment, None)


def model_late(moment: "Moment") -> None:
    """The conversation waits no longer."""
    _answer_came(moment, None)


def lead_due(moment: "Moment") -> None:
    """The model takes its time: a short word, so that the caller is not left in silence."""
    composing = moment.state.composing
    if composing is None or moment.state.phase is not Phase.COMPOSING or not composing.wanted.lead:
        return
    moment.change(composing=replace(composing, has_lead=True))
    _say(moment, composing.wanted.label, composing.wanted.lead, is_open=True)


def abandon(moment: "Moment") -> None:
    """Whatever the model would still write is not wanted any more."""
    composing = moment.state.composing
    if composing is None:
        return
    _close(moment)
    moment.tell(Worded(composing.wanted, composing.wanted.fallback, wording.BANK))


def _ask(moment: "Moment", task: str, fields: dict[str, Any], timeout_ms: int) -> int:
    request = moment.state.model_request + 1
    moment.change(model_request=request)
    moment.do(AskModel(request, task, fields, timeout_ms))
    moment.do(StartTimer("model", moment.at_ms + timeout_ms))
    return request


def _sentence_came(moment: "Moment", text: str) -> None:
    composing = moment.state.composing
    if composing is None:
        return
    wanted = composing.wanted
    sentence = wording.fit_to_say(text, wording.bounds(wanted.task, wanted.fields, moment.plan.bank), composing.said)
    if sentence is None:
        _finish_from_bank(moment, composing)
        return
    said = (*composing.said, sentence)
    if wording.asks(sentence):
        _close(moment)
        moment.tell(Worded(wanted, said, wording.MODEL))
        _say(moment, wanted.label, (sentence,), is_open=False)
    else:
        moment.change(composing=replace(composing, said=said))
        _say(moment, wanted.label, (sentence,), is_open=True)


def _answer_came(moment: "Moment", data: dict[str, Any] | None) -> None:
    """The reply is whole, or there will be none: nothing more comes of this request."""
    composing = moment.state.composing
    if composing is not None:
        _finish_from_bank(moment, composing)
    elif moment.state.phase is Phase.UNDERSTANDING:
        moment.stop_timers("model")
        understood = wording.understood(data)
        moment.tell(understood)
        _hear_on(moment)


def _hear_on(moment: "Moment") -> None:
    """Where we go on listening and the candidate has begun to speak meanwhile, this is the turn."""
    if moment.state.phase is Phase.LISTENING and moment.state.floor is Floor.CANDIDATE:
        moment.stop_timers("idle")
        moment.change(turn_began_ms=moment.state.last_began_ms)


def _finish_from_bank(moment: "Moment", composing: Composing) -> None:
    wanted = composing.wanted
    lead = () if composing.has_lead or composing.said else wanted.lead
    _close(moment)
    moment.tell(Worded(wanted, wanted.fallback, wording.BANK))
    _say(moment, wanted.label, (*lead, *wanted.fallback), is_open=False)


def _say(moment: "Moment", label: str, texts: tuple[str, ...], *, is_open: bool) -> None:
    if moment.state.phase is Phase.COMPOSING:
        moment.speak(Say(texts, label), is_open=is_open)
    else:
        moment.speak_more(texts, is_open=is_open)


def _close(moment: "Moment") -> None:
    moment.change(composing=None)
    moment.stop_timers("model", "lead")
