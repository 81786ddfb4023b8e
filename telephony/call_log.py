"""A call's event log as the session writes it: signals, actions and facts, numbered and on audio time."""

from collections.abc import Iterable

from engine.dialogue.signals import Action, Fact, Signal, to_data
from engine.ports import EngineSwitched, EventLog, EventRecord
from telephony.call_account import CallFact


class CallLog:
    """Numbers the records of one leg. Facts of the session itself carry by="session", those of the core do not."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._sequence = log.next_sequence

    def signal(self, signal: Signal) -> None:
        self._append("signal", signal.at_ms, type(signal).__name__, to_data(signal))

    def action(self, at_ms: int, action: Action) -> None:
        if isinstance(action, Fact):
            self._append("fact", at_ms, action.name, action.data)
        else:
            self._append("action", at_ms, type(action).__name__, to_data(action))

    def session_fact(self, at_ms: int, name: str, **data: object) -> None:
        self._append("fact", at_ms, name, {**data, "by": "session"})

    def engine_switched(self, at_ms: int, switched: EngineSwitched) -> None:
        """Another engine listens or speaks from here on."""
        data = {"port": switched.port, "from": switched.from_engine, "to": switched.to_engine}
        self.session_fact(at_ms, "engine_switched", **data, reason=switched.reason, lost_ms=switched.lost_ms)

    def last_facts(self, at_ms: int, results: Iterable[object]) -> None:
        """What workers found out while the call was being closed; their other results come too late."""
        for found in results:
            if isinstance(found, CallFact):
                self.session_fact(at_ms, found.name, **found.data)

    def close(self) -> None:
        self._log.close()

    def _append(self, kind: str, at_ms: int, name: str, data: dict[str, object]) -> None:
        self._log.append(EventRecord(self._sequence, at_ms, kind, name, data))
        self._sequence += 1
