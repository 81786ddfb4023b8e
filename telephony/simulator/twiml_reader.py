"""TwiML as Twilio reads it: an XML document becomes verbs, in order. What Twilio would refuse is an error here."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

# The documents come from the server under test, on the tester's own machine; entity tricks would only hit the tester.
from xml.etree import ElementTree

from engine.errors import VivavoceError

_PARAMETER_CHARACTERS: Final = 500


class CarrierError(VivavoceError):
    """The simulated carrier cannot go on with a call; the message says what the server did."""


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Play:
    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    length_s: float


@dataclass(frozen=True, slots=True)
class Gather:
    """Wait for digits. Without any, the call goes on with the next verb."""

    action: str
    most_digits: int | None
    prompts: tuple[Say | Play | Pause, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str


@dataclass(frozen=True, slots=True)
class ConnectStream:
    """`<Connect><Stream>`: blocks until the socket is closed."""

    url: str
    action: str | None
    status_callback: str | None
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring somebody else and join the two; `whisper` is asked before."""

    number: str
    whisper: str | None
    action: str | None


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call; `<Reject>` does the same for us."""

    is_reject: bool = False


Verb = Say | Play | Pause | Gather | Redirect | ConnectStream | Dial | Hangup


def read(document: str) -> list[Verb]:
    """The verbs of a TwiML document. Raises CarrierError where Twilio would not carry it out."""
    try:
        root = ElementTree.fromstring(document)  # noqa: S314  # see above
    except ElementTree.ParseError as error:
        raise CarrierError(f"the TwiML is not well-formed XML: {error}") from error
    if root.tag != "Response":
        raise CarrierError(f"the TwiML begins with <{root.tag}> instead of <Response>")
    return [_verb(element) for element in root]


def _verb(element: ElementTree.Element) -> Verb:
    text = (element.text or "").strip()
    match element.tag:
        case "Say":
            return Say(text)
        case "Play":
            return Play(text)
        case "Pause":
            return Pause(float(element.get("length", "1")))
        case "Redirect":
            return Redirect(text)
        case "Hangup" | "Reject":
            return Hangup(element.tag == "Reject")
        case "Gather":
            return _gather(element)
        case "Connect":
            return _connect(element)
        case "Dial":
            return _dial(element)
    raise CarrierError(f"the TwiML holds <{element.tag}>, which the simulated carrier does not know")


def _gather(element: ElementTree.Element) -> Gather:
    prompts = [_verb(child) for child in element]
    if not all(isinstance(prompt, Say | Play | Pause) for prompt in prompts):
        raise CarrierError("<Gather> may hold only <Say>, <Play> and <Pause>")
    digits = element.get("numDigits")
    spoken = tuple(prompt for prompt in prompts if isinstance(prompt, Say | Play | Pause))
    return Gather(element.get("action", ""), int(digits) if digits else None, spoken)


def _dial(element: ElementTree.Element) -> Dial:
    number = element.find("Number")
    if number is None or not (number.text or "").strip():
        raise CarrierError("<Dial> holds no <Number>")
    return Dial((number.text or "").strip(), number.get("url"), element.get("action"))


def _connect(element: ElementTree.Element) -> ConnectStream:
    stream = element.find("Stream")
    if stream is None:
        raise CarrierError("<Connect> holds no <Stream>")
    url = stream.get("url", "")
    address = urlsplit(url)
    if address.scheme not in ("ws", "wss") or address.query:
        raise CarrierError("the url of <Stream> must begin with wss:// (ws:// on loopback) and have no query")
    parameters = {child.get("name", ""): child.get("value", "") for child in stream.findall("Parameter")}
    for name, value in parameters.items():
        if len(name) + len(value) >= _PARAMETER_CHARACTERS:
            raise CarrierError(f"the stream parameter {name} has {_PARAMETER_CHARACTERS} characters or more")
    return ConnectStream(url, element.get("action"), stream.get("statusCallback"), parameters)
