"""A message as mail: text and HTML, the calendar file, and the headers that mail programs and filters look for."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from engine.ports import OutgoingMessage


def as_mail(message: OutgoingMessage, sender: str, now: datetime) -> EmailMessage:
    """The mail: multipart/alternative in multipart/mixed where a calendar file goes along. No pictures, no tracking.

    sender: as in `Vivavoce <interviews@example.org>`. The Message-ID is made from the message's own id, so that a
    second copy of it can be recognised as one.
    """
    name, address = parseaddr(sender)
    domain = address.rpartition("@")[2] or "localhost"
    mail = EmailMessage()
    mail["From"] = Address(name, addr_spec=address) if name else address
    mail["To"] = message.recipient
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(message.text, cte="quoted-printable")
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    if message.calendar:
        # Calendar programs act on the alternative part; people without one can open the attachment.
        text = message.calendar.decode()
        mail.add_alternative(
            text, subtype="calendar", params={"method": message.calendar_method}, cte="quoted-printable"
        )
        mail.add_attachment(message.calendar, maintype="text", subtype="calendar", filename="interview.ics")
    return mail
