"""The lists behind the comparison of words: fillers, words without content, symbols, and one spelling for each term."""

_WITHOUT_CONTENT = """
1 a about actually after again all already also although always am an and any anyway are aren't as at
basically be because been before being both but by can can't cannot could couldn't did didn't do does doesn't
doing don't done down during each either else etc ever every few for from further get gets getting give given
gives go goes going gonna got had has hasn't have haven't having he her here hers him his how however i i'd
i'll i'm i've if in instead into is isn't it it's its itself just kind know let let's like lot lots made make
makes making many may maybe me mean might mine more most much must my myself need needs neither never no nor
not now of off often oh ok okay on once one's only onto or other others our ours out over own perhaps please
pretty probably quite rather really right said same say says see she should shouldn't simply since so some
somehow something sometimes still such sure than thank thanks that that's the their theirs them themselves
then there there's these they they're thing things think this those though through thus to too toward towards
under until up upon us use used uses using usually very via want wants was wasn't way we we'd we'll we're
we've well were what what's when where whether which while who whole whom whose why will with within would
wouldn't yeah yep yes yet you you'd you'll you're you've your yours
"""
STOP_WORDS = frozenset(_WITHOUT_CONTENT.split())
"""Words that carry no claim. Negations are among them: truth is not measured, see docs/grading.md."""

FILLERS = (
    r"u+m+",
    r"u+h+m?",
    r"e+r+m*",
    r"e+h+",
    r"h+m+",
    r"a+h+",
    "you know",
    "i mean",
    "sort of",
    "kind of",
    "like i said",
    "basically",
    "actually",
    "literally",
    "you see",
    "let's say",
    "let us say",
    "let me see",
    "let me think",
)
"""Hesitation sounds and verbal tics, as patterns."""

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety"
NUMBERS = {word: str(number) for number, word in enumerate(_UNITS.split())} | {
    word: str(tens) for word, tens in zip(_TENS.split(), range(30, 100, 10), strict=True)
}

SYMBOLS = (
    ("===", " triple equals "),
    ("!==", " not equals "),
    ("!=", " not equals "),
    ("==", " double equals "),
    ("=>", " arrow "),
    ("&&", " and and "),
    ("c++", " cplusplus "),
    ("c#", " csharp "),
    ("++", " plus plus "),
    ("&", " ampersand "),
    ("%", " percent "),
    ("*", " star "),
    ("+", " plus "),
    ("=", " equals "),
    ("@", " at "),
    ("#", " hash "),
    ("²", " squared "),
    ("^2", " squared "),
    ("2^n", " 2 to the n "),
    ("’", "'"),
)
"""Written signs as they are spoken; longer ones first."""

PHRASES = {
    "application programming interface": "api",
    "asynchronous": "async",
    "a synchronous": "async",
    "a sync": "async",
    "atomicity consistency isolation durability": "acid",
    "back end": "backend",
    "back tracking": "backtracking",
    "binary tree search": "binary search tree",
    "book keeping": "bookkeeping",
    "breadth first search": "bfs",
    "bundle ing": "bundling",
    "cash": "cache",
    "cashed": "cached",
    "cashes": "caches",
    "cashing": "caching",
    "coober netties": "kubernetes",
    "common js": "commonjs",
    "content delivery network": "cdn",
    "continuous delivery": "cd",
    "continuous deployment": "cd",
    "continuous integration": "ci",
    "coroutines": "coroutine",
    "co routine": "coroutine",
    "co routines": "coroutine",
    "cube ernetes": "kubernetes",
    "data base": "database",
    "dead lock": "deadlock",
    "dead locks": "deadlock",
    "depth first search": "dfs",
    "document object model": "dom",
    "domain name system": "dns",
    "event y'all consistency": "eventual consistency",
    "first in first out": "fifo",
    "front end": "frontend",
    "garbage collection": "garbage collector",
    "gill": "gil",
    "global interpreter lock": "gil",
    "hash map": "hashmap",
    "hash maps": "hashmap",
    "hash table": "hashmap",
    "hash tables": "hashmap",
    "hashtable": "hashmap",
    "i o": "io",
    "input output": "io",
    "indices": "index",
    "infrastructure as code": "iac",
    "java script": "javascript",
    "jason": "json",
    "json web token": "jwt",
    "jot token": "jwt",
    "key word": "keyword",
    "last in first out": "lifo",
    "least recently used": "lru",
    "life cycle": "lifecycle",
    "load balance": "balance",
    "look up": "lookup",
    "look ups": "lookup",
    "lookups": "lookup",
    "look it up": "lookup",
    "man in the middle": "mitm",
    "message queue": "queue",
    "meta data": "metadata",
    "micro service": "microservice",
    "micro services": "microservice",
    "micro task": "microtask",
    "micro tasks": "microtask",
    "mew tex": "mutex",
    "mute ex": "mutex",
    "my sequel": "mysql",
    "name space": "namespace",
    "name spaces": "namespace",
    "node js": "nodejs",
    "no sequel": "nosql",
    "no sql": "nosql",
    "object relational mapper": "orm",
    "object relational mapping": "orm",
    "out of memory": "oom",
    "over head": "overhead",
    "over write": "overwrite",
    "point her": "pointer",
    "post gres": "postgres",
    "postgresql": "postgres",
    "post gre sql": "postgres",
    "process id": "pid",
    "re render": "rerender",
    "re renders": "rerender",
    "re rendering": "rerender",
    "re rendered": "rerender",
    "read replica": "replica",
    "red is": "redis",
    "roll back": "rollback",
    "rolled back": "rollback",
    "rolls back": "rollback",
    "rolling back": "rollback",
    "role back": "rollback",
    "run time": "runtime",
    "s e o": "seo",
    "sequel": "sql",
    "server side": "serverside",
    "single point of failure": "spof",
    "stale ness": "staleness",
    "structured query language": "sql",
    "sub class": "subclass",
    "time out": "timeout",
    "time outs": "timeout",
    "time to live": "ttl",
    "type script": "typescript",
    "use effect": "useeffect",
    "use state": "usestate",
    "use memo": "usememo",
    "use callback": "usecallback",
    "use ref": "useref",
    "virtual machine": "vm",
    "virtual machines": "vm",
    "vms": "vm",
    "white space": "whitespace",
}
"""Several words for one thing, usual mis-hearings included, as the one word they are compared by."""
