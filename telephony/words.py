"""What Twilio's own voice says to a caller before, after and instead of the conversation."""

from typing import Final

WELCOME: Final = "Welcome to Vivavoce. Please enter the six digit PIN of your interview."
UNKNOWN_PIN: Final = (
    "I could not find an open interview with that PIN. No harm done. Please enter the six digits once more; "
    "they are in your invitation."
)
NO_DIGITS: Final = "I did not get any digits. Please enter the six digit PIN of your interview on your keypad."
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
INTERVIEW_CLOSED: Final = "This interview is not open any more. There is nothing left to do for you. Goodbye."
ALL_DONE: Final = "That was all. Thank you for your time. Goodbye."
"""Where the line broke in the middle of our own goodbye."""
LINE_BROKE: Final = (
    "Sorry, the connection broke on our side. What you said so far is kept. "
    "Please call this number again and enter the same PIN, and we go on where we were. Goodbye."
)
