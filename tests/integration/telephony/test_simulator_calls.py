"""The simulator against a small agent: on the virtual clock, and over real sockets with signed webhooks."""

import io
import json
import math
import struct
import threading
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, Response, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server
from werkzeug.serving import make_server

from engine.audio import levels, mulaw
from engine.dialogue.playback import NOD
from telephony import media_stream, signature, twiml
from telephony.line_errors import LineGone
from telephony.media_stream import DtmfReceived, MarkReceived, MediaReceived, StreamProtocol, StreamStarted
from telephony.simulator import __main__ as command_line
from telephony.simulator.account import Account
from telephony.simulator.happenings import Kind
from telephony.simulator.line import StreamIdentity
from telephony.simulator.recorder import SessionRecorder, read_session
from telephony.simulator.replayer import replay
from telephony.simulator.run import run_call, virtual_call
from telephony.simulator.scenario import Scenario, parse_scenario
from telephony.simulator.timeline import timeline
from telephony.simulator.twiml_reader import CarrierError
from telephony.simulator.virtual import VirtualSocket

TOKEN = "the account's secret"
ACCOUNT = "AC" + "1" * 32
IDENTITY = StreamIdentity("MZ" + "2" * 32, "CA" + "3" * 32, ACCOUNT)
OWN_SESSION = Path(__file__).parents[2] / "fixtures" / "twilio_session.jsonl"


def tone(duration_ms: int, hz: int = 440) -> bytes:
    samples = [int(9000 * math.sin(2 * math.pi * hz * n / 8000)) for n in range(duration_ms * 8)]
    return mulaw.encode(struct.pack(f"<{len(samples)}h", *samples))


def voice(text: str, pitch: float) -> bytes:
    """A voice that hums: 60 ms a letter."""
    return tone(60 * len(text), round(300 * pitch))


def scenario(text: str, folder: Path = Path()) -> Scenario:
    return parse_scenario(text, folder)


@dataclass
class SmallAgent:
    """Says one thing after the other, each when the caller has spoken and then been silent, or pressed a key."""

    lines: list[tuple[str, int]]
    reaction_ms: int = 200
    protocol: StreamProtocol = field(default_factory=StreamProtocol)
    said: int = 0
    is_playing: bool = False
    loud_until: int | None = None
    keys: str = ""
    is_done: bool = False

    def answer(self, text: str) -> list[str]:
        return [message for event in self.protocol.receive(text) for message in self._react(event)]

    def _react(self, event: object) -> list[str]:
        match event:
            case StreamStarted():
                return self._say_next()
            case MarkReceived(name):
                return self._mark(name)
            case DtmfReceived(digit):
                self.keys += digit
                return self._say_next()
            case MediaReceived():
                return self._hear(event)
        return []

    def _hear(self, event: MediaReceived) -> list[str]:
        now = self.protocol.samples
        if levels.rms_dbfs(mulaw.decode(event.mulaw)) > -40:
            self.loud_until = now
            if self.is_playing:
                self.is_playing = False
                return [media_stream.encode_clear(self._sid)]
            return []
        if self.loud_until is None or self.is_playing or now - self.loud_until < self.reaction_ms * 8:
            return []
        self.loud_until = None
        return self._say_next()

    def _mark(self, name: str) -> list[str]:
        if not name.endswith("/end") or not name.startswith(f"{self.said}."):
            return []
        self.is_playing = False
        if name.endswith("/goodbye/end"):
            self.is_done = True
        return self._say_next() if "/greeting" in name else []

    def _say_next(self) -> list[str]:
        label, duration_ms = self.lines[self.said]
        self.said += 1
        self.is_playing = True
        audio = media_stream.encode_media(self._sid, tone(duration_ms))
        return [audio, media_stream.encode_mark(self._sid, f"{self.said}.0.0/{label}/end")]

    @property
    def _sid(self) -> str:
        assert self.protocol.start is not None
        return self.protocol.start.stream_sid


INTERVIEW = [("greeting", 300), ("consent", 300), ("ask:python-gil", 400), ("goodbye", 200)]
POLITE = """
    pin = ["111111", "123456"]
    [[reply]]
    on = "consent"
    text = "yes"
    after_ms = 200
    [[reply]]
    on = "ask:*"
    text = ["one", "two"]
    pause_ms = 100
    after_ms = 300
"""


