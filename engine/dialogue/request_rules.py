"""How people ask for things in the middle of an interview: one pattern for each wish, for words without punctuation.

Each pattern is matched against the whole utterance, politeness taken off, so that "repeat until the queue is empty"
or "I would stop the process" match none of them.
"""

from typing import Final

from engine.dialogue.intent import Intent

_MOMENT = r"(?:moment|second|minute|sec|bit|little while)"
_THIS = r"(?: (?:it|this|that|the))?(?: (?:one|question))?"
_IT = r"(?:that|it|this|(?:the|your|this|that)(?: (?:last|first|whole|entire))? (?:question|part|bit|sentence|one))"
_OTHER_WORDS = (
    r"(?:differently|(?:in )?(?:other|different|simpler|simple|plain|easier) (?:words|terms|english)|another way|"
    r"(?:in )?a (?:different|simpler) way|more simply|simpler)"
)
_PERSON = r"(?:human(?: being)?|person|real (?:person|human)|someone|somebody|recruiter|operator|agent|representative)"
_A_PERSON = rf"(?:(?:an?|the|your|some|another)(?: (?:actual|real|live|living))? )?{_PERSON}(?: (?:else|instead))?"
_MACHINE = (
    r"(?:(?:an? )?(?:real |actual |live )?(?:robot|bot|human|human being|person|machine|computer|ai|a i|recording|"
    r"chat ?bot|program|real|automated|automatic))(?: (?:voice|call|system|or what))?"
)
_LITTLE = r"(?:a (?:bit|little)(?: bit)? |much |even )?"
_TALK = r"(?:speak|talk|say (?:it|that)|read (?:it|that))"
_INTERVIEW = r"(?:interview|call|conversation|session)"

