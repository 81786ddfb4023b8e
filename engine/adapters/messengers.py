"""Which adapter carries mails and text messages, by the settings; SMS from outside is handed in."""

from typing import TextIO

from engine.adapters.outbox_folder import OutboxFolder
from engine.adapters.smtp_mail import SmtpMail
from engine.config import Settings
from engine.ports import Messenger
from engine.vocabulary import Channel


def build_messengers(
    settings: Settings, sms: Messenger | None = None, terminal: TextIO | None = None
) -> dict[Channel, Messenger]:
    """A messenger for each channel. sms: used in place of the outbox folder. terminal: where a person looks on."""
    wanted = settings.messages
    mail: Messenger = (
        SmtpMail(wanted.smtp_url, wanted.mail_from)
        if wanted.smtp_url
        else OutboxFolder(settings.outbox_dir, Channel.EMAIL, wanted.mail_from, terminal)
    )
    return {
        Channel.EMAIL: mail,
        Channel.SMS: sms or OutboxFolder(settings.outbox_dir, Channel.SMS, wanted.mail_from),
    }
