"""A call's recording as the browser wants it: a 16-bit WAV file of which any range of bytes may be asked for.

What lies on disk is mu-law at half the size. Nothing is converted ahead: each range is decoded while it is sent.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from flask import Response, request
from werkzeug.datastructures import ContentRange
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from engine.adapters.recording_files import open_recording
from engine.errors import NotFound, ProtocolError

HEADER_BYTES = 44
SAMPLE_BYTES = 2
PIECE_FRAMES = 16_000
_PCM = 1


class PcmSource(Protocol):
    """Decoded audio at random access. One frame is one sample of each channel."""

    channels: int
    sample_rate_hz: int
    frames: int

    def read(self, frame: int, count: int) -> bytes:
        """`count` frames from `frame` on, 16-bit little-endian, channels interleaved; fewer at the end."""


def wav_size(source: PcmSource) -> int:
    return HEADER_BYTES + source.frames * source.channels * SAMPLE_BYTES


def wav_header(source: PcmSource) -> bytes:
    """The 44 bytes before the samples of a PCM WAV file (RIFF, "fmt ", "data")."""
    frame_bytes = source.channels * SAMPLE_BYTES
    data_bytes = source.frames * frame_bytes
    layout = (_PCM, source.channels, source.sample_rate_hz, source.sample_rate_hz * frame_bytes, frame_bytes)
    return (
        struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE")
        + struct.pack("<4sIHHIIHH", b"fmt ", 16, *layout, 8 * SAMPLE_BYTES)
        + struct.pack("<4sI", b"data", data_bytes)
    )


def wav_bytes(source: PcmSource, start: int, stop: int) -> Iterator[bytes]:
    """Bytes `start` up to `stop` of the WAV file, in pieces."""
    if start < HEADER_BYTES:
        yield wav_header(source)[start:stop]
        start = HEADER_BYTES
    frame_bytes = source.channels * SAMPLE_BYTES
    while start < stop:
        frame, skipped = divmod(start - HEADER_BYTES, frame_bytes)
        wanted = min(PIECE_FRAMES, -(-(stop - HEADER_BYTES) // frame_bytes) - frame)
        piece = source.read(frame, wanted)[skipped : skipped + stop - start]
        if not piece:
            return
        yield piece
        start += len(piece)


def recording_response(recordings_dir: Path, path: str) -> Response:
    """Answer the request in hand with a recording, whole or the range asked for.

    path: relative to recordings_dir. Raises NotFound when the file is gone, is no recording, or lies elsewhere.
    """
    file = (recordings_dir / path).resolve()
    if not file.is_relative_to(recordings_dir.resolve()) or not file.is_file():
        raise NotFound("The recording is no longer there.")
    try:
        source = open_recording(file)
    except ProtocolError as error:
        raise NotFound("The recording cannot be read.") from error
    total = wav_size(source)
    try:
        wanted = _wanted_range(total)
    except RequestedRangeNotSatisfiable:
        source.close()
        raise
    start, stop = wanted or (0, total)
    response = Response(wav_bytes(source, start, stop), mimetype="audio/wav")
    response.call_on_close(source.close)
    if wanted:
        response.status_code = 206
        response.content_range = ContentRange("bytes", start, stop, total)
    response.content_length = stop - start
    response.accept_ranges = "bytes"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _wanted_range(total: int) -> tuple[int, int] | None:
    """The one range that the request asks for; None for the whole file.

    Several ranges at once would need a multipart answer, which no player asks for; the whole file is a valid reply.
    """
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    chosen = wanted.range_for_length(total)
    if chosen is None:
        raise RequestedRangeNotSatisfiable(length=total)
    return chosen
