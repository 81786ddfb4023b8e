"""What users read in mails about their account and their reports. No names or scores of candidates are in them."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.scheduling.messages import Composed, letter
from engine.vocabulary import AccountMail

_SIGNATURE = "Vivavoce"
_LET_IT_BE = "If it was not you, there is nothing to do: without the link nothing changes."
_FOR_YOU_ALONE = "The link is for you alone: whoever has it can open your account. Nobody of ours ever asks for it."


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What a mail to a user speaks of."""

    first_name: str
    base_url: str
    """Scheme and host of the pages."""
    asked: str
    """When the mail was asked for, or what it tells of came about, in words."""
    expires: str
    """When its link runs out, in words; empty for a mail without a secret link."""
    link: str
    """Where to go on."""
    title: str
    """Of the interview; empty for a mail that is about none."""

    @property
    def other_password(self) -> str:
        """Where a new password is asked for."""
        return f"{self.base_url}/forgot-password"


@dataclass(frozen=True, slots=True)
class _Parts:
    subject: str
    paragraphs: list[str]
    choices: list[tuple[str, str]]


def compose_account_mail(mail: AccountMail, facts: AccountFacts) -> Composed:
    """The mail of one kind."""
    parts = _PARTS[mail](facts)
    return letter(parts.subject, [f"Hello {facts.first_name},", *parts.paragraphs], parts.choices, _SIGNATURE)


def _verification(facts: AccountFacts) -> _Parts:
    return _Parts(
        "Confirm your e-mail address",
        [
            f"On {facts.asked} an account was made with this address. Confirm that the address is yours, and calls can "
            "be placed for you.",
            f"The link works once, until {facts.expires}. If you did not make the account, leave this mail alone.",
        ],
        [("Confirm the address", facts.link)],
    )


def _password_reset(facts: AccountFacts) -> _Parts:
    return _Parts(
        "Choose a new password",
        [
            f"On {facts.asked} somebody asked for a new password for your account. If it was you, choose one by the "
            f"link below. It works once, until {facts.expires}.",
            _LET_IT_BE,
            _FOR_YOU_ALONE,
        ],
        [("Choose a new password", facts.link)],
    )


def _password_changed(facts: AccountFacts) -> _Parts:
    return _Parts(
        "Your password was changed",
        [
            f"On {facts.asked} a new password was chosen for your account, by a link from a mail to this address. "
            "Every device was signed out.",
            "If it was not you, somebody reads your mails: secure your mailbox first, then choose another password.",
        ],
        [("Choose another password", facts.other_password)],
    )


def _account_locked(facts: AccountFacts) -> _Parts:
    return _Parts(
        "Your account is locked for a while",
        [
            f"By {facts.asked} a wrong password had been entered for your account five times. Nobody can log in to it "
            "for a quarter of an hour, and nobody who tried got in.",
            f"If it was you, unlock the account by the first link, or choose a new password by the second. The first "
            f"works once, until {facts.expires}.",
            _FOR_YOU_ALONE,
        ],
        [("Unlock the account", facts.link), ("Choose a new password", facts.other_password)],
    )


def _report_ready(facts: AccountFacts) -> _Parts:
    return _Parts(
        "The report of an interview is ready",
        [f"The interview “{facts.title}” is over, and its report is ready. You read it after logging in."],
        [("Read the report", facts.link), ("Get no more of these mails", f"{facts.base_url}/account#mails")],
    )


_PARTS: dict[AccountMail, Callable[[AccountFacts], _Parts]] = {
    AccountMail.VERIFICATION: _verification,
    AccountMail.PASSWORD_RESET: _password_reset,
    AccountMail.PASSWORD_CHANGED: _password_changed,
    AccountMail.ACCOUNT_LOCKED: _account_locked,
    AccountMail.REPORT_READY: _report_ready,
}
