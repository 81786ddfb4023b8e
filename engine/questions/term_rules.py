"""The table of technical terms that recognisers write as other words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TermRule:
    """A run of words and the term that it stands for."""

    heard: tuple[str, ...]
    meant: str
    near: frozenset[str] = frozenset()
    """Where given, one of these must stand close by."""
    not_before: frozenset[str] = frozenset()
    """None of these may follow."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PROGRAMMING = _words(
    """
    language languages program programming programmer developer code coding compiler compiled class classes java python
    javascript typescript linux windows library framework backend software syntax generics dotnet asp
    async linq wrote written
    """
)
_DATABASES = _words(
    """
    database databases table tables query queries join joins row rows relational postgres mysql injection schema
    statement statements orm
    """
)
_CACHES = _words(
    """
    redis memcached invalidate invalidated invalidation expire expires expired ttl hit miss stale cdn browser latency
    lookup lookups memory evict evicted eviction query queries results
    """
)
_FORMATS = _words(
    """
    parse parsed parsing format formats payload object objects serialize serialized serialise serialised endpoint xml
    yaml response body api schema
    """
)
_HOOKS = _words("react hook hooks component components")
_KEY_VALUE = _words("cache cached caching memcached ttl session sessions key keys expire expires")
_NO_TABLES = _words(
    "database databases mongo mongodb document documents relational cassandra dynamodb schemaless store"
)
_QUERY_WORDS = _words("query queries injection statement statements involved needed at in")
_PYTHON = _words("python thread threads lock interpreter threading concurrency")
_SHARP_THINGS = _words("edges edge knives knife turns turn pain pains objects teeth contrast images image lines")


def _rules(meant: str, *heard: str, near: frozenset[str] = frozenset()) -> tuple[TermRule, ...]:
    return tuple(TermRule(tuple(run.split()), meant, near) for run in heard)


_UNMISTAKABLE = {
    "AWS": ("a w s",),
    "API": ("a p i",),
    "asyncio": ("async io", "a sync io", "async i o"),
    "B-tree": ("bee tree", "b tree"),
    "C++": ("see plus plus", "sea plus plus", "c plus plus"),
    "CI/CD": ("c i c d", "see i see d", "ci cd"),
    "CORS": ("c o r s",),
    "CSS": ("c s s",),
    "Django": ("d jango", "jango"),
    "DNS": ("d n s",),
    "Dockerfile": ("docker file",),
    "DynamoDB": ("dynamo db", "dynamo d b"),
    "Elasticsearch": ("elastic search",),
    "FastAPI": ("fast api", "fast a p i"),
    "GitHub": ("git hub", "get hub"),
    "GraphQL": ("graph ql", "graph q l", "graph cue l"),
    "gRPC": ("g rpc", "g r p c"),
    "HTTP": ("h t t p",),
    "HTTPS": ("h t t p s",),
    "I/O": ("i o",),
    "idempotent": ("item potent", "idem potent", "eye dem potent"),
    "JavaScript": ("java script",),
    "JWT": ("j w t",),
    "Kubernetes": (
        "cooper netties", "cuber netties", "coober netties", "cube ernetes", "kuber netes", "cooper nettys",
        "kubernets", "cuban netties", "kubernetties", "k eights", "k8s",
    ),
    "kubectl": ("cube control", "cube cuddle", "cube c t l", "kube control"),
    "memoization": ("memo ization", "memo isation"),
    "microservices": ("micro services",),
    "microservice": ("micro service",),
    "MongoDB": ("mongo db", "mongo d b"),
    "mutex": ("mew tex", "mute ex", "mew techs", "mutecks"),
    "MySQL": ("my sequel",),
    "NGINX": ("engine x", "n jinx", "engine ex"),
    "Node.js": ("node js", "node j s"),
    "npm": ("n p m",),
    "NumPy": ("num pie", "numb pie", "num pi"),
    "OAuth": ("o auth", "oh auth"),
    "PostgreSQL": ("post gre sql", "postgres q l", "post gress q l", "post gres q l", "postgre sql"),
    "Postgres": ("post gres", "post gress", "post grass", "postgress", "pose grass"),
    "PyTorch": ("pie torch",),
    "RabbitMQ": ("rabbit mq", "rabbit m q", "rabbit and q"),
    "React.js": ("react js",),
    "regex": ("rej x", "reg x", "reg ex"),
    "REST API": ("rest api", "rest a p i", "restful api"),
    "SQL": ("s q l",),
    "SQLAlchemy": ("sequel alchemy", "sql alchemy"),
    "SQLite": ("sequel lite", "sequel light", "sql light"),
    "TCP": ("t c p",),
    "Terraform": ("terror form", "terra form"),
    "TypeScript": ("type script",),
    "useEffect hook": ("use effect hook",),
    "WebSocket": ("web socket",),
    "WebSockets": ("web sockets",),
    "YAML": ("yam el", "yammel"),
}  # fmt: skip

