"""The media socket: who may open it, and the assembly of a session behind it."""

import logging
import threading
import time
import uuid
from collections import deque
from datetime import UTC, datetime
from typing import Protocol

from flask import Blueprint, Flask, request
from flask_sock import Sock
from simple_websocket import Server
from sqlalchemy.orm import Session as DatabaseSession
from sqlalchemy.orm import sessionmaker

from engine.adapters.recording_files import RecordingFile
from engine.adapters.selection import SpeechEngines
from engine.audio.echo import EchoGuard
from engine.audio.endpoint_weights import load_weights
from engine.config import Settings
from engine.errors import Conflict, UpstreamUnavailable
from engine.ports import ChatModel
from engine.pricing import PriceTable
from engine.questions.bank import QuestionBank
from engine.store.unit_of_work import UnitOfWork
from engine.work.interview_plan import opening_words, stored_plan, words_after_break
from engine.work.spending import InterviewAccount, LateUsage, budgets_of, spent_so_far
from telephony import signature
from telephony.admission import Admission, Leg
from telephony.call_account import UsageOutlet, budget_reached
from telephony.call_log import CallLog
from telephony.call_parts import CallParts, Line, into
from telephony.command_desk import CommandDesk
from telephony.draining import Draining
from telephony.endpointing import new_endpoint
from telephony.hearing import Ear
from telephony.line_errors import LineGone
from telephony.media_stream import POLICY_BROKEN, StreamProtocol, StreamStarted
from telephony.mouth import Mouth
from telephony.session import Session
from telephony.speaker import ThreadedSpeaker
from telephony.stream_token import TokenRejected
from telephony.thinker import ThreadedThinker
from telephony.turn_votes import VotingBooth
from telephony.websocket_line import NoReader, QuietWatch, WebsocketLine, refuse_compression
from telephony.writer import ThreadedLineWriter

log = logging.getLogger(__name__)

START_TIMEOUT_S = 10.0
"""So long may a socket take to say whose call it is."""
INTERNAL_ERROR = 1011
ENDPOINTS = frozenset({"telephony_media.media"})
"""Open to callers without a login: the socket checks Twilio's signature and its own one-use token."""
TRY_AGAIN_LATER = 1013


class SocketLine(Line, Protocol):
    def cut_off(self) -> None:
        """End everything at once, whatever the other side does."""


