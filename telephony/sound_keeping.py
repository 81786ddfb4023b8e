"""The recording of a call as its session keeps it: begun with the consent, whole at the end."""

import logging

from engine.errors import ProtocolError
from engine.ports import Recorder
from telephony.call_parts import CallParts

log = logging.getLogger(__name__)


class SoundKeeper:
    """Records both sides from `start` on. A fault of the disk costs the recording, not the interview."""

    def __init__(self, parts: CallParts) -> None:
        self._parts = parts
        self._recorder: Recorder | None = None

    def start(self, now_ms: int) -> None:
        """Record from now on, in the file of the leg where it was recorded before; once begun nothing changes."""
        if self._recorder is not None:
            return
        try:
            self._recorder = self._parts.start_recording()
        except (OSError, ProtocolError):
            log.exception("the recording cannot be written")
            self._parts.call_log.session_fact(now_ms, "recording_failed")
        else:
            self._parts.mouth.record_to(self._recorder)

    def heard(self, position: int, mulaw: bytes) -> None:
        """The candidate's side at a position of the line's clock."""
        if self._recorder is not None:
            self._recorder.write_candidate(position, mulaw)

    def close(self, now_ms: int) -> None:
        """Make the file whole and say where it lies."""
        if self._recorder is not None:
            self._recorder.close()
            described = self._parts.describe_recording()
            self._parts.call_log.session_fact(now_ms, "recording_saved", duration_ms=now_ms, **described)
