"""Mail over SMTP, by the standard library."""

import contextlib
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from engine.adapters.mail_form import as_mail
from engine.errors import DeliveryUnknown, MessageDelayed, MessageRefused
from engine.ports import OutgoingMessage

TIMEOUT_S = 20.0
_FOR_GOOD = 500
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class SmtpMail:
    """Sends each mail over a connection of its own: there are few, and a kept one is closed by servers at will."""

    name = "smtp"

    def __init__(
        self, url: str, sender: str, *, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None
    ) -> None:
        """url: smtp://, smtp+starttls:// or smtps://, with user and password percent-encoded where there are any."""
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender
        self._timeout_s = timeout_s
        self._tls = tls

    def send(self, message: OutgoingMessage) -> str | None:
        mail = as_mail(message, self._sender, datetime.now(UTC))
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:  # SMTPException is an OSError by accident of history only
            raise MessageDelayed("The mail server could not be reached, or refused the login. See SMTP_URL.") from error
        with contextlib.closing(server):
            self._hand_over(server, mail)
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()  # the mail is accepted by now, whatever becomes of the farewell
        return str(mail["Message-ID"])

    def close(self) -> None:
        """Nothing is kept open."""

    def _connected(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout_s, context=self._tls or ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)
        if self._scheme == "smtp+starttls":
            server.starttls(context=self._tls or ssl.create_default_context())
        if self._user:
            server.login(self._user, self._password)
        return server

    def _hand_over(self, server: smtplib.SMTP, mail: EmailMessage) -> None:
        try:
            server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _by_code(max(codes, default=550), "The mail server does not take mail to this address.") from error
        except smtplib.SMTPResponseException as error:
            raise _by_code(error.smtp_code, "The mail server does not take this mail.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryUnknown("The connection to the mail server broke while a mail was handed over.") from error


def _by_code(code: int, text: str) -> MessageRefused | MessageDelayed:
    """5xx is for good, 4xx for now (RFC 5321, 4.2.1)."""
    return MessageRefused(text) if code >= _FOR_GOOD else MessageDelayed(text)
