"""What Deepgram accepts in a request: names and values of query parameters, and what it says to others."""

from collections.abc import Callable, Mapping, Sequence

Check = Callable[[str], bool]


def _one_of(*values: str) -> Check:
    return lambda value: value in values


def _between(least: float, most: float) -> Check:
    def check(value: str) -> bool:
        try:
            return least <= float(value) <= most
        except ValueError:
            return False

    return check


def _some(value: str) -> bool:
    return bool(value.strip())


_BOOL = _one_of("true", "false")
_RATES = _one_of("8000", "16000", "24000", "32000", "48000")

LISTEN_V1: dict[str, Check] = {
    "model": lambda value: value.split("-")[0] in {"nova", "enhanced", "base", "whisper"} and "-" in value,
    "language": _some,
    "encoding": _one_of("linear16", "mulaw", "alaw", "opus", "flac", "amr-nb", "amr-wb", "speex", "g729"),
    "sample_rate": _between(8000, 48000),
    "channels": _between(1, 20),
    "interim_results": _BOOL,
    "smart_format": _BOOL,
    "punctuate": _BOOL,
    "numerals": _BOOL,
    "vad_events": _BOOL,
    "profanity_filter": _BOOL,
    "multichannel": _BOOL,
    "mip_opt_out": _BOOL,
    "endpointing": lambda value: value == "false" or _between(10, 10_000)(value),
    "utterance_end_ms": _between(1000, 5000),
    "keyterm": _some,
    "tag": _some,
}
LISTEN_V2: dict[str, Check] = {
    "model": _one_of("flux-general-en", "flux-general-multi"),
    "encoding": _one_of("linear16", "linear32", "mulaw", "alaw", "opus", "ogg-opus"),
    "sample_rate": _between(8000, 48000),
    "eot_threshold": _between(0.5, 1.0),
    "eager_eot_threshold": _between(0.3, 0.9),
    "eot_timeout_ms": _between(500, 60_000),
    "keyterm": _some,
    "language_hint": _some,
    "numerals": _BOOL,
    "profanity_filter": _BOOL,
    "mip_opt_out": _BOOL,
    "tag": _some,
}
PRERECORDED = {name: check for name, check in LISTEN_V1.items() if name not in {"interim_results", "endpointing"}}
SPEAK_SOCKET: dict[str, Check] = {
    "model": lambda value: value.startswith("aura-2-") and value.count("-") == 3,
    "encoding": _one_of("linear16", "mulaw", "alaw"),
    "sample_rate": _RATES,
    "speed": _between(0.7, 1.5),
    "mip_opt_out": _BOOL,
}
SPEAK_REST = SPEAK_SOCKET | {
    "container": _one_of("none", "wav", "ogg"),
    "bit_rate": _between(4000, 650_000),
    "tag": _some,
}
SPEAK_V2: dict[str, Check] = SPEAK_SOCKET | {
    "model": lambda value: value.startswith("flux-") and value.count("-") == 2,
    "speed": lambda value: _between(0.5, 1.5)(value) and abs(float(value) * 20 - round(float(value) * 20)) < 1e-9,
    "expressivity": _one_of("-2", "-1", "0", "1", "2"),
    "tag": _some,
}
_REPEATABLE = {"keyterm", "tag", "language_hint"}


def fault_of(rules: Mapping[str, Check], parameters: Sequence[tuple[str, str]]) -> str | None:
    """What Deepgram would say against a query, or None."""
    names = [name for name, _ in parameters]
    if "model" not in names:
        return "Missing query parameter: model"
    for name, value in parameters:
        if name not in rules:
            return f"Unknown query parameter: {name}"
        if names.count(name) > 1 and name not in _REPEATABLE:
            return f"Query parameter given twice: {name}"
        if not rules[name](value):
            return f"Invalid value for query parameter: {name}={value}"
    given = dict(parameters)
    if ("encoding" in given) != ("sample_rate" in given):
        return "encoding and sample_rate belong together"
    if "utterance_end_ms" in given and given.get("interim_results") != "true":
        return "utterance_end_ms needs interim_results=true"
    if float(given.get("eager_eot_threshold", 0)) > float(given.get("eot_threshold", 0.7)):
        return "eager_eot_threshold is above eot_threshold"
    return None


def keyterm_fault(model: str, terms: object) -> str | None:
    """The code with which Deepgram turns key terms down, or None."""
    if not isinstance(terms, list) or not all(isinstance(term, str) and term for term in terms):
        return "CONFIGURE_INVALID"
    if not model.startswith(("nova-3", "flux")):
        return "CONFIGURE_KEYTERMS_NOT_SUPPORTED"
    if sum(len(term) // 4 + 1 for term in terms) > 500:
        return "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"
    return None
