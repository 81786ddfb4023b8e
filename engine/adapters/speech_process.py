"""The speech process: the models in a program of their own, so that the media loop never waits for them.

Started by speech_client as `python -m engine.adapters.speech_process --socket FD`, with one end of a socket pair. It
loads its models, says `ready`, answers requests, and leaves when the other end closes, which also happens when the web
process is killed. One thread recognises, one speaks, one reads quickly what is being said, one takes requests.

Requests: transcribe (terms, with_times, is_final; body: mu-law), partial (body: mu-law), synthesise (text, speed),
usage, cancel; each with an id. Replies: ready (speech_to_text, text_to_speech), offers (kinds that are served beyond
what ready promised: `partial`, once its model is loaded), then per id transcribed (text, words), audio (body: mu-law),
spoken, used (cpu_s of the whole process), failed (reason).
"""

import argparse
import itertools
import logging
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.adapters.speech_messages import Header, receive_message, send_message
from engine.errors import ProtocolError, UpstreamUnavailable

logger = logging.getLogger(__name__)

NICENESS = 5
"""Speech gives way to the media loop, which needs little but needs it on time."""
_LEAVE_S = 1.0
_FINAL, _PARTIAL, _LAST = 0, 1, 2


class _Worker:
    """One thread that handles requests one at a time: finals before partials, else first come, first served."""

    def __init__(self, handle: Callable[[Header, bytes], None], fail: Callable[[int, str], None]) -> None:
        self._handle = handle
        self._fail = fail
        self._requests: queue.PriorityQueue[tuple[int, int, Header | None, bytes]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._accepted: set[int] = set()
        self._cancelled: set[int] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def submit(self, header: Header, body: bytes) -> None:
        urgency = _FINAL if header.get("is_final", True) else _PARTIAL
        self._accepted.add(header["id"])
        self._requests.put((urgency, next(self._order), header, body))

    def cancel(self, request: int) -> None:
        """Leave a request out, or break it off; one that is done or unknown is no matter."""
        if request in self._accepted:
            self._cancelled.add(request)

    def is_cancelled(self, request: int) -> bool:
        return request in self._cancelled

    def _run(self) -> None:
        while True:
            _, _, header, body = self._requests.get()
            if header is None:
                return
            request = header["id"]
            try:
                if request not in self._cancelled:
                    self._handle(header, body)
            except OSError:
                return  # the web process is gone, and the reading thread is about to notice
            except Exception as error:
                logger.exception("a speech request failed")
                self._fail(request, type(error).__name__)
            finally:
                self._accepted.discard(request)
                self._cancelled.discard(request)

    def stop(self) -> None:
        """Leave out what waits, and wait a little for what is under way: models dislike being torn down at work."""
        self._cancelled.update(self._accepted)
        self._requests.put((_LAST, next(self._order), None, b""))
        self._thread.join(_LEAVE_S)


class _Server:
    """Reads requests, hands them to the workers, and sends replies one at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._workers: dict[str, _Worker] = {}

    def reply(self, header: Header, body: bytes = b"") -> None:
        with self._sending:
            send_message(self._connection, header, body)

    def fail(self, request: int, reason: str) -> None:
        self.reply({"kind": "failed", "id": request, "reason": reason})

    def offer(self, kind: str, handle: Callable[[Header, bytes], None]) -> _Worker:
        worker = _Worker(handle, self.fail)
        self._workers[kind] = worker
        return worker

    def serve(self) -> None:
        """Until the other side closes."""
        while (message := receive_message(self._connection)) is not None:
            header, body = message
            kind = header.get("kind")
            if kind == "cancel":
                for worker in list(self._workers.values()):
                    worker.cancel(header["id"])
            elif kind == "usage":
                self.reply({"kind": "used", "id": header["id"], "cpu_s": time.process_time()})
            elif kind in self._workers:
                self._workers[kind].submit(header, body)
            else:
                self.fail(header.get("id", 0), f"the speech process does not offer {kind!r}")
        for worker in list(self._workers.values()):
            worker.stop()


def _offer_speech_to_text(server: _Server, model_dir: Path | None) -> str:
    # Imported here, since a process that only speaks need not carry this model's runtime.
    from engine.adapters.local_whisper import LocalWhisper

    whisper = LocalWhisper(model_dir)
    whisper.transcribe(b"\xff" * 8000)

    def transcribe(header: Header, body: bytes) -> None:
        transcript = whisper.transcribe(body, terms=header["terms"], with_times=header["with_times"])
        words = [[word.text, word.start_ms, word.end_ms, word.confidence] for word in transcript.words]
        server.reply({"kind": "transcribed", "id": header["id"], "text": transcript.text, "words": words})

    server.offer("transcribe", transcribe)
    return "whisper"


def _offer_partials(server: _Server) -> None:
    """Load the quick reader, beside the work that goes on already. Without it words come when a stretch is over."""
    from engine.adapters.local_moonshine import LocalMoonshine

    try:
        reader = LocalMoonshine()
        reader.read(b"\xff" * 8000)
    except UpstreamUnavailable as error:
        logger.warning("words so far come late", extra={"reason": str(error)})
        return

    def read(header: Header, body: bytes) -> None:
        server.reply({"kind": "transcribed", "id": header["id"], "text": reader.read(body), "words": []})

    server.offer("partial", read)
    try:
        server.reply({"kind": "offers", "id": 0, "kinds": ["partial"]})
    except OSError:
        logger.debug("the web process left while a model was being loaded")


def _offer_text_to_speech(server: _Server) -> str:
    # Imported here, since a process that only listens need not carry this voice's runtime.
    from engine.adapters.local_hibari import VOICE, HibariVoice

    voice = HibariVoice()

    def synthesise(header: Header, _body: bytes) -> None:
        request = header["id"]
        for chunk in voice.synthesise(header["text"], speed=header["speed"]):
            if worker.is_cancelled(request):
                return
            server.reply({"kind": "audio", "id": request}, chunk)
        server.reply({"kind": "spoken", "id": request})

    worker = server.offer("synthesise", synthesise)
    return f"hibari-{VOICE}"


def _load(server: _Server, options: argparse.Namespace) -> tuple[str | None, str | None]:
    """The names of what hears and what speaks. Both are loaded at once: no call can begin before both are there."""
    with ThreadPoolExecutor(2) as loaders:
        hears = loaders.submit(_offer_speech_to_text, server, options.model_dir) if options.speech_to_text else None
        speaks = loaders.submit(_offer_text_to_speech, server) if options.text_to_speech else None
    return hears.result() if hears else None, speaks.result() if speaks else None


def main(arguments: list[str]) -> int:
    """The program. Exit status: 0 when told to leave by a closed socket, 1 when a model cannot be loaded."""
    parser = argparse.ArgumentParser(prog="speech_process")
    parser.add_argument("--socket", type=int, required=True, metavar="FD")
    parser.add_argument("--speech-to-text", action="store_true")
    parser.add_argument("--text-to-speech", action="store_true")
    parser.add_argument("--model-dir", type=Path, default=None)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    os.nice(NICENESS)
    with socket.socket(fileno=options.socket) as connection:
        connection.setblocking(True)  # a gevent parent leaves its sockets non-blocking, and that is inherited
        server = _Server(connection)
        try:
            hears, speaks = _load(server, options)
        except UpstreamUnavailable as error:
            server.reply({"kind": "failed", "id": 0, "reason": str(error)})
            return 1
        try:
            server.reply({"kind": "ready", "speech_to_text": hears, "text_to_speech": speaks})
            if options.speech_to_text:
                threading.Thread(target=_offer_partials, args=(server,), daemon=True).start()
            server.serve()
        except (OSError, ProtocolError):
            logger.warning("the connection to the web process broke")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
