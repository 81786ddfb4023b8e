"""A language model in whole calls, through the openai package: what it gets wrong, the bank makes good in time."""

import queue
import threading
import time

import pytest

from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import build_client
from engine.dialogue.model_messages import AskModel
from engine.questions.bank import load_bank
from engine.work.replay import logged_actions, replayed_actions
from telephony.thinker import ReplyFailed, ReplyWhole, SentenceWritten, Thinker, ThreadedThinker
from tests.fakes.account import CountingAccount
from tests.fakes.openai_faults import NO_QUOTA, SERVER_ERROR, Fault
from tests.fakes.openai_server import KEY, Behaviour, FakeOpenAI

THIN = "I would use something else."
REMARK = "You would use something else."
WORDED = "What would you look at first, and how would you go on from it?"
TEXTS = ["Yes.", THIN, "More I cannot say.", "No, thank you."]


@pytest.fixture
def server():
    with FakeOpenAI(Behaviour(chat=lambda _body: f"{REMARK} {WORDED}")) as fake:
        yield fake


@pytest.fixture
def model(server):
    client = build_client(KEY, base_url=server.base_url)
    chat = OpenAIChat(client, "gpt-6-luna")
    yield chat
    chat.close()
    client.close()


@pytest.fixture
def call(virtual, model):
    return virtual(TEXTS, question_count=1, thinker=lambda *parts: Thinker(model, *parts))


def follow_up(call) -> dict:
    [fact] = call.facts("follow_up_asked")
    return fact


def test_a_follow_up_in_the_model_s_words_is_heard_and_kept_with_its_source(call, server):
    call.run()
    assert call.reason == "completed"
    fact = follow_up(call)
    assert (fact["text"], fact["source"], fact["version"]) == (f"{REMARK} {WORDED}", "model", "probe-2")
    assert f"{REMARK} {WORDED}" in [turn["text"] for turn in call.facts("turn_ended")]
    assert replayed_actions(call.records, call.plan) == logged_actions(call.records)
    assert THIN in server.requests[-1].body["input"][-1]["content"]


@pytest.mark.parametrize(
    "fault",
    [
        SERVER_ERROR,
        NO_QUOTA,
        Fault("reset"),
        Fault("truncated", after=0),
        Fault("no_completed"),
        Fault("error_event"),
        Fault("refusal"),
        Fault("incomplete"),
        Fault("broken_event"),
        Fault("empty"),
    ],
    ids=lambda fault: fault.kind if fault.kind != "status" else f"status {fault.status} {fault.code}",
)
def test_whatever_goes_wrong_with_the_model_the_call_goes_on_with_a_question(call, server, fault):
    server.script("/responses", fault)
    call.run()
    assert call.reason == "completed"
    fact = follow_up(call)
    assert fact["text"].endswith("?")
    asked = next(record for record in call.records if record.name == "AskModel")
    answer = next(
        record for record in call.records if record.name in ("Speak", "SpeakMore") and record.sequence > asked.sequence
    )
    assert answer.at_ms - asked.at_ms <= 40
    assert len(call.facts("answer_completed")) == 2, "the answer to the follow-up is part of the answer"
    assert replayed_actions(call.records, call.plan) == logged_actions(call.records)


class Absent(Thinker):
    """A model that never says anything."""

    def _begin(self, ask: AskModel) -> None:
        """Nothing comes."""


def test_a_model_that_says_nothing_is_bridged_and_then_given_up(virtual, model):
    call = virtual(TEXTS, question_count=1, thinker=lambda *parts: Absent(model, *parts)).run()
    assert call.reason == "completed"
    assert follow_up(call)["source"] == "bank"
    asked = next(record for record in call.records if record.name == "AskModel")
    later = [record for record in call.records if record.sequence > asked.sequence]
    lead = next(record for record in later if record.name == "Speak")
    rest = next(record for record in later if record.name == "SpeakMore")
    assert lead.at_ms - asked.at_ms <= 720
    assert rest.at_ms - asked.at_ms <= 2020


def ask(number: int, timeout_ms: int = 2000, task: str = "probe") -> AskModel:
    question = load_bank().questions[0]
    fields = {"question_id": question.id, "answer": THIN, "missing": [question.key_points[0].id], "heard": THIN}
    return AskModel(number, task, fields, timeout_ms)


@pytest.fixture
def results():
    return queue.Queue()


def test_sentences_come_before_the_reply_is_whole(model, results):
    thinker = ThreadedThinker(model, load_bank(), results.put)
    thinker.ask(ask(1))
    assert [results.get(timeout=5) for _ in range(3)] == [
        SentenceWritten(1, REMARK),
        SentenceWritten(1, WORDED),
        ReplyWhole(1, None),
    ]


def test_the_conversation_s_deadline_ends_a_request(model, server, results):
    server.script("/responses", Fault("slow", seconds=20))
    thinker = ThreadedThinker(model, load_bank(), results.put)
    began_s = time.monotonic()
    thinker.ask(ask(1, timeout_ms=300))
    assert isinstance(results.get(timeout=5), ReplyFailed)
    assert time.monotonic() - began_s < 2


def test_a_request_that_nobody_waits_for_holds_up_none_after_it(model, server, results):
    server.script("/responses", Fault("stall", seconds=20, after=3))
    thinker = ThreadedThinker(model, load_bank(), results.put)
    thinker.ask(ask(1))
    assert server.asked(1)
    thinker.ask(ask(2))
    came = []
    while ReplyWhole(2, None) not in came:
        came.append(results.get(timeout=5))
    assert [each.request for each in came if isinstance(each, ReplyFailed)] in ([], [1])


def test_an_intent_comes_as_data(model, server, results):
    server.behaviour.chat = lambda _body: '{"intent":"repeat","confidence":0.9}'
    thinker = ThreadedThinker(model, load_bank(), results.put)
    thinker.ask(ask(1, task="intent"))
    assert results.get(timeout=5) == ReplyWhole(1, {"intent": "repeat", "confidence": 0.9})


def test_what_a_call_asks_is_charged_and_nothing_is_asked_without_money(model, server, results):
    account = CountingAccount()
    thinker = Thinker(model, load_bank(), results.put, account)
    thinker.ask(ask(1))
    assert [usage.kind for usage in account.usages] == ["chat"]
    account.has_money = False
    thinker.ask(ask(2))
    assert len(server.requests) == 1
    while not isinstance(last := results.get(timeout=5), ReplyFailed):
        pass
    assert last.request == 2


def test_no_thread_is_left_of_a_request(model, results):
    thinker = ThreadedThinker(model, load_bank(), results.put)
    thinker.ask(ask(1))
    while not isinstance(results.get(timeout=5), ReplyWhole):
        pass
    for thread in [each for each in threading.enumerate() if each.name == "thinker"]:
        thread.join(5)
        assert not thread.is_alive()
