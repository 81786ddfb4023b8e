"""What of a running call is shown: its event log folded into one view, and the events that change it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from engine.evaluation.engine_changes import EngineChange, change_in_words


class Event(Protocol):
    """A row of the event log."""

    id: int
    at_ms: int
    kind: str
    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One finished turn."""

    who: str
    text: str
    start_ms: int


@dataclass(frozen=True, slots=True)
class LiveView:
    order: int = 0
    total: int = 0
    question: str = ""
    topic: str = ""
    stage: str = ""
    floor: str = ""
    at_ms: int = 0
    partial: str = ""
    is_over: bool = False
    change: str = ""
    """The last time that another engine took over, in words."""
    line: str = ""
    """How good the line is: good, fair or poor; empty until that is known."""
    line_words: str = ""
    wish: str = ""
    """What the candidate wished last, or what is wrong with the line, in words."""
    lines: tuple[Line, ...] = ()
    last_id: int = 0
    cost_usd: str = ""
    """What providers cost so far, as far as prices are known; empty while nothing was counted."""
    is_cost_partial: bool = False
    ceiling: str = ""
    """The budget that is used up: interview or month."""


# Public name, and the fields of the event's data that are shown. Everything else of the log stays inside.
_SHOWN: Mapping[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("fact", "call_started"): ("call_started", ("direction",)),
    ("fact", "stage_changed"): ("stage", ("stage",)),
    ("fact", "floor_changed"): ("floor", ("floor",)),
    ("fact", "question_asked"): ("question", ("order", "total", "topic", "difficulty", "text")),
    ("fact", "follow_up_asked"): ("follow_up", ("order", "text")),
    ("fact", "answer_completed"): ("answer", ("order", "state")),
    ("fact", "turn_ended"): ("turn", ("who", "text", "start_ms", "end_ms", "is_interrupted")),
    ("fact", "engine_switched"): ("engine_switched", ("port", "from", "to", "lost_ms")),
    ("fact", "line_trouble"): ("line_trouble", ("trouble",)),
    ("fact", "line_changed"): ("line_quality", ("quality", "reasons", "is_hopeless")),
    ("fact", "new_time_offered"): ("wish", ("text",)),
    ("fact", "new_time_wanted"): ("wish", ("text",)),
    ("fact", "human_wanted"): ("wish", ("text",)),
    ("fact", "calls_refused"): ("wish", ("text",)),
    ("fact", "call_back_wanted"): ("wish", ("text",)),
    ("fact", "wrong_person"): ("wish", ("text",)),
    ("fact", "paused"): ("wish", ("text",)),
    ("fact", "candidate_asked"): ("wish", ("text",)),
    ("fact", "user_acted"): ("user_acted", ("command", "text", "is_done")),
    ("fact", "interview_ended"): ("interview_ended", ("reason", "is_complete")),
    ("fact", "usage_counted"): ("cost", ("total_usd", "price_usd")),
    ("fact", "budget_reached"): ("budget_reached", ("ceiling", "total_usd")),
    ("fact", "call_ended"): ("call_ended", ("reason",)),
    ("signal", "PartialReceived"): ("partial_transcript", ("text",)),
    ("signal", "FinalReceived"): ("final_transcript", ("text",)),
}


_WISHES: Mapping[str, str] = {
    "human_wanted": "The candidate would like to speak to a person.",
    "calls_refused": "The candidate does not want to be called again.",
    "call_back_wanted": "The candidate would like to be called at another time.",
    "new_time_offered": "The line is so bad that the candidate is asked whether to find a new time.",
    "new_time_wanted": "The line was too bad to go on; a new time is needed.",
    "wrong_person": "Somebody else has answered.",
    "paused": "The candidate takes a break of up to two minutes.",
    "candidate_asked": "The candidate asked a question of their own.",
}


