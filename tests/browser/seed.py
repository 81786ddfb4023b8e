"""The people, interviews and calls that the browser tests look at."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.time_zones import TimeZones
from engine.pricing import load_prices
from engine.questions.bank import load_bank
from engine.scheduling.calling_hours import load_calling_hours
from engine.scheduling.links import Purpose
from engine.scheduling.slots import Opening, Window
from engine.scheduling.zones import LocalTime
from engine.store.drafts import DraftRepository
from engine.store.models import Interview, WebhookDelivery
from engine.store.phrases import PhraseNews, PhraseRepository
from engine.store.provider_health import EngineHealth, ProviderHealthRepository
from engine.store.retention import RetentionRepository
from engine.store.tasks import TaskRepository
from engine.store.templates import TemplateContent, TemplateRepository
from engine.store.unit_of_work import UnitOfWork
from engine.store.webhooks import WebhookRepository
from engine.usage import Usage
from engine.vocabulary import Level, TaskKind, Topic, WebhookEvent
from engine.work.account_mails import LIFETIMES, PATHS
from engine.work.booking import book_at, offer_window
from engine.work.candidate_links import LinkMaker
from engine.work.desk import Desk
from engine.work.grading import grade_interview
from tests.integration.dashboard.recordings import write_recording
from tests.integration.dashboard.sample_interviews import CallScript, new_interview, new_user

PASSWORD = "Correct-Horse-7"

TUPLE_ANSWER = (
    "Um, a tuple is immutable, so it cannot be changed after it is created. Because of that you can hash it and use it "
    "as a dictionary key, which a list cannot do. I would use a tuple for a fixed record like coordinates, and a list "
    "when the collection grows."
)
INDEX_ANSWER = (
    "An index lets the database find rows without scanning the whole table. Uh, I believe most of them are trees. "
    "But every insert and every update has to maintain the index too, so writes get slower."
)
JOIN_ANSWER = (
    "An inner join gives back only the rows that match in both tables. With the left join you, uh, you also get the "
    "customers who have nothing on the other side."
)


@dataclass(frozen=True)
class Seeded:
    user_id: uuid.UUID
    email: str
    newcomer_email: str
    completed: uuid.UUID
    partial: uuid.UUID
    live: uuid.UUID
    scheduled: uuid.UUID
    evaluating: uuid.UUID
    cancelled: uuid.UUID
    booked: uuid.UUID
    links: dict[str, str]
    """Paths of a candidate's pages."""
    mailed: dict[str, str]
    """Paths of links in mails to the newcomer."""
    draft: str
    """Path of an interview that is being set up."""
    template: uuid.UUID
    webhook: uuid.UUID


def seed(sessions: sessionmaker[Session], recordings_dir: Path, password_hash: str) -> Seeded:
    ada = new_user(sessions, "ada@example.org", password_hash)
    niklas = new_user(sessions, "new@example.org", password_hash, first_name="Niklas", is_verified=False)
    completed = new_interview(sessions, ada, title="Backend engineer, mid", candidate="Grace Hopper")
    _whole_call(sessions, completed, recordings_dir)
    _make_last(sessions, completed, minutes=7)
    _make_dear(sessions, completed)
    grade_interview(sessions, load_bank(), completed)
    partial = new_interview(
        sessions, ada, title="Data engineer, junior", candidate="Katherine Johnson", topics=[Topic.DATABASES]
    )
    _broken_call(sessions, partial)
    grade_interview(sessions, load_bank(), partial)
    live = new_interview(
        sessions, ada, title="Platform engineer, senior", candidate="Radia Perlman", topics=list(Topic)[:5]
    )
    running_call(sessions, live)
    evaluating = new_interview(
        sessions, ada, title="Frontend engineer, mid", candidate="Evelyn Berezin", topics=[Topic.REACT]
    )
    _whole_call(sessions, evaluating, None)
    cancelled = new_interview(sessions, ada, title="Python developer, junior", candidate="Jean Bartik")
    with UnitOfWork(sessions) as work:
        work.interviews.cancel(cancelled, ada)
        work.commit()
    for number in range(8):
        new_interview(
            sessions, ada, title=f"Software engineer {number + 1}", candidate="Joan Clarke", in_hours=20.0 + 30 * number
        )
    scheduled = new_interview(
        sessions, ada, title="Site reliability engineer, mid", candidate="Hedy Lamarr", in_hours=2
    )
    booked, links = _appointments(sessions, ada)
    mailed = _mailed_links(sessions, niklas)
    return Seeded(
        ada,
        "ada@example.org",
        "new@example.org",
        completed,
        partial,
        live,
        scheduled,
        evaluating,
        cancelled,
        booked,
        links,
        mailed,
        *_set_up_halfway(sessions, ada),
        _webhooks(sessions, ada, completed),
    )


