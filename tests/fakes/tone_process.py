"""A speech process whose engines know tones only: started by SpeechProcess in place of the real one."""

import argparse
import socket
import sys
from dataclasses import dataclass

from engine.adapters.speech_messages import receive_message, send_message
from tests.fakes import tone_speech


@dataclass(frozen=True, slots=True)
class ToneCommand:
    """Stands in for SpeechCommand."""

    def line(self, descriptor: int) -> list[str]:
        return [sys.executable, "-m", "tests.fakes.tone_process", "--socket", str(descriptor)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True)
    connection = socket.socket(fileno=parser.parse_args().socket)
    send_message(connection, {"kind": "ready", "speech_to_text": "tones", "text_to_speech": "tones"})
    while (message := receive_message(connection)) is not None:
        header, body = message
        request = {"id": header.get("id")}
        if header["kind"] == "transcribe":
            words = [[word, int(start * 1000), int(end * 1000), 0.9] for word, start, end in tone_speech.hear(body)]
            text = " ".join(str(word[0]) for word in words)
            send_message(connection, request | {"kind": "transcribed", "text": text, "words": words})
        elif header["kind"] == "synthesise":
            send_message(connection, request | {"kind": "audio"}, tone_speech.speak(header["text"]))
            send_message(connection, request | {"kind": "spoken"})


if __name__ == "__main__":
    main()