def hold(agent: SmallAgent, socket: VirtualSocket) -> VirtualSocket:
    try:
        while not agent.is_done:
            text = socket.receive()
            for message in agent.answer(text) if text is not None else []:
                socket.send(message)
        socket.close(1000, "")
    except LineGone:
        assert socket.leg.has_hung_up
    return socket


def virtual(text: str, lines: list[tuple[str, int]] = INTERVIEW, **agent: int) -> VirtualSocket:
    return hold(SmallAgent(lines, **agent), virtual_call(scenario(text), IDENTITY, voice=voice))


def turns(socket: VirtualSocket) -> list[tuple[str, str, str | None]]:
    heard = timeline(socket.leg.line, socket.leg.caller.spoken)
    return [(turn.who, turn.text, turn.interruption) for turn in heard.turns]


def test_a_polite_caller_answers_each_question_after_its_end() -> None:
    socket = virtual(POLITE)

    assert turns(socket) == [
        ("agent", "greeting", None),
        ("agent", "consent", None),
        ("caller", "yes", None),
        ("agent", "ask:python-gil", None),
        ("caller", "one two", None),
        ("agent", "goodbye", None),
    ]
    assert socket.close_code == 1000


def test_the_gap_is_what_the_caller_hears_between_the_two_voices() -> None:
    socket = virtual(POLITE, reaction_ms=500)

    heard = timeline(socket.leg.line, socket.leg.caller.spoken)

    gaps = [turn.gap_ms for turn in heard.turns if turn.who == "agent" and turn.gap_ms is not None]
    assert len(gaps) == 2
    assert all(500 <= gap <= 560 for gap in gaps)
    assert heard.totals()["gap_ms_p95"] == max(gaps)
    asked = next(turn for turn in heard.turns if turn.label == "ask:python-gil")
    answered = next(turn for turn in heard.turns if turn.text == "one two")
    assert 300 <= answered.start_ms - asked.end_ms <= 340


def test_only_the_first_thing_said_after_the_caller_has_a_gap() -> None:
    socket = virtual(POLITE, [("consent", 100), ("greeting", 100), ("ask:a", 100), ("goodbye", 100)])

    heard = timeline(socket.leg.line, socket.leg.caller.spoken)

    has_gap = [(turn.label, turn.gap_ms is not None) for turn in heard.turns if turn.who == "agent"]
    assert has_gap == [("consent", False), ("greeting", True), ("ask:a", False), ("goodbye", True)]


def test_two_virtual_calls_are_alike_to_the_last_byte() -> None:
    first, second = virtual(POLITE), virtual(POLITE)

    assert first.leg.line.happenings == second.leg.line.happenings
    assert first.leg.line.heard_agent == second.leg.line.heard_agent
    assert first.leg.line.heard_caller == second.leg.line.heard_caller


def test_a_caller_who_interrupts_is_seen_as_a_barge_in_and_the_agent_is_cut() -> None:
    socket = virtual(
        """
        [[reply]]
        on = "ask:*"
        text = "stop"
        interrupt_after_ms = 400
        """,
        [("greeting", 100), ("ask:long", 3000), ("goodbye", 200)],
    )

    assert ("caller", "stop", "barge_in") in turns(socket)
    asked = next(turn for turn in timeline(socket.leg.line, socket.leg.caller.spoken).turns if turn.label == "ask:long")
    assert 380 <= asked.end_ms - asked.start_ms <= 480
    assert socket.leg.line.cleared_samples > 2000 * 8


def test_an_agent_that_cannot_wait_is_seen_as_a_cut_in() -> None:
    socket = virtual(
        """
        [[reply]]
        on = "consent"
        text = ["yes", "but wait"]
        pause_ms = 1000
        """,
        [("consent", 200), ("ask:x", 400), ("goodbye", 200), ("goodbye", 200)],
    )

    heard = timeline(socket.leg.line, socket.leg.caller.spoken)
    cut_in = next(turn for turn in heard.turns if turn.label == "ask:x")
    assert cut_in.interruption == "cut_in"
    assert cut_in.gap_ms is None
    assert heard.totals()["cut_ins"] == 1


