"""A language model without a model: it answers each task of ours from what the request holds, always the same way.

Its grades quote what was really said, its questions keep the rules of the prompt, its prose repeats the facts given.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.chat import unquoted
from tests.fakes.openai_replies import plain_reply

_QUESTIONS = tomllib.loads((Path(__file__).parent / "written_questions.toml").read_text())["question"]
_QUOTE_WORDS = 12
_REST = {
    "easy": ("Tell me about the first thing in {topic} that went wrong for you. How did you notice, and what helped?"),
    "medium": "Describe a change to a {topic} project that you would make differently today. What happened, and why?",
    "hard": "Walk me through the toughest {topic} outage you can imagine. How would you narrow down what caused it?",
}


def useful_reply(body: Mapping[str, Any]) -> str:
    """The reply to a request of ours; for anybody else's, the smallest one that fits."""
    task = str(body.get("prompt_cache_key", "")).rpartition("-")[0]
    answer = _ANSWERS.get(task)
    if answer is None:
        return plain_reply(body)
    data = unquoted(body["input"][-1]["content"])
    assert isinstance(data, dict)
    return json.dumps(answer(data))


def _question(wish: Mapping[str, Any]) -> dict[str, Any]:
    asked = set(wish["asked"])
    fitting = [
        each for each in _QUESTIONS if (each["topic"], each["difficulty"]) == (wish["topic"], wish["difficulty"])
    ]
    question = next((each for each in fitting if each["text"] not in asked), None)
    if question is None:
        return _general_question(wish)
    points = [{"wrong_twin": None, **point} for point in question["key_points"]]
    return {**question, "spoken": question["text"], "key_points": points}


def _general_question(wish: Mapping[str, Any]) -> dict[str, Any]:
    text = _REST[wish["difficulty"]].format(topic=wish["topic"].replace("_", " "))
    return {
        "topic": wish["topic"], "difficulty": wish["difficulty"], "kind": "behavioural", "shape": "think",
        "text": text, "spoken": text,
        "reference_answer": "I read the logs and metrics to find the root cause. Then I added a regression test and an"
        " alert, so that it cannot come back unseen.",
        "key_points": [
            {"id": "root-cause", "text": "logs and metrics lead to the root cause", "weight": 3, "wrong_twin": None,
             "phrasings": ["I read the logs to find the root cause", "metrics and traces showed me where"]},
            {"id": "regression-test", "text": "a regression test and an alert keep it from returning", "weight": 2,
             "wrong_twin": None,
             "phrasings": ["then I added a regression test", "an alert so that it cannot come back unseen"]},
        ],
        "follow_ups": [{"key_point": "regression-test", "text": "How would you know the next time?"}],
        "terms": ["root cause", "logs", "metrics", "regression test"],
        "rubric_hints": ["Any honest story will do."],
    }  # fmt: skip


def _grade(data: Mapping[str, Any]) -> dict[str, Any]:
    """Quotes the sentence that shares most words with each key point; the level follows from how many were found."""
    sentences = [each.split() for each in re.split(r"(?<=[.?!,]) ", data["answer"]) if len(each.split()) >= 2]
    quotes = []
    for point in data["key_points"]:
        wanted = _stems(point["claim"])
        best = max(sentences, key=lambda words: len(wanted & _stems(" ".join(words))), default=[])
        if len(wanted & _stems(" ".join(best))) >= 2:
            quotes.append({"quote": " ".join(best[:_QUOTE_WORDS]), "key_point": point["id"]})
    share = len(quotes) / max(1, len(data["key_points"]))
    reason = f"{len(quotes)} of {len(data['key_points'])} expected points were found in the answer."
    return {"quotes": quotes[:4], "reason": reason, "level": 1 + round(4 * share) if quotes else 1}


def _stems(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 3}


def _prose(facts: Mapping[str, Any]) -> dict[str, Any]:
    lines = [*facts.get("strengths", ())[:2], *facts.get("improvements", ())[:1]]
    return {"summary": " ".join(["The interview covered the agreed topics.", *lines, "A person should decide."])}


def _reworded(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"spoken": f"Let me put it another way. {data['question']}"}


def _follow_up(data: Mapping[str, Any]) -> dict[str, Any]:
    words = re.findall(r"[A-Za-z]{5,}", data["answer"])
    return {
        "spoken": f"You said {words[-1].lower()}. Could you go one step further?" if words else "Could you say more?"
    }


def _intent(_data: Mapping[str, Any]) -> dict[str, Any]:
    return {"intent": "answer", "confidence": 0.9}


_ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "generate": _question,
    "evaluate": _grade,
    "summarise": _prose,
    "reword": _reworded,
    "probe": _follow_up,
    "intent": _intent,
}
