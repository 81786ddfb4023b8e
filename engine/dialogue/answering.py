"""Who or what picked up the telephone, and what is to be done about it. Decided from what the line's own detection
says and from the first words, of which machines have their own.

No interview is held with a machine: at most it is left one short message. A screening service is told who calls and
why, and then waited for, since a person listens behind it.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

MOST_EXPLANATIONS: Final = 2
"""So often is a screening service told who calls; then nobody wants to know."""


class Who(StrEnum):
    PERSON = "person"
    VOICEMAIL = "voicemail"
    MAILBOX_FULL = "mailbox_full"
    MENU = "menu"
    """A switchboard that wants keys pressed: nobody whom we know is behind it."""
    SCREENING = "screening"
    FAX = "fax"
    UNSURE = "unsure"


class Detected(StrEnum):
    """What the provider makes of the sound on the line."""

    PERSON = "person"
    MACHINE = "machine"
    MACHINE_LISTENS = "machine_listens"
    """Its own words are over: a message can be left now."""
    FAX = "fax"
    UNSURE = "unsure"


class Do(StrEnum):
    NOTHING = "nothing"
    LEAVE_MESSAGE = "leave_message"
    EXPLAIN = "explain"
    """Say who calls and why, and wait."""
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True)
class Answering:
    """What is known so far."""

    who: Who = Who.UNSURE
    is_settled: bool = False
    """Nothing that is heard from here on changes it."""
    explained: int = 0


_SPACE: Final = r"[\s,.!;:]+"
_FULL: Final = re.compile(
    r"mailbox (?:is |was )?(?:currently )?full|(?:cannot|can't|can not|unable to|not able to) (?:accept|take|receive) "
    r"(?:any )?(?:new |more )?messages|memory is full"
)
_SCREENING: Final = re.compile(
    r"(?:state|record) your name|your name (?:and|or) (?:the |your )?(?:reason|why|purpose)|"
    r"name and (?:the )?(?:reason|purpose) (?:for|of)|call[ -]screening|screening service|google assistant|call assist|"
    r"before i (?:try to )?connect you|(?:see|check|find out) if (?:this|the) person(?: is|'s) available|"
    r"person (?:that )?you(?:'re| are) calling is using"
)
_VOICEMAIL: Final = re.compile(
    r"(?:leave|record) (?:a |me a |us a |your |me your |us your )?(?:short |brief |detailed )?(?:voice ?)?"
    r"(?:message|name and number)|(?:after|at|wait for|following) the (?:tone|beep|signal)|"
    r"(?:voice ?mail|answering) ?(?:box|service|machine|of)|"
    r"(?:cannot|can't|can not|unable to|not able to) (?:take|answer|get to) your call|"
    r"(?:cannot|can't|can not|unable to|not able to) (?:come|get) to the phone|"
    r"you(?: have|'ve) reached (?!the wrong|a wrong|me\b|us\b)|"
    r"(?:party|person|customer|subscriber|number) you (?:have |are |'re )?(?:called|dialed|dialled|calling|trying to)|"
    r"forwarded to (?:an? )?(?:automat|voice)|no one is available to take|"
    r"when you (?:have |are |'re )?(?:finished|done) record"
)
_MENU: Final = re.compile(
    r"press (?:\w+ ){0,2}(?:one|two|three|four|five|six|seven|eight|nine|zero|[0-9]|star|pound|hash)\b|"
    r"for \w+(?: \w+){0,4} press|main menu|menu options|dial (?:by name|the extension|your party)|"
    r"your call (?:is important|may be recorded|will be answered)|(?:call|line) is being (?:forwarded|transferred)|"
    r"please (?:hold|stay on the line) (?:while|for the next|and)"
)
"""Only what people do not say to a caller: a person who is taken for a machine is put down."""


def machine_words(text: str) -> Who | None:
    """The kind of machine whose words these are; None where a person may have said them."""
    plain = re.sub(_SPACE, " ", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")).strip()
    for who, rule in (
        (Who.MAILBOX_FULL, _FULL),
        (Who.SCREENING, _SCREENING),
        (Who.VOICEMAIL, _VOICEMAIL),
        (Who.MENU, _MENU),
    ):
        if rule.search(plain):
            return who
    return None


def heard(state: Answering, who: Who) -> tuple[Answering, Do]:
    """The first words were those of such a machine, or of a person who said yes or no to us."""
    if state.is_settled:
        return state, Do.NOTHING
    match who:
        case Who.PERSON:
            return replace(state, who=who, is_settled=True), Do.NOTHING
        case Who.SCREENING:
            if state.explained >= MOST_EXPLANATIONS:
                return replace(state, who=who, is_settled=True), Do.HANG_UP
            return replace(state, who=who, explained=state.explained + 1), Do.EXPLAIN
        case Who.VOICEMAIL:
            return replace(state, who=who, is_settled=True), Do.LEAVE_MESSAGE
        case Who.MAILBOX_FULL | Who.MENU | Who.FAX:
            return replace(state, who=who, is_settled=True), Do.HANG_UP
    return state, Do.NOTHING


def detected(state: Answering, what: Detected) -> tuple[Answering, Do]:
    """The provider's detection has a verdict. Words count for more: a screening service sounds like a machine, too."""
    if state.is_settled or state.who is Who.SCREENING:
        return state, Do.NOTHING
    match what:
        case Detected.PERSON:
            return replace(state, who=Who.PERSON), Do.NOTHING
        case Detected.MACHINE:
            return replace(state, who=Who.VOICEMAIL), Do.NOTHING
        case Detected.MACHINE_LISTENS:
            return replace(state, who=Who.VOICEMAIL, is_settled=True), Do.LEAVE_MESSAGE
        case Detected.FAX:
            return replace(state, who=Who.FAX, is_settled=True), Do.HANG_UP
    return state, Do.NOTHING