RULES: Final[tuple[tuple[Intent, str], ...]] = (
    (
        Intent.NEVER_AGAIN,
        r"(?:never|don't|do not)(?: ever)? (?:call|phone|ring|contact)(?: me| us| here| this number)?"
        r"(?: ever)?(?: again| any ?more)?|"
        r"stop (?:calling|phoning|ringing|contacting)(?: me| here| this number)?(?: all the time)?|"
        r"(?:take|remove|delete) (?:me|my number)(?: (?:off|from) (?:your|the|this) (?:\w+ )?(?:list|database))?|"
        r"(?:put me on|add me to) (?:your|the) do not call list|no more calls|lose my number|"
        r"i (?:don't|do not) want (?:any more|any|more|these|your) calls|"
        r"i (?:don't|do not) want (?:you )?to (?:call me|be called|get calls)(?: again| any ?more| ever again)?",
    ),
    (
        Intent.HUMAN,
        rf"(?:speak|talk)(?: directly)? (?:to|with) {_A_PERSON}|(?:an? )?(?:real )?human(?: being)?|an? person|"
        rf"real person|"
        rf"(?:get|give|find|bring) me {_A_PERSON}|(?:put|connect|transfer|pass) me (?:on |over )?(?:through )?"
        rf"(?:to|with|onto) {_A_PERSON}|i (?:want|need|prefer|would prefer|would rather have) {_A_PERSON}|"
        rf"(?:have|get) {_A_PERSON} call me(?: back)?|"
        rf"(?:is|are) there (?:an?|any) (?:human|person|real person|people)(?: (?:there|here))?"
        r"(?: (?:that |who )?i can (?:talk|speak) (?:to|with))?|"
        rf"i (?:don't|do not) want to (?:talk|speak) (?:to|with) (?:a|an|this) (?:robot|machine|bot|computer|ai)",
    ),
    (
        Intent.WRONG_PERSON,
        r"(?:(?:you have|you've got|you got|you must have|this is|it's|it is|that's|i think you have)(?: got)? )?"
        r"(?:the )?wrong (?:number|person|guy|man|woman)|"
        r"i(?:'m| am) not (?:him|her|the (?:person|candidate|one)(?: (?:you're|you are|you) (?:looking for|want))?)|"
        r"(?:he|she|name)(?:'s| is| isn't)(?: not)? (?:here|home|at home|available|in)(?: right now| at the moment)?|"
        r"(?:i'm|i am|this is|that's|that is) not name|(?:this isn't|this is not) (?:him|her|name)|my name is not name|"
        r"there(?:'s| is) (?:no one|nobody|no) (?:here )?(?:called |named |by that name|"
        r"with that name)?(?:name)?(?: here)?|"
        r"i (?:didn't|did not|never) appl(?:y|ied)(?: (?:for|to) (?:this|that|any|a)(?: \w+)?)?|who(?:'s| is) name",
    ),
    (
        Intent.LATER,
        r"(?:pause(?: (?:here|now|it|this))? and )?(?:call|phone|ring) (?:me )?(?:back )?"
        r"(?:later|tomorrow|(?:at )?another (?:time|day)|some other time|again later|next week|tonight|this evening|"
        r"in (?:an?|half an|a few|\w+) (?:hours?|minutes?|days?)|after (?:lunch|work|dinner)|on \w+day)(?: on| today)?|"
        r"call (?:me )?back|"
        r"(?:this|now|it)(?:'s| is|isn't| isn't)(?: not| really not)?(?: a)?(?: very)? (?:bad|good) (?:time|moment)"
        r"(?: for me| to talk| right now)?|"
        r"i(?:'m| am) (?:busy|driving|in a meeting|at work|on a train)(?: (?:right|just) now| at the moment)?|"
        r"(?:reschedule|postpone)(?: (?:this|it|that|the interview|the call|this interview|this call))?"
        r"(?: (?:for|to|until) (?:later|tomorrow|another (?:time|day)|next week))?|"
        rf"(?:do|continue|finish|have|talk|speak|resume)(?: (?:this|it|that|the {_INTERVIEW}|the rest))? "
        r"(?:later|tomorrow|another (?:time|day)|(?:at )?some other time|next week)",
    ),
    (
        Intent.PAUSE,
        rf"pause(?: (?:here|it|this|the {_INTERVIEW}|this {_INTERVIEW}))?(?: for (?:a|one|two|five|a few) \w+)?|"
        r"(?:take|have|make|need) (?:a|one|another)(?: (?:short|quick|little|small|five minute|two minute))? "
        r"(?:break|pause)(?: here)?|i (?:need|want) (?:a|one)(?: (?:short|quick|little|five minute|two minute))? "
        r"(?:break|pause)|(?:i'll|i will) be (?:right |straight )?back(?: in a (?:minute|moment|second))?",
    ),
    (
        Intent.END,
        rf"(?:end|stop|finish|quit|leave|terminate|cancel|abort) (?:the|this|our|my) {_INTERVIEW}"
        r"(?: (?:here|now|early|at this point))*|(?:end|stop|finish|leave) (?:it |this )?(?:here|now|early)|"
        r"stop|stop (?:it|this)|quit|hang up|(?:good ?bye|bye)(?: (?:bye|good ?bye))?|"
        r"i(?:'ve got| have got| have| got| need|'ve) to (?:go|leave|hang up|stop)(?: (?:here|now))?|"
        r"i(?:'m| am) (?:leaving|going to hang up|hanging up|going to go|out)|(?:that's|that is) enough"
        r"(?: (?:for (?:today|me|now)))?|(?:end|stop) (?:here|there)|"
        r"i (?:don't|do not) want to (?:continue|go on|carry on|do this)(?: any ?more| any longer)?|"
        r"i(?:'d| would) rather (?:stop|not continue|not go on|end it)(?: here)?|"
        r"i(?:'ll| will) (?:call|phone)(?: you)?(?: back)?(?: (?:later|tomorrow))?",
    ),
    (
        Intent.GO_BACK,
        r"(?:go|come|get|jump|return|step) back(?: to (?:that|it|(?:the|my) (?:previous|last|first|second|earlier|"
        r"other) (?:question|one|answer)|the (?:one|question) before|question (?:\w+)))?|"
        r"(?:return|get) to (?:the|my) (?:previous|last|earlier|first) (?:question|answer|one)|"
        r"(?:change|correct|revise|redo|amend|fix|complete|extend|add (?:something )?to) my "
        r"(?:(?:last|previous|earlier|first|other) )?answer|"
        r"(?:the )?(?:previous|earlier) (?:question|one)|"
        r"(?:add|say) (?:something|one (?:more )?thing|more)(?: else)? (?:to|about|on) (?:the|my) "
        r"(?:previous|last|earlier|first) (?:question|one|answer)|one back",
    ),
    (
        Intent.ROBOT,
        rf"(?:are you|is this|is it|am i (?:talking|speaking) (?:to|with)|you're|you are|this is)(?: just| really)? "
        rf"{_MACHINE}(?: or (?:just )?{_MACHINE})?(?: (?:right|aren't you|isn't it))?|"
        r"who (?:are you|is this|is that|is speaking|is calling|am i (?:talking|speaking) (?:to|with))(?: speaking)?|"
        r"what are you|what(?:'s| is) your name|do i (?:talk|speak) to (?:a|an) \w+|"
        r"(?:is|are) (?:there|you) (?:a|an) (?:real )?(?:person|human) (?:behind this|on the line)",
    ),
    (
        Intent.HELLO,
        r"(?:are|is) (?:you|anyone|anybody|somebody|someone) (?:still )?(?:there|here|listening|on the line)|"
        r"(?:can|do|did) you (?:still )?hear me(?: now| all right| okay)?|anyone there|anybody there|still there|"
        r"did (?:i lose you|you hang up|we get cut off|the line drop)|have i lost you",
    ),
    (
        Intent.PROGRESS,
        r"how many (?:more )?questions are (?:left|remaining)|"
        r"how many (?:more )?(?:questions|of them|of these|more)?(?: (?:are|do|will|did) (?:there|we|you|i)"
        r"(?: (?:be|have|got|get|ask))?)?(?: (?:left|remaining|to go|in total|still|to come|overall))*|"
        r"how (?:much longer|far (?:are we|along are we)|long is (?:this|it)|"
        r"long (?:will|does|is|do) (?:this|it|that|we|the interview)(?: (?:be|take|last|have|going to (?:be|take)))?|"
        r"much time (?:is|do (?:we|i))(?: (?:have|got))?)(?: (?:left|remaining|still))?(?: (?:will|does) (?:it|"
        r"this) take)?|"
        r"(?:which|what) (?:number|question)(?: number)? (?:is (?:this|it)|are we (?:at|on)|was that)|"
        r"are we (?:almost|nearly|about|close to)(?: being)? (?:done|finished|there|through)|"
        r"is (?:this|that) the (?:last|final)(?: (?:question|one))?",
    ),
    (
        Intent.REPEAT,
        rf"repeat(?: (?:{_IT}|yourself|what you(?: just)? said|everything))?(?: to me)?|say {_IT}|"
        r"say what you(?: just)? said|"
        r"(?:ask|read|hear|go over|tell me)(?: me)? (?:it|that|the question|your question|the question out)|ask me|"
        r"what was (?:that|it|the question|your question)|what(?:'s| is) (?:the|your) question|what|"
        r"what (?:did you|were you)(?: just)? (?:say|ask|asking|saying)(?: me)?|"
        r"(?:one|once) more(?: time)?|again|(?:i )?(?:beg your )?pardon(?: me)?|come again|"
        r"i (?:didn't|did not|couldn't|could not)(?: quite| really)? (?:hear|catch|get|make out) "
        rf"(?:{_IT}|you|what you said|the end|the beginning|all of (?:it|that)|everything|a word|anything)|"
        r"i (?:missed|lost) (?:that|it|you|the question|the last part|the end|the first part|some of that)|"
        r"you(?:'re| are| were)? (?:broke up|cut out|cutting out|breaking up|gone for a (?:second|moment))|"
        r"(?:the|your) (?:line|voice|connection) (?:broke up|cut out|was bad|is bad|is breaking up|was gone)|"
        r"i forgot (?:the|your|what the) question(?: was)?",
    ),
    (
        Intent.REPHRASE,
        r"(?:re ?phrase|re ?word|reformulate|explain|clarify|simplify|elaborate on|expand on)"
        rf"(?: (?:{_IT}|what you mean|what you are asking|what you're asking|what (?:that|it) means))?"
        rf"(?: {_OTHER_WORDS})?|"
        rf"(?:say|put|ask|phrase|word|tell me) (?:{_IT}|me) {_OTHER_WORDS}|{_OTHER_WORDS}|"
        rf"use {_OTHER_WORDS}|make (?:it|that|the question) (?:simpler|easier|clearer)|"
        r"what do you mean(?: exactly)?(?: (?:by|with))?(?: (?:that|it|this|the question))?|what does (?:that|it) mean|"
        r"i (?:don't|do not|didn't|did not|can't)(?: really| quite| fully)? (?:understand|follow|get)"
        r"(?: (?:by that|that|it|this|you|(?:the|your|this) question|what you (?:mean|want|are asking|want from me)|"
        r"what you're asking|what is being asked|what (?:that|it) means))?|"
        r"i(?:'m| am) not (?:following|sure (?:what (?:you|that|it) (?:mean|means|want|are asking)|what you're asking|"
        r"i (?:understand|follow|get it)(?: the question| you)?|what the question is))|"
        r"what(?: exactly)? (?:are you asking|do you want(?: to know| from me)?|"
        r"is the question asking)(?: me)?(?: for)?"
        r"(?: exactly)?|is there (?:another|a simpler) way (?:to|you can) (?:say|ask|put) (?:that|it)",
    ),
    (
        Intent.SLOWER,
        rf"(?:{_TALK}|go) {_LITTLE}(?:slower|more slowly|slowly)|slow(?: it)? down(?: a (?:bit|little))?|"
        r"(?:you(?:'re| are)|that was|that's|that is|it's|it is)(?: (?:speaking|talking|going))?(?: much| way| a bit)? "
        r"too (?:fast|quick|quickly)(?: for me)?|not so fast|less fast|don't (?:speak|talk|go) so fast",
    ),
    (
        Intent.FASTER,
        rf"(?:{_TALK}|go) {_LITTLE}(?:faster|more quickly|quicker)|speed (?:it )?up(?: a (?:bit|little))?|"
        r"(?:you(?:'re| are)|that's|that is)(?: (?:speaking|talking|going))?(?: much| way| a bit)? too (?:slow|slowly)"
        r"(?: for me)?|not so slow(?:ly)?",
    ),
    (
        Intent.LOUDER,
        rf"(?:{_TALK}) {_LITTLE}(?:up|louder|more loudly)(?: a (?:bit|little))?|raise your voice|"
        r"i (?:can't|cannot|can (?:hardly|barely|not)|can't really|hardly|barely) hear you(?: (?:well|properly|"
        r"very well|"
        r"clearly|at all|any more))?|"
        r"you(?:'re| are)(?: (?:very|too|so|a bit|quite))? (?:quiet|silent|faint|low)|"
        r"turn (?:it up|the volume up|up the volume)(?: a (?:bit|little))?|(?:increase|raise) the volume|volume up|"
        r"your volume is (?:too |very )?low",
    ),
    (
        Intent.QUIETER,
        rf"(?:{_TALK}) {_LITTLE}(?:quieter|more quietly|softer|more softly|less loudly?)|lower your voice|"
        r"you(?:'re| are)(?: (?:very|too|so|a bit))? loud|not so loud|"
        r"turn (?:it down|the volume down|down the volume)(?: a (?:bit|little))?|(?:reduce|lower) the volume|"
        r"volume down",
    ),
    (
        Intent.SKIP,
        rf"skip{_THIS}|skip (?:over|past) {_IT}|pass(?: on)?{_THIS}|i(?:'ll| will|'d)? (?:skip|pass)(?: on)?{_THIS}|"
        r"(?:the )?next(?: (?:question|one))?|move on|(?:move|go|continue|proceed|jump)(?: on| ahead)? "
        r"(?:to|with) the next(?: (?:question|one))?|"
        r"leave (?:it|this|that)(?: (?:one|question))?(?: out)?|"
        r"(?:come|get|go) back to (?:it|this|that)(?: (?:one|question))? later|"
        r"(?:ask me|give me|have|try|do|take|get) (?:another|a different|the next|some other)(?: (?:question|one))|"
        r"(?:ask me )?something else|another (?:question|one)|a different (?:question|one)|not this (?:one|question)",
    ),
    (
        Intent.WAIT,
        rf"let me (?:think|see|consider)(?: (?:about|of|on) (?:it|that|this))?(?: (?:for )?(?:a|one) {_MOMENT})?|"
        r"let me (?:finish|gather my thoughts|collect my thoughts|continue)|"
        rf"(?:(?:give me|allow me|have|take) )?(?:just )?(?:one|a|another|two|a few|"
        rf"one more) (?:more )?{_MOMENT}s?(?: to think)?"
        r"(?: (?:about (?:it|that|this)))?|"
        rf"(?:hold|hang) on(?: (?:for )?(?:a|one) {_MOMENT})?|wait(?: wait)*(?: (?:for )?(?:a|one) {_MOMENT})?|"
        rf"i(?:'ll)? (?:need|want) (?:(?:just )?(?:a|one|another|a few) (?:more )?{_MOMENT}s?|(?:some )?(?:more )?time|"
        rf"a (?:bit|little) (?:more )?time|to think)(?: to think)?(?: (?:about (?:it|that|this)))?"
        rf"(?: for (?:a|one) {_MOMENT})?|"
        rf"(?:give me|have|take|get) (?:some|a bit of|a little|more|a bit more|some more)(?: more)? time(?: to think)?|"
        r"i(?:'m| am)(?: still)? thinking(?: about it)?|bear with me|"
        r"i(?:'m| am) not (?:done|finished|ready|there)(?: yet)?|i (?:haven't|have not) finished(?: yet)?|not yet|"
        r"more time|i wasn't (?:done|finished)(?: yet)?|time to think",
    ),
    (
        Intent.DONE,
        r"(?:i think |i guess )?(?:that's|that is|that was|that would be) (?:it|all|everything|my answer|about it)"
        r"(?: (?:from me|from my side|i have|i know|i can say|i can think of|i wanted to say))?"
        r"(?: (?:about (?:it|that|this)|on that|for this (?:one|question)))?|"
        r"(?:i(?:'m| am) )?(?:done|finished)(?: with (?:this|that|my answer|it))?|i(?:'ve| have) finished"
        r"(?: my answer)?|(?:i have )?nothing (?:more|else|further)(?: to (?:add|say))?(?: (?:from me|here|on that))?|"
        r"nothing to add|end of answer|my answer is complete",
    ),
    (
        Intent.NOT_KNOWN,
        r"(?:i )?(?:really |honestly |just |actually )*(?:don't|do not)(?: really| actually)? (?:know|remember|recall)"
        r"(?: (?:it|that|this|the answer(?: to (?:that|this|it))?|that one|this one|anything about (?:it|that|this)|"
        r"much about (?:it|that|this)|how to answer(?: that| this)?))?|"
        r"(?:i(?:'ve| have)? )?(?:absolutely |really )?(?:no|not the slightest) (?:idea|clue)(?: (?:about (?:it|that|"
        r"this)))?|"
        r"(?:i(?:'m| am) )?(?:really )?not (?:really |quite )?(?:sure|certain)(?: (?:about (?:it|that|"
        r"this)(?: one)?))?|"
        r"i(?:'ve| have) never (?:heard of|used|worked with|seen) (?:it|that|this|them)(?: before)?|"
        r"i (?:can't|cannot|couldn't)(?: really)? (?:remember|recall|say|answer)(?: (?:it|that|this)(?: (?:one|"
        r"question))?)?|"
        r"i (?:haven't|have not) (?:a clue|got a clue|used (?:it|that)|worked with (?:it|that)|learned (?:it|that))|"
        r"not a clue|i wouldn't know|i(?:'ve)? forgot(?:ten)?(?: (?:it|that))?|beats me|(?:i )?dunno|i give up|"
        r"i (?:don't|do not) have (?:an|any) (?:answer|idea)(?: (?:to|for) (?:it|that|this))?",
    ),
    (
        Intent.ASKS,
        r"(?:ask you|ask)(?: (?:a|one|something|another|some))(?: quick)?(?: questions?)?(?: (?:first|too|now))?|"
        r"i(?:'ve| have)(?: got)? (?:a|one|another|some) (?:quick )?questions?(?: (?:for you|about (?:the|this) \w+))?|"
        r"what(?:'s| is| are) (?:the|your) (?:salary|pay|compensation|salary range|tech stack|start date|location|"
        r"benefits|working hours|next steps?|process|budget|notice period|team size)"
        r"(?: (?:for|of|in|at) (?:this|the|your) (?:role|job|position|company|team))?|"
        r"how (?:big|large|old) is (?:the|your) (?:team|company)|how much (?:does (?:it|this|the job) pay|will i earn)|"
        r"is (?:this|the|it)(?: (?:job|role|position))?(?: a)?(?: fully)? (?:remote|hybrid|full time|part time)"
        r"(?: (?:job|role|position))?|"
        r"(?:when|how soon|how) (?:will|do|can|would|should) i (?:hear|get|expect|know|find out)(?: (?:back|feedback|"
        r"the results?|an answer|a reply|about (?:it|the results?)))?(?: from you)?|"
        r"(?:do|will|can) i get (?:any |some )?(?:feedback|the results?|a (?:copy|report))(?: (?:after|later).*)?|"
        r"what happens (?:next|now|after (?:this|that|the \w+))|what comes next|"
        r"who (?:will|is going to|can|gets to) (?:listen to|hear|see|review|read|evaluate|grade|judge|look at) "
        r"(?:this|it|the recording|my answers?|the results?|me)|"
        r"(?:are|is) (?:you|this|the call|this call)(?: being)? record(?:ing|ed)(?: (?:this|me|the call))?|"
        r"tell me (?:more |something |a bit )?about (?:the|your|this) (?:company|job|team|role|position|process)|"
        r"what (?:does|do) (?:the|your|this) company do|what (?:is|would be) the (?:job|role|position) (?:about|like)|"
        r"(?:use|look at|take|check) (?:my |some )?(?:notes|google|the internet|a calculator|the documentation)|"
        r"where is the (?:office|job|company)|how (?:is|are) (?:this|it|my answers?) (?:graded|scored|evaluated|"
        r"judged)|"
        r"why (?:are|do) you (?:asking|ask)(?: me)? (?:this|that)",
    ),
    (
        Intent.ABUSE,
        r"(?:fuck|screw|damn)(?: (?:you|off|this|it|that))+|(?:what the|oh) (?:fuck|hell)(?: is (?:this|that|"
        r"wrong with you))?|"
        r"you(?:'re| are)?(?: an?| so| such an?| just an?)*(?: (?:fucking|bloody|damn|complete|total))* "
        r"(?:stupid|useless|dumb|idiot|idiotic|moron|worthless|pathetic|garbage|trash|rubbish|asshole|bastard|bitch|"
        r"piece of (?:shit|crap|garbage))(?: (?:machine|robot|bot|computer|thing|ai|idiot|program|piece of \w+))?|"
        r"(?:this )?(?:stupid|dumb|useless|idiotic|bloody|damn|fucking|goddamn)(?: \w+)? "
        r"(?:machine|robot|bot|computer|thing|ai|interview|call)|"
        r"shut (?:the fuck )?up|go to hell|piss off|idiot|moron|asshole|bastard|bitch|kiss my ass|"
        r"(?:this is |that's )?(?:bullshit|fucking ridiculous)",
    ),
)
"""In the order in which they are tried: what may not be missed comes first."""
