"""The line over a real socket pair; the far end speaks through an independent websocket implementation."""

import socket
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest
from websockets.frames import Frame, Opcode

from telephony.line_errors import LineGone
from telephony.websocket_line import QUIET_S, QuietWatch, WebsocketLine


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    with closing(ours), closing(theirs):
        yield ours, theirs


def line_over(ours, watch=None):
    return WebsocketLine(SimpleNamespace(sock=ours, connected=True), watch or QuietWatch())


def say(theirs, text):
    theirs.sendall(Frame(Opcode.TEXT, text.encode()).serialize(mask=True))


def test_messages_that_arrive_together_are_received_one_by_one(ends):
    ours, theirs = ends
    line = line_over(ours)
    say(theirs, "one")
    say(theirs, "two")
    assert [line.receive(), line.receive()] == ["one", "two"]
    line.send("three")
    assert theirs.recv(100) == b"\x81\x05three"


def test_a_ping_is_answered_while_waiting_for_a_message(ends):
    ours, theirs = ends
    line = line_over(ours)
    theirs.sendall(Frame(Opcode.PING, b"?").serialize(mask=True))
    say(theirs, "words")
    assert line.receive() == "words"
    assert theirs.recv(100) == b"\x8a\x01?"


def test_a_close_is_answered_with_its_code_and_ends_the_line(ends):
    ours, theirs = ends
    line = line_over(ours)
    theirs.sendall(Frame(Opcode.CLOSE, b"\x03\xe9").serialize(mask=True))
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(LineGone, match="1001"):
        line.receive()
    assert theirs.recv(100) == b"\x88\x02\x03\xe9"
    for act in (line.receive, lambda: line.send("late"), lambda: line.close(1000, "")):
        with pytest.raises(LineGone):
            act()


def test_a_peer_that_breaks_the_protocol_is_told_why(ends):
    ours, theirs = ends
    line = line_over(ours)
    theirs.sendall(b"\x81\x01x")
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(LineGone, match="masked"):
        line.receive()
    assert theirs.recv(200)[2:4] == (1002).to_bytes(2, "big")


def test_a_peer_that_is_gone_is_an_end_of_the_line(ends):
    ours, theirs = ends
    line = line_over(ours)
    theirs.close()
    with pytest.raises(LineGone):
        line.receive()


def test_our_close_is_not_lost_although_the_peer_is_still_sending(ends):
    ours, theirs = ends
    line = line_over(ours)
    say(theirs, "a frame that nobody reads any more")
    closing_line = threading.Thread(target=line.close, args=(1000, "done"))
    closing_line.start()
    assert theirs.recv(100) == b"\x88\x06\x03\xe8done"
    theirs.close()
    closing_line.join(5)
    assert not closing_line.is_alive()


def test_a_line_that_falls_quiet_is_given_up_and_may_still_say_farewell(ends):
    ours, theirs = ends
    watch = QuietWatch()
    line = line_over(ours, watch)
    say(theirs, "hello")
    assert line.receive() == "hello"
    ended = []

    def wait() -> None:
        try:
            line.receive()
        except LineGone as gone:
            ended.append(str(gone))

    waiting = threading.Thread(target=wait)
    waiting.start()
    for _ in range(QUIET_S):
        watch.look()
    assert not ended  # the message before counted for the first second
    watch.look()
    waiting.join(5)
    assert ended == ["no frames"]


def test_a_peer_that_does_not_read_cannot_hold_up_the_close(ends):
    ours, _theirs = ends
    line = line_over(ours)
    failures = []

    def send_too_much() -> None:
        try:
            line.send("x" * 4_000_000)
        except LineGone as gone:
            failures.append(gone)

    blocked = threading.Thread(target=send_too_much)
    blocked.start()
    while blocked.is_alive() and not line._sending.locked():
        pass
    line.close(1011, "enough")
    blocked.join(5)
    assert len(failures) == 1