def test_a_sound_of_listening_in_a_pause_of_the_answer_is_no_cut_in_and_ends_no_gap() -> None:
    socket = virtual(
        """
        [[reply]]
        on = "consent"
        text = ["yes", "but wait"]
        pause_ms = 1000
        """,
        [("consent", 200), (NOD, 300), ("goodbye", 200), ("goodbye", 200)],
    )

    heard = timeline(socket.leg.line, socket.leg.caller.spoken)
    nod = next(turn for turn in heard.turns if turn.label == NOD)
    assert (nod.interruption, nod.gap_ms) == (None, None)
    assert heard.totals()["cut_ins"] == 0
    assert next(turn for turn in heard.turns if turn.label == "goodbye").gap_ms is not None


def test_rules_are_used_in_order_and_then_the_default_speaks() -> None:
    asks = [("consent", 100), ("ask:a", 100), ("ask:b", 100), ("prompt", 100), ("goodbye", 100)]
    socket = virtual(
        """
        [[reply]]
        on = "ask:*"
        text = "first"
        [[reply]]
        on = "ask:*"
        text = "first"
        [default]
        text = "well"
        """,
        asks,
    )

    assert [reply.text for reply in socket.leg.caller.spoken] == ["well", "first", "first", "well"]


def test_keys_are_pressed_and_the_caller_hangs_up_when_the_scenario_says_so() -> None:
    agent = SmallAgent([("consent", 100), ("ask:a", 100), ("goodbye", 100)])
    text = """
        [[reply]]
        on = "consent"
        digits = "1"
        [[reply]]
        on = "ask:a"
        text = "bye"
        hang_up = true
        """
    socket = hold(agent, virtual_call(scenario(text), IDENTITY, voice=voice))

    assert agent.keys == "1"
    assert socket.leg.has_hung_up
    assert agent.protocol.is_stopped
    assert socket.leg.line.happenings[-1].kind is Kind.HUNG_UP


def test_a_caller_who_hears_nothing_loses_patience() -> None:
    socket = virtual('patience_ms = 2000\n[[reply]]\non = "never"\ntext = "x"\n', [("explain", 100)])

    assert socket.leg.has_hung_up
    assert 2000 <= socket.leg.line.at_ms <= 2300


def test_without_marks_silence_tells_the_caller_that_it_is_its_turn() -> None:
    socket = virtual_call(scenario('[default]\ntext = "hm"\nhang_up = true\n'), IDENTITY, voice=voice)
    protocol = StreamProtocol()
    is_sent = False
    while not socket.leg.has_hung_up:
        protocol.receive(socket.receive() or "")
        if not is_sent and protocol.start is not None:
            is_sent = True
            socket.send(media_stream.encode_media(IDENTITY.stream_sid, tone(500)))

    [reply] = socket.leg.caller.spoken
    assert 500 + 1500 + 600 <= reply.start / 8 <= 500 + 1500 + 600 + 60


def test_a_bad_line_loses_and_delays_frames_but_nothing_overtakes() -> None:
    agent = SmallAgent(INTERVIEW)
    bad = POLITE + "[line]\nloss = 0.1\njitter_ms = 60\nstall_every_ms = 500\nstall_ms = 200\nnoise_dbfs = -60\n"

    hold(agent, virtual_call(scenario(bad), IDENTITY, voice=voice))

    counts = agent.protocol.counters()
    assert agent.is_done
    assert counts["repeated"] == counts["malformed"] == 0
    assert counts["chunks_lost"] > 0
    assert counts["filled_ms"] == counts["chunks_lost"] * 20


def test_a_closed_virtual_socket_carries_nothing() -> None:
    socket = virtual(POLITE)

    with pytest.raises(LineGone):
        socket.receive()
    with pytest.raises(LineGone):
        socket.send("{}")


@dataclass
class Carried:
    """What the small server was asked."""

    url: str
    posts: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    agents: list[SmallAgent] = field(default_factory=list)
    upgrade_was_signed: list[bool] = field(default_factory=list)
    close_code: int = 1000