def _webhooks(sessions: sessionmaker[Session], owner_id: uuid.UUID, held: uuid.UUID) -> uuid.UUID:
    """A webhook with deliveries in every state, one that was turned off; and an interview that is held."""
    now = datetime.now(UTC)
    with sessions.begin() as session:
        webhooks = WebhookRepository(session)
        wanted = [WebhookEvent.CALL_ENDED, WebhookEvent.REPORT_READY]
        watched = webhooks.add(owner_id, "https://applicants.example.org/hooks/vivavoce?tenant=backend-team", wanted)
        off = webhooks.add(owner_id, "https://old.example.org/", wanted[:1])
        webhooks.switch(off, is_on=False, reason="20 tries failed one after the other.", now=now)
        for _ in range(3):
            webhooks.send_test(watched)
        failed, delivered, waiting = session.scalars(select(WebhookDelivery)).all()
        failed.state, failed.attempts, failed.status = "failed", 6, 503
        failed.answer = "Service unavailable, sorry. " * 6
        delivered.state, delivered.attempts, delivered.status = "delivered", 1, 204
        waiting.attempts, waiting.due_at = 2, now + timedelta(minutes=5)
        waiting.answer = "No answer came within 10 seconds."
        RetentionRepository(session).hold(held, owner_id, "The candidate disputes question 2.", now)
        return watched.id


def _mailed_links(sessions: sessionmaker[Session], user_id: uuid.UUID) -> dict[str, str]:
    with UnitOfWork(sessions) as work:
        paths = {
            path: f"/{path}/{work.account_tokens.issue(user_id, mail, LIFETIMES[mail], datetime.now(UTC))}"
            for mail, path in PATHS.items()
        }
        work.commit()
    return paths


def _set_up_halfway(sessions: sessionmaker[Session], owner_id: uuid.UUID) -> tuple[str, uuid.UUID]:
    """A draft with everything in it, one that has hardly begun, and a template."""
    faq = [
        {"question": "Can I work from home?", "answer": "Yes, up to three days a week."},
        {"question": "Which tools does the team use?", "answer": "Python, PostgreSQL and a little React."},
    ]
    day = datetime.now(UTC).date() + timedelta(days=9)
    typed = {
        "role": "Site reliability engineer for the payments platform",
        "level": "senior",
        "topics": [Topic.SYSTEM_DESIGN, Topic.DEVOPS, Topic.DATABASES],
        "question_count": "10",
        "faq": faq,
        "candidate_name": "Dorothy Vaughan",
        "candidate_phone": "+1 202 555 0190",
        "candidate_time_zone": "America/New_York",
        "candidate_email": "dorothy@example.org",
        "may_call": "yes",
        "when": "at",
        "scheduled_local": f"{day}T14:30",
        "notice_h": "24",
    }
    content = TemplateContent(
        name="Reliability, senior",
        role="Site reliability engineer",
        level=Level.SENIOR,
        topics=(Topic.SYSTEM_DESIGN, Topic.DEVOPS, Topic.DATABASES, Topic.PYTHON),
        question_count=10,
        language="en",
        rubric="accuracy-depth-clarity-completeness",
        notice_h=24,
        faq=tuple(faq),
    )
    with sessions.begin() as session:
        drafts = DraftRepository(session)
        whole, template = drafts.begin(owner_id, typed, reached=4), TemplateRepository(session).add(owner_id, content)
        drafts.begin(owner_id, {}, reached=0)
        return f"/interviews/drafts/{whole.id}", template.id


def _appointments(sessions: sessionmaker[Session], owner_id: uuid.UUID) -> tuple[uuid.UUID, dict[str, str]]:
    """A booked call without an agreement on record, and a window that waits for a pick."""
    booked = new_interview(sessions, owner_id, title="Database engineer, mid", candidate="Grace Hopper")
    offered = new_interview(sessions, owner_id, title="Frontend engineer, junior", candidate="Mary Jackson")
    now = datetime.now(UTC)
    first = now.date() + timedelta(days=1)
    window = Window(
        first,
        first + timedelta(days=6),
        "Europe/Berlin",
        tuple(Opening(day, time(9), time(12)) for day in range(7)),
        15,
    )
    wall = datetime.combine(first + timedelta(days=3), time(15, 30))
    with sessions.begin() as session:
        desk = Desk(session, TimeZones(), load_calling_hours(), now)
        interview = session.get_one(Interview, booked)
        interview.candidate.email = "grace@example.org"
        appointment = book_at(desk, interview, LocalTime(wall, "Europe/Berlin"))
        said = 'Asked for a person: "Could I talk to somebody about this first?"'
        TaskRepository(session).add(owner_id, booked, TaskKind.CALL_BACK, said, at_ms=192_000)
        waiting = offer_window(desk, session.get_one(Interview, offered), window)
        maker = LinkMaker("c" * 40, "")
        links = {
            "pick": maker.address(Purpose.PICK, waiting),
            "cancel": maker.address(Purpose.CANCEL, appointment),
            "decline": maker.address(Purpose.DECLINE, appointment),
            "broken": "/c/broken",
        }
    return booked, links


