"""Run a logged call through the core again: the same signals must give the same actions, byte for byte."""

import json
from collections.abc import Iterable, Iterator

from engine.dialogue.conversation import step
from engine.dialogue.moment import Conversation
from engine.dialogue.plan import Plan
from engine.dialogue.signals import Action, CallStarted, Fact, Signal, signal_from_data, to_data
from engine.ports import EventRecord


def action_lines(at_ms: int, actions: Iterable[Action]) -> list[str]:
    """The form in which actions are compared: one JSON line each, keys sorted."""
    return [
        json.dumps({"at_ms": at_ms, "name": action_name(action), "data": action_data(action)}, sort_keys=True)
        for action in actions
    ]


def action_name(action: Action) -> str:
    """A fact goes by its own name, every other action by that of its class."""
    return action.name if isinstance(action, Fact) else type(action).__name__


def action_data(action: Action) -> dict[str, object]:
    """The action's fields as JSON-ready data."""
    return action.data if isinstance(action, Fact) else to_data(action)


def logged_actions(records: Iterable[EventRecord]) -> list[str]:
    """What the core did in the call, from its log; facts that carry by="session" are the shell's own."""
    return [
        json.dumps({"at_ms": record.at_ms, "name": record.name, "data": record.data}, sort_keys=True)
        for record in records
        if record.kind in ("action", "fact") and record.data.get("by") != "session"
    ]


def replayed_actions(records: Iterable[EventRecord], plan: Plan) -> list[str]:
    """What the core does now when it is given the logged signals."""
    return [line for signal, _, actions in replayed(records, plan) for line in action_lines(signal.at_ms, actions)]


def replayed(records: Iterable[EventRecord], plan: Plan) -> Iterator[tuple[Signal, Conversation, list[Action]]]:
    """Each logged signal, with the state after it and the actions that the core wants because of it.

    Raises ProtocolError where the log holds what the core does not know.
    """
    state = Conversation()
    for record in records:
        if record.kind == "signal":
            signal = signal_from_data(record.name, dict(record.data))
            if isinstance(signal, CallStarted):
                state = Conversation()
            state, actions = step(state, signal, plan)
            yield signal, state, actions
