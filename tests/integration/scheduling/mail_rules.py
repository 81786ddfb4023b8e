"""What every mail of ours must satisfy, whoever gets it."""

import email
import email.policy
import email.utils
import re
from datetime import datetime
from email.message import EmailMessage

from engine.adapters.mail_form import as_mail
from engine.ports import OutgoingMessage

SENDER = "Vivavoce <interviews@example.org>"


def parsed(message: OutgoingMessage, now: datetime) -> EmailMessage:
    """The mail as its receiver's program reads it."""
    made = as_mail(message, SENDER, now).as_bytes()
    return email.message_from_bytes(made, policy=email.policy.default)  # type: ignore[return-value]


def mail_faults(message: OutgoingMessage, now: datetime, site: str) -> list[str]:
    """Everything that filters or readers would stumble over, in words. site: scheme and host of our pages."""
    mail = parsed(message, now)
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    if plain is None or page is None:
        return [f"no text and HTML part: {kinds}"]
    text, html = plain.get_content(), page.get_content()
    in_text, in_html = (set(re.findall(r"https?://[^\s\"<>]+", content)) for content in (text, html))
    checks = {
        "no Message-ID of the sender's domain": not mail["Message-ID"].endswith("@example.org>"),
        "no right Date": email.utils.parsedate_to_datetime(mail["Date"]) != now,
        "not from us to the recipient": (mail["From"], mail["To"]) != (SENDER, message.recipient),
        "not marked as automatic": mail["Auto-Submitted"] != "auto-generated",
        f"other parts than text and HTML first: {kinds}": kinds[:2] != ["text/plain", "text/html"],
        "something that is loaded or runs": bool(re.search(r"<(img|script|style|iframe|form|link)", html)),
        f"links to elsewhere: {in_html}": any(not link.startswith(f"{site}/") for link in in_html),
        f"links that are not in both parts: {in_text ^ in_html}": in_text != in_html or not in_text,
        "a line that is too long": any(len(line) > 998 for line in mail.as_bytes().split(b"\n")),
        "a subject that is too long": len(mail["Subject"]) > 120,
    }
    return [fault for fault, holds in checks.items() if holds]
