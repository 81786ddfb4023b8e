"""Messages into a folder in place of the world: mails as .eml files that mail programs open, texts as .txt."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from engine.adapters.mail_form import as_mail
from engine.errors import MessageDelayed
from engine.ports import OutgoingMessage
from engine.vocabulary import Channel


class OutboxFolder:
    """What would be sent, for one channel. The files are for whoever runs the server, nobody else on the machine."""

    name = "folder"

    def __init__(self, folder: Path, channel: Channel, sender: str, terminal: TextIO | None = None) -> None:
        """terminal: shows the link of a message whose reader cannot go on without it. Never a log: links are secret."""
        self._folder = folder
        self._terminal = terminal
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
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            part.replace(self._folder / name)
        except OSError as error:
            raise MessageDelayed("The outbox folder below DATA_DIR cannot be written. Check its disk.") from error
        if self._terminal is not None and message.action_url:
            print(f"\n{message.subject} (no mail server is set up, see SMTP_URL):", file=self._terminal)
            print(f"  {message.action_url}\n", file=self._terminal, flush=True)
        return None

    def close(self) -> None:
        """Nothing is kept open."""