def small_app(carried: Carried) -> Flask:
    app = Flask(__name__)
    sock = Sock(app)
    public = "https://interviews.example"

    def xml(text: str) -> Response:
        return Response(text, content_type="text/xml")

    @app.before_request
    def check() -> tuple[str, int] | None:
        if request.path == "/telephony/media":
            return None
        carried.posts.append((request.full_path.removesuffix("?"), request.form.to_dict()))
        url = signature.public_url(public, request.full_path)
        return None if signature.is_signed(TOKEN, url, request.form, request.headers) else ("", 403)

    @app.post("/telephony/voice")
    def voice_hook() -> Response:
        return xml(twiml.ask_for_pin("/telephony/pin?try=1", "PIN please"))

    @app.post("/telephony/pin")
    def pin() -> Response:
        if request.args["try"] == "2" and request.form.get("Digits") != "123456":
            return xml(twiml.say_goodbye("Sorry"))
        if request.form.get("Digits") != "123456":
            return xml(twiml.ask_for_pin(f"{public}/telephony/pin?try=2", "Once more"))
        address = twiml.StreamAddress(
            "wss://interviews.example/telephony/media",
            f"{public}/telephony/stream-status",
            {"token": f"ticket {len(carried.tokens)}"},
        )
        return xml(twiml.connect_stream(address, "/telephony/after"))

    @app.post("/telephony/after")
    def after() -> Response:
        return xml(twiml.say_goodbye("So long"))

    @app.post("/telephony/stream-status")
    @app.post("/telephony/status")
    def status() -> Response:
        return Response(status=204)

    @sock.route("/telephony/media")
    def media(socket: Server) -> None:
        url = "wss://interviews.example/telephony/media"
        carried.upgrade_was_signed.append(signature.is_signed_upgrade(TOKEN, url, request.headers))
        agent = SmallAgent(INTERVIEW)
        carried.agents.append(agent)
        try:
            while not agent.is_done:
                for message in agent.answer(socket.receive()):
                    socket.send(message)
            assert agent.protocol.start is not None
            carried.tokens.append(agent.protocol.start.custom_parameters["token"])
            socket.close(carried.close_code, "")
        except ConnectionClosed:
            return

    return app


@pytest.fixture
def server() -> Iterator[Carried]:
    carried = Carried("")
    httpd = make_server("127.0.0.1", 0, small_app(carried), threaded=True)
    carried.url = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield carried
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def call(server: Carried, text: str = POLITE, **options: object) -> SimpleNamespace:
    happenings: list[str] = []
    arguments = {
        "url": server.url,
        "public_url": "https://interviews.example",
        "auth_token": TOKEN,
        "account_sid": ACCOUNT,
        "voice": voice,
        "on_happening": lambda happening: happenings.append(happening.kind),
        **options,
    }
    result = run_call(scenario(text), **arguments)  # type: ignore[arg-type]
    return SimpleNamespace(result=result, happenings=happenings)


def test_a_whole_call_goes_through_webhooks_socket_and_callbacks(server: Carried) -> None:
    began_s = time.monotonic()
    done = call(server)

    result = done.result
    assert result.problems == ()
    assert result.outcome.said == ("PIN please", "Once more", "So long")
    assert [turn.label for turn in result.timeline.turns if turn.who == "agent"] == [label for label, _ in INTERVIEW]
    assert server.tokens == ["ticket 0"]
    assert server.upgrade_was_signed == [True]
    assert [path for path, _ in server.posts] == [
        "/telephony/voice",
        "/telephony/pin?try=1",
        "/telephony/pin?try=2",
        "/telephony/stream-status",
        "/telephony/stream-status",
        "/telephony/after",
        "/telephony/status",
    ]
    assert len({form["CallSid"] for _, form in server.posts}) == 1
    assert server.posts[-1][1]["CallStatus"] == "completed"
    assert Kind.SAID in done.happenings
    assert Kind.CALLER_BEGAN in done.happenings
    assert len(result.heard_agent) == len(result.heard_caller)
    # The line runs at the wall clock's pace: no call is shorter than the audio in it.
    assert time.monotonic() - began_s >= result.timeline.duration_ms / 1000 - 0.1


def test_the_wrong_account_secret_is_named_as_the_likely_cause(server: Carried) -> None:
    with pytest.raises(CarrierError, match=r"403.*TWILIO_AUTH_TOKEN"):
        call(server, auth_token="another secret")


def test_a_server_that_is_away_is_an_error_with_its_address() -> None:
    with pytest.raises(CarrierError, match=r"127\.0\.0\.1:9 did not answer /telephony/voice"):
        call(Carried("http://127.0.0.1:9"))


def test_a_caller_without_the_right_pin_is_never_connected(server: Carried) -> None:
    result = call(server, pin="000000").result

    assert result.outcome.said == ("PIN please", "Once more", "Sorry")
    assert result.problems[-1] == "the call was never connected to a media stream"
    assert result.timeline.turns == ()


def test_a_socket_that_closes_with_an_error_is_reported_and_the_call_goes_on(server: Carried) -> None:
    server.close_code = 1011

    result = call(server).result

    assert any("1011" in problem for problem in result.problems)
    assert result.outcome.said[-1] == "So long"
    assert "stream-error" in [form.get("StreamEvent") for _, form in server.posts]


