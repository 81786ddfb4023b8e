"""From an AskModel action to the request that goes out: the fields' meaning per task, in one place."""

from dataclasses import replace

from engine.chat import ChatRequest
from engine.dialogue.model_messages import AskModel
from engine.dialogue.prompts import classify_intent, reword_question, word_follow_up
from engine.questions.bank import QuestionBank


def request_for(ask: AskModel, bank: QuestionBank) -> ChatRequest:
    """The prompt of the task, within the conversation's time. Raises KeyError for an unknown task or question.

    probe: question_id, answer, missing (ids of key points). reword: question_id, heard. intent: question_id, heard.
    """
    fields = ask.fields
    question = bank.by_id(fields["question_id"])
    match ask.task:
        case "probe":
            request = word_follow_up(question, fields["answer"], fields["missing"])
        case "reword":
            request = reword_question(question, fields["heard"])
        case "intent":
            request = classify_intent(question.spoken, fields["heard"])
        case _:
            raise KeyError(ask.task)
    return replace(request, timeout_s=min(request.timeout_s, ask.timeout_ms / 1000))
