"""Mails to users: planned in the transaction of what they tell of, written when they are sent.

The secret of a link is made at the moment of sending and is nowhere but in the mail: the database keeps its hash, and
the outbox the text without it.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from engine.adapters.time_zones import TimeZones
from engine.ports import OutgoingMessage
from engine.scheduling.messages import hour_in_words
from engine.store.account_tokens import AccountTokenRepository
from engine.store.models import Interview, User
from engine.store.outbox import OutboxRepository
from engine.store.schedule_models import OutboxMessage
from engine.store.users import UserRepository
from engine.vocabulary import AccountMail, InterviewState, MessageState
from engine.work.account_letters import AccountFacts, compose_account_mail

LIFETIMES: Final[Mapping[AccountMail, timedelta]] = {
    AccountMail.VERIFICATION: timedelta(days=3),
    AccountMail.PASSWORD_RESET: timedelta(hours=1),
    AccountMail.ACCOUNT_LOCKED: timedelta(hours=1),
}
"""Of the links in mails that have a secret one."""
PATHS: Final[Mapping[AccountMail, str]] = {
    AccountMail.VERIFICATION: "verify",
    AccountMail.PASSWORD_RESET: "reset-password",
    AccountMail.ACCOUNT_LOCKED: "unlock",
}
_NOT_KEPT: Final = "(only in the mail itself)"


def tell_user(session: Session, user: User, mail: AccountMail, now: datetime) -> None:
    """Plan a mail about the account."""
    OutboxRepository(session).plan_for_user(user, mail, now)


def tell_of_report(session: Session, interview_id: uuid.UUID, now: datetime) -> None:
    """Plan the mail that the report of an interview is ready: one, once the interview is completed, if it is wanted."""
    interview = session.get_one(Interview, interview_id, populate_existing=True)
    user = UserRepository(session).get(interview.owner_id)
    if interview.state == InterviewState.COMPLETED and user is not None and user.is_told_of_reports:
        OutboxRepository(session).plan_for_user(user, AccountMail.REPORT_READY, now, interview_id)


@dataclass(frozen=True, slots=True)
class Pages:
    """Where links of mails lead to, and whose clocks their hours are told on."""

    base_url: str
    zones: TimeZones


def claim_account_mail(
    session: Session, message: OutboxMessage, pages: Pages, now: datetime
) -> OutgoingMessage | MessageState | None:
    """Take a planned mail to a user in hand: the mail as it goes out, or what became of it instead."""
    outbox, mail = OutboxRepository(session), AccountMail(message.touch)
    user = UserRepository(session).get(message.owner_id)
    reason = _why_not(mail, user, message)
    if reason is not None or user is None:
        return MessageState.SKIPPED if outbox.move(message.id, MessageState.SKIPPED, reason=reason) else None
    if not outbox.move(message.id, MessageState.SENDING, attempts=OutboxMessage.attempts + 1):
        return None
    token = _secret(session, user, mail, now)
    facts = _facts(user, message, pages, token, now)
    composed = compose_account_mail(mail, facts)
    kept = composed.text.replace(token, _NOT_KEPT) if token else composed.text
    message.subject, message.body = composed.subject, kept
    return OutgoingMessage(
        id=str(message.id),
        recipient=message.recipient,
        subject=composed.subject,
        text=composed.text,
        html=composed.html,
        action_url=facts.link if token else "",
    )


def _why_not(mail: AccountMail, user: User | None, message: OutboxMessage) -> str | None:
    """Why a planned mail must not go out any more, in words; None when it may."""
    if user is None or not user.is_active:
        return "The account is closed."
    if mail is AccountMail.VERIFICATION and user.verified_at is not None:
        return "The address is confirmed already."
    if mail is AccountMail.REPORT_READY and not user.is_told_of_reports:
        return "These mails were switched off."
    if message.interview is not None and message.interview.deleted_at is not None:
        return "The interview was deleted."
    return None


def _secret(session: Session, user: User, mail: AccountMail, now: datetime) -> str:
    lifetime = LIFETIMES.get(mail)
    return AccountTokenRepository(session).issue(user.id, mail, lifetime, now) if lifetime else ""


def _facts(user: User, message: OutboxMessage, pages: Pages, token: str, now: datetime) -> AccountFacts:
    mail = AccountMail(message.touch)
    rules = pages.zones.rules(user.time_zone)
    expires = hour_in_words(now + LIFETIMES[mail], rules, user.time_zone) if token else ""
    path = f"{PATHS[mail]}/{token}" if token else ""
    if message.interview_id is not None:
        path = f"interviews/{message.interview_id}/report"
    return AccountFacts(
        first_name=user.first_name,
        base_url=pages.base_url,
        asked=hour_in_words(message.created_at, rules, user.time_zone),
        expires=expires,
        link=f"{pages.base_url}/{path}",
        title=message.interview.title if message.interview is not None else "",
    )
