"""The false Deepgram is as strict as the real one: what the vendor refuses does not pass here either."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from deepgram import DeepgramClient, DeepgramClientEnvironment
from deepgram.speak.v1.types import SpeakV1Text
from deepgram.speak.v2.types import SpeakV2Speak
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from engine.audio import mulaw
from tests.fakes import tone_speech
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.wire_faults import Fault

LINE = "encoding=mulaw&sample_rate=8000"
FLUX = f"/v2/listen?model=flux-general-en&{LINE}"


@pytest.fixture
def server() -> Iterator[DeepgramServer]:
    with DeepgramServer() as running:
        yield running


@pytest.fixture
def client(server: DeepgramServer) -> Iterator[DeepgramClient]:
    environment = DeepgramClientEnvironment(
        base=server.rest_url, production=server.socket_url, agent=server.socket_url, agent_rest=server.rest_url
    )
    with httpx.Client() as http:
        yield DeepgramClient(api_key=KEY, environment=environment, httpx_client=http)


def opened(server: DeepgramServer, address: str, key: str = f"Token {KEY}") -> ClientConnection:
    return connect(server.socket_url + address, additional_headers={"Authorization": key})


@pytest.mark.parametrize(
    ("address", "key", "status"),
    [
        (f"/v1/listen?model=nova-3&{LINE}", "Token wrong", 401),
        (f"/v1/listen?model=nova-3&{LINE}", KEY, 401),
        (f"/v3/listen?model=nova-3&{LINE}", f"Token {KEY}", 404),
        (f"/v1/listen?{LINE}", f"Token {KEY}", 400),
        (f"/v1/listen?model=nova-3&{LINE}&container=none", f"Token {KEY}", 400),
        (f"/v1/listen?model=nova-3&{LINE}&utterance_end_ms=1000", f"Token {KEY}", 400),
        (f"/v1/listen?model=nova-3&{LINE}&interim_results=true&utterance_end_ms=500", f"Token {KEY}", 400),
        ("/v1/listen?model=nova-3&encoding=mulaw", f"Token {KEY}", 400),
        (f"/v1/listen?model=nova-3&{LINE}&interim_results=True", f"Token {KEY}", 400),
        (f"/v2/listen?model=nova-3&{LINE}", f"Token {KEY}", 400),
        (f"/v2/listen?model=flux-general-en&{LINE}&interim_results=true", f"Token {KEY}", 400),
        (f"/v2/listen?model=flux-general-en&{LINE}&eager_eot_threshold=0.8", f"Token {KEY}", 400),
        (f"/v1/speak?model=aura-2-thalia-en&{LINE}&container=none", f"Token {KEY}", 400),
        ("/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=11025", f"Token {KEY}", 400),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason(
    server: DeepgramServer, address: str, key: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        opened(server, address, key)
    assert caught.value.response.status_code == status
    assert caught.value.response.headers["dg-error"]


def test_an_empty_binary_message_ends_the_stream_and_is_noted(server: DeepgramServer) -> None:
    with opened(server, f"/v1/listen?model=nova-3&{LINE}") as connection:
        connection.send(b"")
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=5)
    assert server.counted.violations == ["an empty binary message"]


@pytest.mark.parametrize("path", ["/v1/listen?model=nova-3", "/v2/listen?model=flux-general-en"])
def test_a_message_of_an_unknown_type_is_answered_with_an_error(server: DeepgramServer, path: str) -> None:
    with opened(server, f"{path}&{LINE}") as connection:
        connection.send("[]")
        answer = connection.recv(timeout=5)
        while '"Connected"' in str(answer):
            answer = connection.recv(timeout=5)
    assert '"SchemaError"' in str(answer) and server.counted.violations


def test_flux_knows_no_keep_alive_and_no_finalize(server: DeepgramServer) -> None:
    with opened(server, f"/v2/listen?model=flux-general-en&{LINE}") as connection:
        for kind in ("KeepAlive", "Finalize"):
            connection.send(f'{{"type":"{kind}"}}')
        for _ in range(3):
            connection.recv(timeout=5)
    assert len(server.counted.violations) == 2


def spoken_until(connection: Any, last: str) -> tuple[bytes, list[str]]:
    audio, kinds = bytearray(), []
    while True:
        message = connection.recv()
        if isinstance(message, bytes):
            audio += message
            continue
        kinds.append(message.type)
        if message.type == last:
            return bytes(audio), kinds


def test_the_first_voice_socket_speaks_flushes_and_clears(server: DeepgramServer, client: DeepgramClient) -> None:
    server.plan("/v1/speak", Fault("late_audio"))
    with client.speak.v1.connect(model="aura-2-thalia-en", encoding="mulaw", sample_rate=8000) as connection:
        connection.send_text(SpeakV1Text(text="index table"))
        connection.send_flush()
        audio, _ = spoken_until(connection, "Flushed")
        assert audio == tone_speech.speak("index table")
        connection.send_text(SpeakV1Text(text="query"))
        connection.send_clear()
        late, _ = spoken_until(connection, "Cleared")
        assert late
        connection.send_flush()
        assert spoken_until(connection, "Flushed")[0] == b""
    assert server.wait_for(lambda _: server.counted.characters == len("index table") + len("query"))
    assert server.counted.violations == []


def test_more_flushes_than_allowed_are_warned_of(server: DeepgramServer, client: DeepgramClient) -> None:
    with client.speak.v1.connect(model="aura-2-thalia-en", encoding="mulaw", sample_rate=8000) as connection:
        for _ in range(21):
            connection.send_flush()
        kinds = [connection.recv().type for _ in range(22)]  # type: ignore[union-attr]
    assert Counter(kinds) == {"Metadata": 1, "Flushed": 20, "Warning": 1}


def test_the_second_voice_socket_speaks_in_turns_that_may_be_interrupted(
    server: DeepgramServer, client: DeepgramClient
) -> None:
    server.plan("/v2/speak", Fault("delay", at=10, seconds=0.3))
    with client.speak.v2.connect(model="flux-haley-en", encoding="mulaw", sample_rate=8000) as connection:
        connection.send_speak(SpeakV2Speak(text="index table"))
        connection.send_flush()
        audio, kinds = spoken_until(connection, "SpeechMetadata")
        assert audio == tone_speech.speak("index table")
        assert sorted(kinds) == ["Connected", "Flushed", "SpeechMetadata", "SpeechStarted"]
        connection.send_speak(SpeakV2Speak(text="query lock page cache thread queue stack heap"))
        connection.send_flush()
        assert isinstance([connection.recv() for _ in range(3)][-1], bytes)
        connection.send_interrupt()
        cut, _ = spoken_until(connection, "SpeechInterrupted")
        assert len(cut) < len(tone_speech.speak("lock page cache thread queue stack heap"))
        connection.send_interrupt()
        assert spoken_until(connection, "Warning")[0] == b"", "nothing is being said any more"


def test_the_second_voice_socket_takes_speeds_in_twentieths(server: DeepgramServer) -> None:
    for speed in ("1.13", "1.55", "0.45"):
        with pytest.raises(InvalidStatus):
            opened(server, f"/v2/speak?model=flux-haley-en&{LINE}&speed={speed}")
    with opened(server, f"/v2/speak?model=flux-haley-en&{LINE}&speed=1.15") as connection:
        assert '"Connected"' in str(connection.recv(timeout=5))


def test_a_whole_recording_is_transcribed_and_counted(server: DeepgramServer, client: DeepgramClient) -> None:
    audio = tone_speech.speak("index table query")
    reply = client.listen.v1.media.transcribe_file(
        request=audio,
        model="nova-3",
        smart_format=True,
        request_options={"additional_query_parameters": {"encoding": "mulaw", "sample_rate": 8000}},
    )
    assert reply.results.channels[0].alternatives[0].transcript == "index table query"  # type: ignore[union-attr,index]
    assert server.counted.audio_bytes == len(audio)


@pytest.mark.parametrize("address", [f"/v1/listen?model=nova-3&interim_results=true&endpointing=300&{LINE}", FLUX])
def test_interim_results_that_take_long_hold_nothing_up_and_never_follow_the_final(address: str) -> None:
    began, go_on = threading.Event(), threading.Event()

    def glance(audio: bytes) -> list[tuple[str, float, float]]:
        began.set()
        go_on.wait(5)
        return tone_speech.hear(audio)

    text = "index table query lock page cache thread queue"
    with DeepgramServer(glance=glance) as server, opened(server, address) as connection:
        connection.send(tone_speech.speak(text) + mulaw.silence(8000))
        events = []
        while not any(text in str(event) for event in events):
            events.append(json.loads(connection.recv(timeout=5)))
        assert began.wait(5)
        go_on.set()
        connection.send('{"type":"CloseStream"}')
        after = [json.loads(message) for message in connection]

    assert not any("query" in str(event) for event in after)