class Switchboard:
    """Lets calls in, up to the limit of this process, and holds each one to its end."""

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[DatabaseSession],
        engines: SpeechEngines,
        bank: QuestionBank,
        prices: PriceTable,
        chat: ChatModel | None = None,
    ) -> None:
        """chat: words follow-ups and tells intents in calls; without one the bank and the rules do."""
        self._chat = chat
        self._settings = settings
        self._sessions = sessions
        self._engines = engines
        self._bank = bank
        self._prices = prices
        self._weights = load_weights()
        self._booth = VotingBooth(engines.turn_model)
        self._admission = Admission(settings, sessions, bank)
        self._lines: dict[str, tuple[str, SocketLine]] = {}
        """The media streams that carry calls at present, with their sockets, by CallSid."""
        self.draining = Draining(lambda: self._live)
        self.commands = CommandDesk(sessions)
        self._live = 0
        self._counting = threading.Lock()

    @property
    def live_calls(self) -> int:
        return self._live

    def lines_free(self) -> bool:
        """Whether one more call can be taken."""
        return self._has_room() and not self.draining.has_begun

    def _has_room(self) -> bool:
        return self._live < self._settings.max_calls

    def prepare_call(self, interview_id: uuid.UUID, call_sid: str) -> None:
        """Synthesise what the call will begin or go on with while Twilio is still connecting it; returns at once."""
        threading.Thread(target=self._warm, args=(interview_id, call_sid), name="warm-up", daemon=True).start()

    def _warm(self, interview_id: uuid.UUID, call_sid: str) -> None:
        try:
            with UnitOfWork(self._sessions) as work:
                interview = work.interviews.get(interview_id)
                call = work.calls.by_sid(call_sid)
                spent = spent_so_far(work, interview, datetime.now(UTC))
                plan = stored_plan(work, interview, self._bank, self._settings)
            keep = LateUsage(self._sessions, call.id).keep if call else lambda _counted: None
            account = InterviewAccount(self._prices, budgets_of(self._settings), spent, keep)
            has_begun = call is not None and call.started_at is not None
            for sentence in words_after_break(plan) if has_begun else opening_words(plan):
                for _ in self._engines.text_to_speech.synthesise(sentence, account=account):
                    pass
        except UpstreamUnavailable:
            log.warning("the greeting could not be made ready ahead of the call")

    def hold(self, line: SocketLine) -> None:
        """Carry one socket from its first message to its close.

        Never raises: an exception here would be written into the open socket as an HTTP answer.
        """
        try:
            self._hold(line)
        except LineGone as gone:
            log.info("media socket closed before the call began", extra={"detail": str(gone)})
        except Exception:
            log.exception("media socket failed")
            _close(line, INTERNAL_ERROR, "internal error")

    def _hold(self, line: SocketLine) -> None:
        protocol = StreamProtocol()
        start = _started(line, protocol)
        if start is None:
            return
        with self._counting:
            if not self._has_room() and start.call_sid not in self._lines:
                _close(line, TRY_AGAIN_LATER, "all lines are busy")
                return
            self._live += 1
        try:
            self._admit(line, protocol, start)
        finally:
            with self._counting:
                self._live -= 1

    def _admit(self, line: SocketLine, protocol: StreamProtocol, start: StreamStarted) -> None:
        try:
            call_id = self._admission.checked(start)
            leg = self._admission.take_up(start, call_id)
        except TokenRejected as rejected:
            log.warning("media socket refused", extra={"reason": str(rejected)})
            _close(line, POLICY_BROKEN, "not authorised")
            return
        except Conflict:
            log.warning("another session still holds the leg", extra={"call_sid": start.call_sid})
            _close(line, TRY_AGAIN_LATER, "still held elsewhere")
            return
        here = (start.stream_sid, line)
        self._lines[start.call_sid] = here
        try:
            self._session(line, protocol, leg)
        finally:
            leg.log.close()
            self.commands.leave(leg.call_id)
            if self._lines.get(start.call_sid) is here:
                del self._lines[start.call_sid]

    def line_moved(self, call_and_stream: str | None) -> None:
        """A call has gone on to another media stream, perhaps of another process: Twilio has left the one before.

        A socket that broke without a word would hold its session, and the call's log, until its silence is noticed.
        """
        call_sid, _, stream_sid = (call_and_stream or "").partition(" ")
        held = self._lines.get(call_sid)
        if held is not None and held[0] != stream_sid:
            held[1].cut_off()

    def _session(self, line: Line, protocol: StreamProtocol, leg: Leg) -> None:
        settings = self._settings
        inbox: deque[object] = deque()
        path = leg.recording
        outlet = UsageOutlet(into(inbox), LateUsage(self._sessions, leg.call_id).keep)
        account = InterviewAccount(self._prices, budgets_of(settings), leg.spent, outlet.put)
        if account.ceiling is not None:
            inbox.append(budget_reached(account.ceiling, leg.spent.interview_usd))
        echo = EchoGuard()
        ear = Ear(
            self._engines.new_voice_detector(),
            new_endpoint(leg.endpoint, self._weights),
            self._engines.speech_to_text,
            into(inbox),
            account=account,
        )
        ear.ignore_echo(echo)
        ear.count_votes(self._booth.for_call(leg.endpoint, into(inbox)))
        parts = CallParts(
            plan=leg.plan,
            ear=ear,
            mouth=Mouth(
                ThreadedSpeaker(self._engines.voice_for_call(into(inbox)), into(inbox), account),
                ThreadedLineWriter(line.send, leg.stream_sid, time.monotonic),
                echo,
            ),
            call_log=CallLog(leg.log),
            start_recording=lambda: RecordingFile.going_on(path) if path.exists() else RecordingFile(path),
            describe_recording=lambda: {
                "path": path.name,
                "format": "wav, G.711 mu-law",
                "channels": 2,
                "size_bytes": path.stat().st_size,
            },
            farewell=self._engines.farewell,
            clock=time.monotonic,
            outlet=outlet,
            thinker=None if self._chat is None else ThreadedThinker(self._chat, leg.plan.bank, into(inbox), account),
        )
        identity = {
            "call_id": str(leg.call_id),
            "interview_id": str(leg.interview_id),
            "call_sid": leg.call_sid,
            "stream_sid": leg.stream_sid,
            "direction": leg.direction,
        }
        broken = leg.broken
        state = broken.state if broken else None
        session = Session(line, protocol, parts, inbox, state=state, at_ms=leg.at_ms)
        if broken is None:
            session.begin(**identity)
        else:
            session.resume(is_recorded=broken.is_recorded, **identity)
        self.commands.attend(leg.call_id, into(inbox))
        reason = session.run()
        log.info("call ended", extra={"call_id": str(leg.call_id), "reason": reason})


def register(app: Flask, switchboard: Switchboard, settings: Settings) -> None:
    """Add the socket route to the app."""
    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": NoReader}
    routes = Blueprint("telephony_media", __name__)
    sock = Sock()
    watch = QuietWatch()

    @sock.route("/telephony/media", bp=routes)
    def media(socket: Server) -> None:
        line = WebsocketLine(socket, watch)
        if not _may_upgrade(settings):
            log.warning("media socket without a valid signature")
            _close(line, POLICY_BROKEN, "not authorised")
            return
        switchboard.hold(line)

    app.register_blueprint(routes)
    inner = app.wsgi_app

    def without_compression(environ: dict[str, object], start_response: object) -> object:
        refuse_compression(environ)
        return inner(environ, start_response)  # type: ignore[arg-type]  # handed on untouched

    app.wsgi_app = without_compression  # type: ignore[assignment,method-assign]  # Flask's documented way


def _may_upgrade(settings: Settings) -> bool:
    """Twilio's signature is demanded in production; elsewhere proxies may strip it, so it must only not be false."""
    if not settings.is_production and signature.SIGNATURE_HEADER not in request.headers:
        return True
    return signature.is_signed_upgrade(settings.twilio_auth_token, settings.media_url, request.headers)


def _started(line: Line, protocol: StreamProtocol) -> StreamStarted | None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while protocol.start is None:
        text = line.receive()
        if time.monotonic() >= deadline_s:
            _close(line, POLICY_BROKEN, "no start in time")
            return None
        protocol.receive(text or "")
        if protocol.violation is not None:
            log.warning("media socket violated the protocol", extra={"reason": protocol.violation.reason})
            _close(line, protocol.violation.code, protocol.violation.reason)
            return None
    return protocol.start


def _close(line: Line, code: int, reason: str) -> None:
    try:
        line.close(code, reason)
    except LineGone:
        log.debug("the other side had closed already")
