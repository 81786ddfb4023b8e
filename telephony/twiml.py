"""The documents that tell Twilio what to do with a call. Values in, XML text out.

Source: Twilio, "TwiML for Programmable Voice"; `<Connect><Stream>` is two-way and blocks until we close the socket.
"""

from dataclasses import dataclass, field

from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]  # ships no type information

_VOICE = "Polly.Joanna"
"""Twilio's own voice: heard only before the agent answers and when something went wrong."""
_PIN_DIGITS = 6
_PIN_TIMEOUT_S = 8
_KEY_TIMEOUT_S = 6
_PERSON_RINGS_S = 20


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Where a call's audio goes: url is ws or wss without a query; parameters arrive in `start`."""

    url: str
    status_url: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to put a call through to: rung from our number, asked first, and told about afterwards."""

    phone: str
    caller_id: str
    whisper_url: str
    after_url: str


def connect_stream(stream: StreamAddress, after_url: str) -> str:
    """Join the call to the media socket; when that closes, Twilio asks `after_url` how to go on.

    Raises ValueError for a parameter whose name and value exceed Twilio's 500 characters together.
    """
    response = VoiceResponse()
    element = response.connect(action=after_url).stream(
        url=stream.url, status_callback=stream.status_url, status_callback_method="POST"
    )
    for name, value in stream.parameters.items():
        if len(name) + len(value) >= 500:
            raise ValueError(f"the stream parameter {name} is too long for TwiML")
        element.parameter(name=name, value=value)
    return str(response)


def ask_for_pin(action_url: str, text: str) -> str:
    """Ask for six digits by keypad or voice; without any, the call goes on to `action_url` all the same."""
    response = VoiceResponse()
    gather = response.gather(
        input="dtmf speech",
        num_digits=_PIN_DIGITS,
        timeout=_PIN_TIMEOUT_S,
        speech_timeout="auto",
        hints="zero, oh, one, two, three, four, five, six, seven, eight, nine, double",
        action=action_url,
        method="POST",
    )
    gather.say(text, voice=_VOICE)
    response.redirect(action_url, method="POST")
    return str(response)


def ask_for_key(action_url: str, text: str) -> str:
    """Ask for one key; without it, the call goes on to `action_url` all the same."""
    response = VoiceResponse()
    gather = response.gather(input="dtmf", num_digits=1, timeout=_KEY_TIMEOUT_S, action=action_url, method="POST")
    gather.say(text, voice=_VOICE)
    response.redirect(action_url, method="POST")
    return str(response)


def say_goodbye(text: str, after_s: int = 0) -> str:
    """Say something and hang up. after_s: of silence before it."""
    response = VoiceResponse()
    if after_s:
        response.pause(length=after_s)
    response.say(text, voice=_VOICE)
    response.hangup()
    return str(response)


def say_and_go_on(text: str, wait_s: int, url: str) -> str:
    """Say something, leave time for it to be thought about, and ask `url` how to go on."""
    response = VoiceResponse()
    response.say(text, voice=_VOICE)
    if wait_s:
        response.pause(length=wait_s)
    response.redirect(url, method="POST")
    return str(response)


def dial_person(text: str, person: Person) -> str:
    """Say something, ring somebody and join the two once that person agrees; then ask `after_url` how to go on."""
    response = VoiceResponse()
    response.say(text, voice=_VOICE)
    dial = response.dial(
        action=person.after_url,
        method="POST",
        timeout=_PERSON_RINGS_S,
        caller_id=person.caller_id,
        answer_on_bridge=True,
    )
    dial.number(person.phone, url=person.whisper_url, method="POST")
    return str(response)


def ask_to_take(action_url: str, text: str) -> str:
    """Ask whoever picked up for any key; without it the line is put down."""
    response = VoiceResponse()
    gather = response.gather(input="dtmf", num_digits=1, timeout=_KEY_TIMEOUT_S, action=action_url, method="POST")
    gather.say(text, voice=_VOICE)
    response.hangup()
    return str(response)


def nothing() -> str:
    """Go on as you were: the two are joined."""
    return str(VoiceResponse())


def hang_up() -> str:
    """End the call without a word: all was said."""
    response = VoiceResponse()
    response.hangup()
    return str(response)
