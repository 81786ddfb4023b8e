"""Messages into a folder in place of the world: mails as .eml files that mail programs open, texts as .txt."""

from datetime import UTC, datetime
from pathlib import Path

from engine.adapters.mail_form import as_mail
from engine.errors import MessageDelayed
from engine.ports import OutgoingMessage
from engine.vocabulary import Channel


class OutboxFolder:
    """What would be sent, for one channel; the dashboard shows the same on its outbox page."""

    name = "folder"

    def __init__(self, folder: Path, channel: Channel, sender: str) -> None:
        self._folder = folder
        self._channel = channel
        self._sender = sender

    def send(self, message: OutgoingMessage) -> str | None:
        """Write the message; a second attempt at the same one replaces its file. Raises MessageDelayed."""
        if self._channel is Channel.EMAIL:
            name, content = f"{message.id}.eml", as_mail(message, self._sender, datetime.now(UTC)).as_bytes()
        else:
            name, content = f"{message.id}.txt", f"To: {message.recipient}\n\n{message.text}\n".encode()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f"{name}.part"
            part.write_bytes(content)
            part.replace(self._folder / name)
        except OSError as error:
            raise MessageDelayed("The outbox folder below DATA_DIR cannot be written. Check its disk.") from error
        return None

    def close(self) -> None:
        """Nothing is kept open."""
