"""What workers deliver, as the signals that the core knows."""

from engine.dialogue.signals import (
    AllReceived,
    AnswerJudged,
    FinalReceived,
    ModelFailed,
    ModelReplied,
    ModelText,
    PartialReceived,
    RecogniserFailed,
    Signal,
    UserCommand,
    VoiceFailed,
)
from engine.ports import AllHeard, FinalHeard, PartialHeard, RecognitionFailed
from telephony.command_desk import UserWished
from telephony.speaker import VoiceLost
from telephony.thinker import ReplyFailed, ReplyWhole, SentenceWritten


def signal_of(result: object, now_ms: int) -> Signal | None:
    """The signal that tells the core of a result; None for what is no news to it."""
    match result:
        case AnswerJudged():
            return result
        case UserWished(command, text):
            return UserCommand(now_ms, command, text)
        case VoiceLost(utterance):
            return VoiceFailed(now_ms, utterance)
        case SentenceWritten(request, text):
            return ModelText(now_ms, request, text)
        case ReplyWhole(request, data):
            return ModelReplied(now_ms, request, data)
        case ReplyFailed(request, reason):
            return ModelFailed(now_ms, request, reason)
    return _recognised(result, now_ms)


def _recognised(result: object, now_ms: int) -> Signal | None:
    match result:
        case PartialHeard(text):
            return PartialReceived(now_ms, text)
        case FinalHeard(transcript):
            return FinalReceived(now_ms, transcript.text, transcript.words)
        case AllHeard(request):
            return AllReceived(now_ms, request)
        case RecognitionFailed():
            return RecogniserFailed(now_ms)
    return None