def _make_last(sessions: sessionmaker[Session], interview_id: uuid.UUID, *, minutes: int) -> None:
    """The script ran in no time; the interview is to look as long as a real one."""
    with sessions.begin() as session:
        interview = session.get_one(Interview, interview_id)
        assert interview.ended_at is not None
        interview.started_at = interview.ended_at - timedelta(minutes=minutes, seconds=12)


def _make_dear(sessions: sessionmaker[Session], interview_id: uuid.UUID) -> None:
    """Usage of every kind, one of it without a price; and engines in every state."""
    now = datetime.now(UTC)
    used = [
        Usage(
            "openai", "gpt-6-luna", "chat", requests=9, input_tokens=41_200, cached_tokens=8_000, output_tokens=2_310
        ),
        Usage("openai", "a-model-of-our-own", "chat", input_tokens=900, output_tokens=80, is_estimated=True),
        Usage("deepgram", "nova-3", "speech_to_text", audio_ms=412_340),
        Usage("deepgram", "aura-2-thalia-en", "text_to_speech", requests=31, audio_ms=121_000, characters=18_200),
    ]
    engines = [
        EngineHealth("deepgram-nova", "speech_to_text", "open", 5, "Deepgram refused the key (401).", now, None),
        EngineHealth("openai", "text_to_speech", "half_open", 5, "openai did not answer in time.", now, now),
        EngineHealth("deepgram-aura", "text_to_speech", "closed", 0, None, None, now),
    ]
    with UnitOfWork(sessions) as work:
        for usage in used:
            work.usage.add_of_job(interview_id, "grade_interview", usage, load_prices().charge(usage, now.date()))
        for health in engines:
            ProviderHealthRepository(work.session).put("web-1:4711", health, now)
        news = [PhraseNews(f"{number:064d}", "hibari heart", 24_000, 3, now, now) for number in range(4)]
        PhraseRepository(work.session).note(news, timedelta(days=30))
        work.commit()


def _greet(script: CallScript) -> None:
    script.fact("stage_changed", stage="greeting")
    script.say("Hello. This is Vivavoce, an AI interviewer.")
    script.say("May this call be recorded? Please say yes or no.")
    script.fact("consent_given", is_granted=True, answer="yes", text_version="1")


def _whole_call(sessions: sessionmaker[Session], interview_id: uuid.UUID, recordings_dir: Path | None) -> None:
    script = CallScript(sessions, interview_id)
    _greet(script)
    script.ask(
        1, 3, "python-list-or-tuple", "python", "When would you choose a tuple instead of a list in Python, and why?"
    )
    script.answer(1, TUPLE_ANSWER, doubtful=("hash", "coordinates"))
    script.ask(
        2,
        3,
        "databases-why-index",
        "databases",
        "What does an index do in a database, and why not put one on every column?",
        "medium",
    )
    script.answer(2, INDEX_ANSWER, doubtful=("trees",))
    script.ask(
        3,
        3,
        "databases-joins",
        "databases",
        "You have customers and orders. How does an inner join differ from a left join there?",
    )
    script.answer(3, JOIN_ANSWER)
    script.say("Thank you. That was the last question. Goodbye.")
    if recordings_dir is not None:
        script.fact("recording_saved", **write_recording(recordings_dir, script.call_id, script.at_ms))
    script.end()


def _broken_call(sessions: sessionmaker[Session], interview_id: uuid.UUID) -> None:
    script = CallScript(sessions, interview_id)
    _greet(script)
    script.ask(
        1,
        3,
        "databases-why-index",
        "databases",
        "What does an index do in a database, and why not put one on every column?",
    )
    script.answer(1, INDEX_ANSWER)
    script.ask(2, 3, "databases-joins", "databases", "How does an inner join differ from a left join?")
    script.answer(2, "", state="skipped")
    script.end("candidate_ended", is_complete=False)


def running_call(sessions: sessionmaker[Session], interview_id: uuid.UUID) -> CallScript:
    script = CallScript(sessions, interview_id)
    _greet(script)
    script.fact("line_changed", quality="fair", reasons=["noise"], is_hopeless=False)
    script.ask(
        1, 3, "python-list-or-tuple", "python", "When would you choose a tuple instead of a list in Python, and why?"
    )
    script.answer(1, TUPLE_ANSWER)
    script.ask(2, 3, "databases-why-index", "databases", "What does an index do in a database?", "medium")
    for total_usd, price_usd in (("0.0182", "0.0182"), ("0.0182", None)):
        script.fact("usage_counted", total_usd=total_usd, price_usd=price_usd)
    script.fact("budget_reached", ceiling="interview", total_usd="0.0182")
    script.fact("engine_switched", **{"port": "speech_to_text", "from": "deepgram-nova", "to": "openai", "lost_ms": 0})
    script.hear("An index lets the database find rows without")
    return script
