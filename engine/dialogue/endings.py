"""Can what was said so far be the end of an answer? Read from the last words, without grammar: plain word lists.

Recognisers put a full stop behind almost anything, so punctuation counts only where it says "not yet".
"""

import re
from typing import Final

from engine.audio.endpoint import Ending, WordClues


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FILLERS: Final = _set("um umm uh uhm er erm eh hmm hm mm mmm well like basically actually")
_FILLER_PHRASES: Final = re.compile(r"\b(?:you know|i mean|sort of|kind of|how do i say|what i mean is|let's say)$")
_TRAILING: Final = _set(
    # conjunctions and relatives
    "and or but because cause so if when while that which who whom whose where whether as than although though unless "
    "until since since plus then nor "
    # articles, determiners, possessives
    "a an the my your his its our their this these those every each any some no another such both either neither "
    # prepositions
    "of in on at to from with for by into onto over under between through without within about against per via during "
    "across among toward towards behind below above after before "
    # subjects
    "i we they he she it's i'm we're they're you're that's there's i've we've i'd we'd i'll we'll it'll what how why "
    # auxiliaries and adverbs that lean on what follows
    "is are was were be been being am has have had do does did will would can could should may might must cannot can't "
    "won't isn't aren't wasn't don't doesn't didn't shouldn't couldn't wouldn't not very more most less also just only "
    "even usually typically really quite rather too always never often mostly maybe perhaps probably simply almost "
    "exactly let gonna"
)
_WANTS_MORE: Final = _set(
    # verbs that want an object
    "use uses used using need needs make makes making take takes get gets getting give gives giving keep keeps keeping "
    "call calls calling called mean means want wants put puts let lets letting pick picks contain contains create "
    "creates creating provide provides allow allows become becomes include includes require requires send sends "
    "sending add adds adding hold holds holding has having avoid avoids prevent prevents mention know think say says "
    "see build builds building find finds finding write writes describe represents points refers depends consists "
    "tells tell show shows put try trying tries start starts want ensure ensures seems looks lock locks replace "
    # adjectives and numbers that want a noun
    "first second third new same own single whole large big small bigger smaller different certain several many few "
    "main particular specific next previous last best good better whole entire full extra separate two three four five "
    "one's its multiple various current actual other"
)
_NOUNS_TOO: Final = _set("lock locks use uses call calls build builds need needs start starts try show find send")
_DETERMINERS: Final = _set("a an the this that these those my your its their our one each every any some no another")
_ASKS_TIME: Final = re.compile(
    r"(?:let me (?:think|see|start (?:over|again))|(?:give me|just|one|wait|hold on|hang on)(?: (?:a|one|just))* "
    r"(?:moment|second|sec|minute)|hold on|hang on|bear with me|i need (?:a moment|a second|some time|a bit of time)|"
    r"how (?:do|should|can) i (?:put|say|explain) (?:this|it|that)|what(?:'s| is| was) (?:it|the word|the name|that)"
    r"(?: called| again)?|let me think about (?:it|that|this))"
    r"(?: (?:about (?:it|that|this)|for a (?:moment|second|minute|sec)))?$"
)
_CLOSED: Final = re.compile(
    r"(?:that(?:'s| is| was| would be) (?:it|all|about it|basically it|pretty much it|everything|my answer|"
    r"(?:how|what|why) (?:i|we|you) \w+(?: \w+){0,3})|i(?:'m| am) done|"
    r"i (?:really |honestly )?(?:don't|do not) (?:know|remember)(?: (?:that|that one|it|the answer))?|"
    r"(?:i have )?no idea|(?:i'm )?not (?:really )?sure|and so on|and so forth|et ?cetera|something like that|"
    r"(?:and )?(?:stuff|things) like that|or something|if that makes sense|"
    r"does that (?:make sense|answer (?:it|your question|the question))|"
    r"(?:i )?(?:think|guess|hope|believe) so|so yeah|but yeah|yeah that's it|in a nutshell|"
    r"i (?:think|guess) that(?:'s| is) (?:it|all)|(?:i )?would say|"
    r"that(?:'s| is) (?:all|everything|the best) (?:that )?i (?:know|have|can say)(?: about (?:it|that|this))?|"
    r"(?:i have |there is |there's )?nothing (?:else |more |further )?to (?:add|say)(?: to that| about (?:it|that))?|"
    r"i (?:don't|do not) have (?:anything|much|more)(?: else| more)? to (?:add|say)|nothing (?:else|more)|"
    r"i(?:'d| would) (?:have|need) to look (?:that|it|this) up)"
    r"(?:,? (?:to be honest|honestly|i'm afraid|sorry|right now|at the moment|off the top of my head))?$"
)
_YES_OR_NO: Final = re.compile(
    r"(?:(?:um|uh|well|oh) )*(?:(?:yes|yeah|yep|no|nope|nah|sure|absolutely|definitely|correct|right|exactly|of course|"
    r"certainly)(?: |$))+(?:(?:i|we|it|they|you|that|he|she) (?:do|does|did|have|has|had|am|are|is|was|were|can|could|"
    r"would|will|should|don't|doesn't|didn't|haven't|hasn't|hadn't|isn't|aren't|wasn't|can't|couldn't|wouldn't|won't)"
    r"(?: not)?|not (?:really|yet|at all)|never|please|thanks|thank you)?$|not (?:really|yet|at all|much)$"
)
_NUMBERS: Final = {"two": 2, "three": 3, "four": 4, "five": 5, "several": 2, "some": 2, "a few": 2, "a couple of": 2}
_ANNOUNCED: Final = re.compile(
    rf"\b({'|'.join(_NUMBERS)}) (?:\w+ )?(?:things|reasons|ways|parts|steps|kinds|types|points|options|cases|problems|"
    r"differences|advantages|approaches|levels|aspects|ideas|causes|rules|stages)\b"
)
_MARKERS: Final = re.compile(
    r"\b(?:first(?:ly| of all)|second(?:ly)?|third(?:ly)?|fourth(?:ly)?|fifth|finally|lastly|the (?:first|second|third|"
    r"fourth|last|other|next)(?: one| thing| reason| step)?(?= is| are|,)|one is|another (?:one )?is|"
    r"on the (?:one|other) hand|for one(?: thing)?)\b|(?:^|\b(?:so|okay|um|uh|well|and|then|say) )first\b"
)
_LAST_MARKERS: Final = re.compile(r"\b(?:finally|lastly|last(?:ly)? of all|the last|the other|on the other hand)\b")
_VERBS: Final = _set(
    "is are was were be am has have had do does did will would can could should may might must means mean use uses "
    "used need needs make makes take takes get gets go goes run runs keep keeps return returns happens work works call "
    "calls store stores know think it's i'm we're they're that's there's i've we've i'd we'd can't don't doesn't isn't "
    "let lets gives give becomes fails waits reads writes sends stays leaves comes came went put puts look looks "
    "depends belongs ends starts begins stops holds moves grows changes breaks sees adds blocks tells says"
)
_FRAGMENT_WORDS: Final = 5
_WORD: Final = re.compile(r"[a-z0-9']+")