def recorded(server: Carried, path: Path) -> None:
    with path.open("w") as file:
        call(server, tape=SessionRecorder(file))


def test_a_recorded_call_can_be_replayed_and_is_answered_the_same_way(server: Carried, tmp_path: Path) -> None:
    recorded(server, tmp_path / "session.jsonl")
    rows = read_session(tmp_path / "session.jsonl")
    account = Account(ACCOUNT, TOKEN, server.url, "https://interviews.example")
    assert "ticket" not in (tmp_path / "session.jsonl").read_text(), "a recording holds no token"
    assert [row.at_ms for row in rows] == sorted(row.at_ms for row in rows)

    report = replay(rows, account, numbers=("+15550101", "+15550100"), pin="123456")

    assert report.differences == ()
    assert report.received.kinds["mark"] == len(INTERVIEW)
    assert server.tokens == ["ticket 0", "ticket 1"]
    first, second = (agent.protocol.start for agent in server.agents)
    assert first is not None
    assert second is not None
    assert first.call_sid != second.call_sid


def test_a_replay_tells_what_is_answered_differently(server: Carried, tmp_path: Path) -> None:
    with (tmp_path / "session.jsonl").open("w") as file:
        hold(SmallAgent(INTERVIEW), virtual_call(scenario(POLITE), IDENTITY, voice=voice, tape=SessionRecorder(file)))
    rows = [row for row in read_session(tmp_path / "session.jsonl") if row.message["event"] != "mark"]
    account = Account(ACCOUNT, TOKEN, server.url, "https://interviews.example")

    report = replay(rows, account, numbers=("+15550101", "+15550100"), pin="123456")

    assert any(difference.startswith("mark: 0 recorded") for difference in report.differences)


@pytest.fixture
def environ() -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "PUBLIC_BASE_URL": "https://interviews.example",
    }


def with_audio(folder: Path) -> Path:
    with wave.open(str(folder / "yes.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(struct.pack("<8000h", *(int(9000 * math.sin(n / 8)) for n in range(8000))))
    path = folder / "caller.toml"
    path.write_text('pin = "123456"\n[default]\naudio = "yes.wav"\n')
    return path


def test_the_command_line_calls_records_saves_and_replays(
    server: Carried, environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_audio(tmp_path)
    timeline_file, session, heard = tmp_path / "t.json", tmp_path / "s.jsonl", tmp_path / "heard.wav"
    options = ["--json", str(timeline_file), "--record", str(session), "--save-audio", str(heard)]

    assert command_line.main(["call", str(path), "--url", server.url, *options], environ) == 0
    assert command_line.main(["replay", str(session), "--url", server.url, "--pin", "123456"], environ) == 0

    written = json.loads(timeline_file.read_text())
    assert written["totals"]["turns"] == len(written["turns"]) == 6
    with wave.open(str(heard)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        assert file.getnframes() == written["totals"]["duration_ms"] * 8
    assert "gaps p50" in capsys.readouterr().out


def test_the_command_line_says_what_is_wrong_and_fails(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text('[[reply]]\non = "ask:*"\ntext = "x"\nafter = 3\n')

    assert command_line.main(["call", str(tmp_path / "bad.toml")], environ) == 2
    assert "line 4: [[reply]] number 1: after is not known" in capsys.readouterr().err
    assert command_line.main(["call", str(tmp_path / "bad.toml")], {}) == 2
    assert "TWILIO_ACCOUNT_SID is not set" in capsys.readouterr().err


def test_the_kept_session_is_what_the_simulator_records_today(tmp_path: Path) -> None:
    file = io.StringIO()
    hold(SmallAgent(INTERVIEW), kept_session(SessionRecorder(file)))

    assert file.getvalue() == OWN_SESSION.read_text()


def kept_session(tape: Callable[[str, str, int], None]) -> VirtualSocket:
    brief = """
        [[reply]]
        on = "consent"
        text = "y"
        after_ms = 100
        [[reply]]
        on = "ask:*"
        digits = "2"
        after_ms = 100
    """
    hanging_up = '[[reply]]\non = "goodbye"\ninterrupt_after_ms = 100\nhang_up = true\n'
    return virtual_call(scenario(brief + hanging_up), IDENTITY, voice=voice, tape=tape)