_IN_CONTEXT: tuple[tuple[str, tuple[str, ...], frozenset[str]], ...] = (
    ("SQL", ("sequel", "see quel", "sea quell"), _DATABASES),
    ("Redis", ("red is", "reddis"), _KEY_VALUE),
    ("cache", ("cash",), _CACHES),
    ("cached", ("cashed",), _CACHES),
    ("caching", ("cashing",), _CACHES),
    ("JSON", ("jason", "j son", "jay son"), _FORMATS),
    ("Flask", ("flax",), _PROGRAMMING | _FORMATS),
    (
        "Kafka",
        ("calf ka", "cough ka"),
        _words("topic topics message messages consumer consumers partition stream queue"),
    ),
    ("GIL", ("gill",), _PYTHON),
    ("Vue", ("view js", "view j s"), _words("react angular component components frontend framework")),
    ("useState", ("use state",), _HOOKS),
    ("useMemo", ("use memo",), _HOOKS),
    ("async", ("a sync", "a sink"), _words("await awaits awaited promise promises coroutine coroutines")),
    ("queue", ("cue",), _words("stack fifo message messages enqueue dequeue push pop worker workers")),
    ("tuple", ("two pull", "two pole", "tupple"), _words("list lists python immutable mutable")),
    ("pytest", ("pie test",), _words("python fixture fixtures assert asserts unit mock")),
    (".NET", ("dot net",), _PROGRAMMING),
)

_BIG_O = {
    "O(1)": ("o of one", "o of 1", "big o of one", "oh of one", "big oh of one"),
    "O(n)": ("o of n", "big o of n", "oh of n", "o of end", "big oh of n"),
    "O(log n)": ("o of log n", "big o of log n", "oh of log n", "o log n", "oh log n", "big oh of log n"),
    "O(n log n)": ("o of n log n", "big o of n log n", "oh of n log n", "o n log n", "oh and log n"),
    "O(n^2)": ("o of n squared", "big o of n squared", "oh of n squared", "o n squared", "big oh of n squared"),
    "O(2^n)": ("o of two to the n", "o of 2 to the n", "big o of two to the n"),
}  # fmt: skip

_GUARDED = (
    TermRule(("see", "sharp"), "C#", near=_PROGRAMMING, not_before=_SHARP_THINGS),
    TermRule(("sea", "sharp"), "C#", near=_PROGRAMMING, not_before=_SHARP_THINGS),
    TermRule(("c", "sharp"), "C#", near=_PROGRAMMING, not_before=_words("minor major key")),
    TermRule(("no", "sequel"), "NoSQL", near=_NO_TABLES, not_before=_QUERY_WORDS),
    TermRule(("no", "sql"), "NoSQL", near=_NO_TABLES, not_before=_QUERY_WORDS),
)

RULES: tuple[TermRule, ...] = (
    *(rule for meant, heard in _UNMISTAKABLE.items() for rule in _rules(meant, *heard)),
    *(rule for meant, heard, near in _IN_CONTEXT for rule in _rules(meant, *heard, near=near)),
    *(rule for meant, heard in _BIG_O.items() for rule in _rules(meant, *heard)),
    *_GUARDED,
)
"""Longer runs win over shorter ones wherever both fit."""