def clues_of(text: str) -> WordClues:
    """How the text ends, and how many words it has. An empty text says nothing: Ending.UNKNOWN."""
    lowered = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    words = _WORD.findall(lowered)
    return WordClues(_ending(lowered.rstrip(), words), len(words))


def _ending(lowered: str, words: list[str]) -> Ending:
    if not words:
        return Ending.UNKNOWN
    plain = " ".join(words)
    last = words[-1]
    if _YES_OR_NO.match(plain):
        return Ending.CLOSED
    if _ASKS_TIME.search(plain):
        return Ending.ASKS_TIME
    if _CLOSED.search(plain):
        return Ending.CLOSED
    if last in _FILLERS or _FILLER_PHRASES.search(plain):
        return Ending.FILLER
    if last in _TRAILING:
        return Ending.TRAILING
    if _wants_more(lowered, words):
        return Ending.UNFINISHED
    if _is_listing(plain):
        return Ending.LISTING
    if len(words) <= _FRAGMENT_WORDS and not any(word in _VERBS for word in words):
        return Ending.FRAGMENT
    return Ending.CLAUSE


def _wants_more(lowered: str, words: list[str]) -> bool:
    """Ends with a mark that says "not yet", or with a word that wants another; "a lock" is a thing and wants none."""
    if lowered.endswith((",", "...", "\N{HORIZONTAL ELLIPSIS}", "-", "\N{EM DASH}")):
        return True
    return words[-1] in _WANTS_MORE and not (words[-1] in _NOUNS_TOO and not _DETERMINERS.isdisjoint(words[-2:-1]))


def _is_listing(plain: str) -> bool:
    """An enumeration was announced, by a number or by "first", and its last item has not been named."""
    markers = [match.start() for match in _MARKERS.finditer(plain)]
    announced = [(match.start(), _NUMBERS[match.group(1)]) for match in _ANNOUNCED.finditer(plain)]
    if announced:
        begin, wanted = announced[-1]
        markers = [start for start in markers if start >= begin]
    elif markers and re.search("first|one hand", plain[markers[0] : markers[0] + 16]):
        wanted = 2
    else:
        return False
    return len(markers) < wanted and not (len(markers) > 1 and _LAST_MARKERS.search(plain))