def public_event(event: Event) -> dict[str, Any] | None:
    """The event as the API tells it, or None for one that is nobody's business outside."""
    shown = _SHOWN.get((event.kind, event.name))
    if shown is None:
        return None
    name, fields = shown
    public = {"id": event.id, "at_ms": event.at_ms, "name": name} | {key: event.data.get(key) for key in fields}
    if name == "line_trouble":
        public["words"] = f"Trouble on the line: {event.data.get('trouble')}."
    elif name == "line_quality":
        public["words"] = line_in_words(event.data)
    elif name == "wish":
        public |= {"wish": event.name, "words": _WISHES[event.name]}
    elif name == "engine_switched":
        public["text"] = change_in_words(EngineChange(event.at_ms, event.data))
    return public


_REASONS: Mapping[str, str] = {
    "too quiet": "the voice is faint",
    "clipping": "the voice is too loud",
    "noise": "noise",
    "lost audio": "audio gets lost",
}


def line_in_words(state: Mapping[str, Any]) -> str:
    """How good the line is and why, for a reader: "Fair: noise"."""
    why = ", ".join(_REASONS.get(reason, reason) for reason in state.get("reasons") or ())
    what = f"{state.get('quality')}: {why}" if why else str(state.get("quality"))
    return (f"{what}; hardly to be understood" if state.get("is_hopeless") else what).capitalize()


def folded(events: Iterable[Event], view: LiveView | None = None) -> LiveView:
    """The view after these events, beginning with `view` (or with nothing)."""
    view = view or LiveView()
    for event in events:
        public = public_event(event)
        if public is not None:
            view = _step(view, public)
        view = replace(view, last_id=event.id, at_ms=event.at_ms)
    return view


def _step(view: LiveView, event: Mapping[str, Any]) -> LiveView:
    match event["name"]:
        case "call_started":
            return replace(view, is_over=False, partial="", floor="", stage="greeting", line="", line_words="")
        case "stage" | "floor" as name:
            said = str(event[name] or "")
            return replace(view, stage=said) if name == "stage" else replace(view, floor=said)
        case "question":
            return replace(
                view,
                order=int(event["order"] or 0),
                total=int(event["total"] or 0),
                question=str(event["text"] or ""),
                topic=str(event["topic"] or ""),
            )
        case "engine_switched" | "wish" | "line_trouble" | "line_quality":
            return _told(view, event)
        case "partial_transcript":
            return replace(view, partial=str(event["text"] or ""))
        case "turn":
            line = Line(str(event["who"]), str(event["text"] or ""), int(event["start_ms"] or 0))
            partial = "" if line.who == "candidate" else view.partial
            return replace(view, lines=(*view.lines, line) if line.text else view.lines, partial=partial)
        case "cost":
            is_partial = view.is_cost_partial or event["price_usd"] is None
            return replace(view, cost_usd=str(event["total_usd"] or ""), is_cost_partial=is_partial)
        case "budget_reached":
            return replace(view, ceiling=str(event["ceiling"] or ""))
        case "interview_ended" | "call_ended":
            return replace(view, is_over=True, partial="", floor="")
    return view


def _told(view: LiveView, event: Mapping[str, Any]) -> LiveView:
    """What comes in words, each in its place."""
    if event["name"] == "engine_switched":
        return replace(view, change=str(event["text"]))
    if event["name"] == "line_quality":
        return replace(view, line=str(event["quality"]), line_words=str(event["words"]))
    return replace(view, wish=str(event["words"]))


STAGES: Mapping[str, str] = {
    "": "Waiting for the line",
    "greeting": "Greeting",
    "consent": "Asking for consent to record",
    "explaining": "Explaining the keys",
    "asking": "Asking",
    "listening": "Listening",
    "closing": "Saying goodbye",
    "ended": "Ended",
}
FLOORS: Mapping[str, str] = {
    "agent": "The interviewer speaks",
    "candidate": "The candidate speaks",
    "open": "Silence",
    "": "",
}
