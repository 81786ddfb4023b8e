"""The session's line over Flask-Sock: text in, text out, and one exception for every way a socket can end."""

from simple_websocket import ConnectionClosed, Server

from telephony.line_errors import LineGone


class WebsocketLine:
    """A simple_websocket server socket as telephony.session.Line."""

    def __init__(self, socket: Server) -> None:
        self._socket = socket

    def receive(self, timeout_s: float) -> str | None:
        """The next message, or None when there was none in time. Binary messages are handed on as undecodable text."""
        try:
            message = self._socket.receive(timeout=timeout_s)
        except (ConnectionClosed, OSError) as error:
            raise LineGone(_closed(error)) from error
        if isinstance(message, bytes):
            return ""  # counted as malformed: Media Streams are text
        return None if message is None else str(message)

    def send(self, text: str) -> None:
        try:
            self._socket.send(text)
        except (ConnectionClosed, OSError) as error:
            raise LineGone(_closed(error)) from error

    def close(self, code: int, reason: str) -> None:
        try:
            self._socket.close(code, reason)
        except (ConnectionClosed, OSError) as error:
            raise LineGone(_closed(error)) from error


def _closed(error: Exception) -> str:
    return f"closed with code {error.reason}" if isinstance(error, ConnectionClosed) else type(error).__name__


def refuse_compression(environ: dict[str, object]) -> None:
    """Take the offer of permessage-deflate out of a handshake.

    Base64 of mu-law does not compress, and the shared compressor state makes a second writer fatal.
    """
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
