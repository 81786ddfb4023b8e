"""What Twilio's own voice says to a caller before, after and instead of the conversation."""

from typing import Final

WELCOME: Final = "Welcome to Vivavoce. Please enter or say the six digit PIN of your interview."
UNKNOWN_PIN: Final = (
    "I could not find an open interview with that PIN. No harm done. Please enter the six digits once more; "
    "they are in your invitation."
)
NO_DIGITS: Final = "I did not get any digits. Please enter or say the six digit PIN of your interview."
NO_PIN_FITS: Final = (
    "That did not work, sorry. A PIN is good for thirty days and for one interview. "
    "Please check your invitation, or ask the person who invited you for a new one, and call again. Goodbye."
)
TOO_MANY_PINS: Final = (
    "There were too many wrong PINs lately, so I cannot take another one just now. "
    "Please call again in an hour. Goodbye."
)
ALL_LINES_BUSY: Final = (
    "All our lines are busy right now, sorry. Your interview is safe. Please call again in a few minutes. Goodbye."
)
WE_CALL_BACK: Final = (
    "All our lines are busy, sorry. Your interview is safe: we call you back on this number at {hour}. Goodbye."
)
WE_CALL_AGAIN: Final = (
    "This is Vivavoce. All our lines are busy after all, sorry. We call you again in a few minutes. Goodbye."
)
TOO_EARLY: Final = (
    "You are early: your interview is booked for {hour}, and we call you then. "
    "To begin right now instead, press one. Otherwise just hang up."
)
UNTIL_THEN: Final = "We call you at the booked hour. Until then. Goodbye."
TOO_LATE: Final = (
    "The time for this interview is over, sorry. "
    "Please ask the person who invited you for a new one; no harm is done. Goodbye."
)
HELD_ALREADY: Final = (
    "This interview has been held already, and there is nothing left to do for you. "
    "The person who invited you has the result. Goodbye."
)
CALLED_OFF: Final = (
    "This interview was called off, so there is nothing left to do for you. "
    "If you did not expect that, please ask the person who invited you. Goodbye."
)
TALKING_ALREADY: Final = "You are talking to us on another line already, so I put this one down. Goodbye."
PUTTING_THROUGH: Final = "One moment please, I am putting you through to a person."
WHISPER: Final = (
    "This is Vivavoce. {name}, in the interview {title}, asks to talk to a person. Press any key to take the call."
)
NOBODY_THERE: Final = "Nobody could take the call just now, sorry. You will be called back. Until then, we go on."
AFTER_PERSON: Final = (
    "Your interview stays open: call this number again with the same PIN, and we go on where we were. Goodbye."
)
INTERVIEW_CLOSED: Final = "This interview is not open any more. There is nothing left to do for you. Goodbye."
ALL_DONE: Final = "That was all. Thank you for your time. Goodbye."
"""Where the line broke in the middle of our own goodbye."""
LINE_BROKE: Final = (
    "Sorry, the connection broke on our side. What you said so far is kept. "
    "Please call this number again and enter the same PIN, and we go on where we were. Goodbye."
)
