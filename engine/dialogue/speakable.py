"""Text that a voice can say: code, signs, addresses, units and acronyms become words. And long text becomes clauses.

What leaves here holds letters, figures, spaces and , . ? ! : ; ' - and nothing else, whatever came in.
"""

import re
import unicodedata

from engine.dialogue.spoken_forms import CURRENCIES, FILE_ENDINGS, LETTERS, OPERATORS, UNITS, WORDS

_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_ADDRESS = re.compile(r"\bhttps?://(?:www\.)?([^\s/?#]+)([^\s?#]*)[^\s]*")
_MAIL = re.compile(r"\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)")
_BIG_O = re.compile(r"\b(?:O|Θ|Ω|Theta|Omega)\(((?:[^()]|\([^()]*\))*)\)")
_VERSION = re.compile(r"\b(?:(v|version )(\d+(?:\.\d+)*)|([A-Z][\w+#]*) (\d+(?:\.\d+)+))\b")
_MONEY = re.compile(rf"([$€£])({_NUMBER})")
_UNIT = re.compile(
    rf"(?<![\w.])({_NUMBER}) ?({'|'.join(sorted(map(re.escape, UNITS), key=len, reverse=True))})(?![\w])"
)
_RATE = re.compile(r"\b(seconds?|bytes|requests|queries) ?/ ?(s|sec|min)\b")
_DECIMAL = re.compile(r"(?<![\w.])(\d+)\.(\d+)\b")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_FILE = re.compile(r"\b([\w-]+)\.(py|js|ts|tsx|sql|json|ya?ml|toml|html|css|txt|md|sh|go|rs|java|env|lock)\b")
_DUNDER = re.compile(r"\b__([a-z]\w*?)__\b")
_INDEXED = re.compile(r"\b(\w+)\[([\w:+\- ]+)\]")
_GENERIC = re.compile(r"\b([A-Z]\w*)<([\w, ]+)>")
_CALL = re.compile(r"\b(\w+)\(\)")
_FLAG = re.compile(r"(?<!\S)(--?)([A-Za-z][\w-]*)")
_DOTTED = re.compile(r"\b([A-Za-z_]\w*)\.(?=[A-Za-z_]\w)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KNOWN = re.compile(rf"(?<![\w.])(?:{'|'.join(sorted(map(re.escape, WORDS), key=len, reverse=True))})(?![\w#])")
_POWERS = {"2": "squared", "3": "cubed"}
_POWER = re.compile(r"\^ ?(\w+)|\*\* ?(\w+)")
_SHOWN = re.compile(r"[^A-Za-z0-9 ,.?!:;'\-]")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": " ", "”": " ", '"': " ", "`": " ", "\u00a0": " "})
_LONGEST_PATH = 3
_MOST_PASSES = 8


def speakable(text: str) -> str:
    """The text as it is to be spoken. It may become empty, when there was nothing to say.

    What it returns comes back unchanged when it is given again, so nobody needs to know who called it before.
    """
    said = _spelled_out(text)
    for _ in range(_MOST_PASSES):
        again = _spelled_out(said)
        if again == said:
            break
        said = again
    return said


def _spelled_out(text: str) -> str:
    """One pass. What it writes may stand so that a further one finds something: a letter that lost its accent."""
    said = text.translate(_QUOTES)
    said = _ADDRESS.sub(_address, said)
    said = _MAIL.sub(lambda found: f"{_dots(found[1])} at {_dots(found[2])}", said)
    said = _BIG_O.sub(lambda found: f"O of {_inside(found[1])}", said)
    said = _KNOWN.sub(lambda found: WORDS[found.group()], said)
    said = _quantities(said)
    said = _code(said)
    said = _WORD.sub(lambda found: _word(found.group()), said)
    for sign, words in OPERATORS:
        said = said.replace(sign, f" {words} ")
    return _tidied(said)


def clauses(text: str, most_characters: int) -> tuple[str, ...]:
    """The text in pieces of at most so many characters, cut where one would breathe; no word is lost or doubled.

    Tries ends of sentences, then colons and commas, then conjunctions, then any space, and inside a word last.
    Raises ValueError for a limit below 1.
    """
    if most_characters < 1:
        raise ValueError(f"a piece must hold at least one character, not {most_characters}")
    whole = " ".join(text.split())
    if len(whole) <= most_characters:
        return (whole,) if whole else ()
    return tuple(_packed(_cut(whole, most_characters, _BREAKS), most_characters))


_BREAKS = (
    re.compile(r"(?<=[.?!]) "),
    re.compile(r"(?<=[:;]) "),
    re.compile(r"(?<=,) "),
    re.compile(r" (?=(?:and|or|but|because|which|while|so|when|where|if|that|than)\b)"),
    re.compile(r" "),
)


def _cut(text: str, most: int, breaks: tuple[re.Pattern[str], ...]) -> list[str]:
    if len(text) <= most:
        return [text]
    if not breaks:
        return [text[at : at + most] for at in range(0, len(text), most)]
    return [piece for part in breaks[0].split(text) for piece in _cut(part, most, breaks[1:])]


def _packed(pieces: list[str], most: int) -> list[str]:
    """Neighbours joined while they fit, so that the voice gets phrases and not crumbs."""
    packed: list[str] = []
    for piece in pieces:
        if packed and len(packed[-1]) + 1 + len(piece) <= most:
            packed[-1] = f"{packed[-1]} {piece}"
        else:
            packed.append(piece)
    return packed


def _address(found: re.Match[str]) -> str:
    rest = found.group()[-1] if found.group()[-1] in ".,;:!?)" else ""
    steps = [step for step in found[2].rstrip(".,;:!?)").split("/") if step]
    path = "".join(f" slash {_dots(step)}" for step in steps[:_LONGEST_PATH])
    return f"{_dots(found[1].rstrip('.,;:!?)'))}{path}{rest}"


def _dots(name: str) -> str:
    return name.replace(".", " dot ").replace("-", " dash ").replace("_", " underscore ")


def _inside(formula: str) -> str:
    """What stands between the brackets of a big O."""
    said = _POWER.sub(_power, formula.replace("²", "^2").replace("³", "^3"))
    said = said.replace("(", " of ").replace(")", " ").replace("+", " plus ").replace("*", " times ")
    said = said.replace("sqrt", "the square root").replace("·", " times ").replace("!", " factorial")
    return re.sub(r"\b1\b", "one", re.sub(r"\b2\b", "two", said))


def _power(found: re.Match[str]) -> str:
    exponent = found[1] or found[2]
    return f" {_POWERS.get(exponent, f'to the {exponent}')}"


def _quantities(text: str) -> str:
    said = _THOUSANDS.sub("", text)
    said = _VERSION.sub(_version, said)
    said = _MONEY.sub(lambda found: f"{found[2]} {_currency(found)}", said)
    said = _UNIT.sub(lambda found: f"{found[1]} {UNITS[found[2]][found[1] != '1']}", said)
    said = _RATE.sub(lambda found: f"{found[1]} per {'minute' if found[2] == 'min' else 'second'}", said)
    said = re.sub(r"#(?=\d)", "number ", said)
    said = re.sub(r"(?<=\d)(?:–|—)(?=\d)", " to ", said)
    said = re.sub(r"(?<![\w.])-(?=\d)", "minus ", said)
    return _DECIMAL.sub(lambda found: f"{found[1]} point {' '.join(found[2])}", said)


def _version(found: re.Match[str]) -> str:
    number = (found[2] or found[4]).replace(".", " point ")
    return f"version {number}" if found[1] else f"{found[3]} {number}"


def _currency(found: re.Match[str]) -> str:
    words = CURRENCIES[found[1]]
    return words[:-1] if found[2] == "1" else words


def _code(text: str) -> str:
    said = _FLAG.sub(lambda found: f"{'dash ' * len(found[1])}{found[2].replace('-', ' ')}", text)
    said = _FILE.sub(lambda found: f"{found[1]} dot {FILE_ENDINGS.get(found[2], found[2])}", said)
    said = _DUNDER.sub(lambda found: f"dunder {found[1]}", said)
    said = _INDEXED.sub(lambda found: f"{found[1]} at {found[2].replace(':', ' to ')}", said)
    said = _GENERIC.sub(r"\1 of \2", said)
    said = _CALL.sub(r"\1", said)
    said = _POWER.sub(_power, said)
    return _DOTTED.sub(r"\1 dot ", said)


def _word(word: str) -> str:
    """An identifier as its words, an acronym as its letters, any other word as it is."""
    parts = [part for part in word.split("_") if part] or ["underscore"]
    return (
        " ".join(_spelled(step) for part in parts for step in _CAMEL.sub(" ", part).split())
        if _is_code(word)
        else (_spelled(word))
    )


def _is_code(word: str) -> bool:
    return "_" in word or (_CAMEL.search(word) is not None and not _is_acronym(word))


def _is_acronym(word: str) -> bool:
    stem = word.removesuffix("s")
    return word in LETTERS or stem in LETTERS or (stem.isupper() and len(stem) > 1)


def _spelled(word: str) -> str:
    if word in WORDS:
        return WORDS[word]
    stem, plural = (word[:-1], "'s") if word.endswith("s") and word[:-1].isupper() else (word, "")
    is_vowelless = 1 < len(stem) <= 5 and stem.isalpha() and stem.isupper() and not set(stem) & set("AEIOU")
    if stem in LETTERS or word in LETTERS or is_vowelless:
        return " ".join(stem) + plural
    return word


def _tidied(text: str) -> str:
    """Only what may be spoken, with single spaces, and marks where they belong."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = " ".join(_SHOWN.sub(" ", plain).split())
    plain = re.sub(r" +([,.?!:;])", r"\1", plain)
    plain = re.sub(r"([,:;])(?:[ ,:;]*[,:;])+", r"\1", plain)
    plain = re.sub(r"[,:;]+(?=[.?!])", "", plain)
    return plain.lstrip(",.:;!?- ").rstrip(",:;- ")
