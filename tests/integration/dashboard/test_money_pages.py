from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from dashboard.samples import cache_samples, health_samples, text_of
from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.adapters.speech_cache import CachedTextToSpeech
from engine.pricing import load_prices
from engine.questions.bank import load_bank
from engine.store import jobs
from engine.store.models import Call
from engine.store.provider_health import EngineHealth, ProviderHealthRepository
from engine.store.unit_of_work import UnitOfWork
from engine.usage import Usage
from engine.work.grading import grade_interview
from tests.integration.dashboard.conftest import FAST_PASSWORDS, PASSWORD, Person
from tests.integration.dashboard.sample_interviews import CallScript, new_interview, new_user

HEARD = Usage("deepgram", "nova-3", "speech_to_text", audio_ms=6_000_000)
ODD = Usage("openai", "a-model-of-ours", "chat", input_tokens=1200, output_tokens=4, is_estimated=True)


def spend(sessions: sessionmaker[Session], interview_id: object, *used: Usage) -> None:
    with UnitOfWork(sessions) as work:
        for usage in used:
            charge = load_prices().charge(usage, datetime.now(UTC).date())
            work.usage.add_of_job(interview_id, "grade_interview", usage, charge)  # type: ignore[arg-type]
        work.commit()


def ended_call(sessions: sessionmaker[Session], owner_id: object) -> object:
    interview_id = new_interview(sessions, owner_id)  # type: ignore[arg-type]
    script = CallScript(sessions, interview_id)
    script.ask(1, 3, "python-list-or-tuple", "python", "When would you choose a tuple?")
    script.answer(1, "A tuple cannot be changed")
    script.end()
    with sessions.begin() as session:
        call = session.get_one(Call, script.call_id)
        assert call.ended_at is not None
        call.started_at = call.ended_at - timedelta(seconds=125)
    grade_interview(sessions, load_bank(), interview_id)
    return interview_id


def test_the_report_tells_what_it_cost_model_by_model_and_the_phone_apart(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    interview_id = ended_call(sessions, ada.id)
    spend(sessions, interview_id, HEARD)
    page = ada.client.get(f"/interviews/{interview_id}/report").get_data(as_text=True)
    assert "6000.0 s of audio" in page
    assert "$0.4800 of a budget of $0.5000" in page
    assert "$0.0255 for 3 minutes begun" in page
    assert "was reached" not in page and "unknown" not in page

    spend(sessions, interview_id, HEARD, ODD)
    page = ada.client.get(f"/interviews/{interview_id}/report").get_data(as_text=True)
    assert "The budget of $0.5000 for an interview was reached" in page
    assert "unknown price" in page and "1,200 tokens in, 4 out" in page and "(estimated)" in page
    assert "$0.9600 and something without a known price" in page


def test_the_live_view_tells_what_the_call_costs_so_far(ada: Person, sessions: sessionmaker[Session]) -> None:
    interview_id = new_interview(sessions, ada.id)
    script = CallScript(sessions, interview_id)
    address = f"/interviews/{interview_id}"
    assert 'data-part="budget" hidden' in ada.client.get(address).get_data(as_text=True)
    script.fact("usage_counted", total_usd="0.0123", price_usd="0.0123")
    assert ">$0.0123<" in ada.client.get(address).get_data(as_text=True)
    script.fact("usage_counted", total_usd="0.5123", price_usd=None)
    script.fact("budget_reached", ceiling="interview", total_usd="0.5123")
    page = ada.client.get(address).get_data(as_text=True)
    assert ">$0.5123+<" in page and 'data-part="budget">' in page
    told = ada.client.get(f"/api/v1{address}/events").get_json()["data"]["events"]
    assert [event["name"] for event in told][-3:] == ["cost", "cost", "budget_reached"]


def test_the_overview_tells_the_month_and_that_its_budget_is_used_up(
    make_app: Callable[..., Flask], sessions: sessionmaker[Session]
) -> None:
    owner_id = new_user(sessions, "eve@example.org", FAST_PASSWORDS.hash(PASSWORD))
    interview_id = new_interview(sessions, owner_id)
    client = make_app(monthly_budget_usd=Decimal("0.48")).test_client()
    client.post("/login", data={"email": "eve@example.org", "password": PASSWORD})
    client.submit("/login", {"email": "eve@example.org", "password": PASSWORD})  # type: ignore[attr-defined]
    assert "cost $0.0000 this month, of a budget of $0.4800" in client.get("/overview").get_data(as_text=True)
    spend(sessions, interview_id, HEARD)
    assert "budget of $0.4800 is used up" in client.get("/overview").get_data(as_text=True)


def test_the_operator_page_exists_for_operators_alone(
    make_app: Callable[..., Flask], sessions: sessionmaker[Session]
) -> None:
    app = make_app(operator_emails=frozenset({"ada@example.org"}))
    now = datetime.now(UTC)
    for name in ("ada", "bob"):
        new_user(sessions, f"{name}@example.org", FAST_PASSWORDS.hash(PASSWORD))
    with UnitOfWork(sessions) as work:
        health = EngineHealth("deepgram-nova", "speech_to_text", "open", 5, "It did not answer.", now, None)
        ProviderHealthRepository(work.session).put("web-1", health, now)
        jobs.enqueue(work.session, jobs.GRADE_INTERVIEW, interview_id="none")
        work.commit()
    pages = {}
    for name in ("ada", "bob"):
        client = app.test_client()
        client.submit("/login", {"email": f"{name}@example.org", "password": PASSWORD})  # type: ignore[attr-defined]
        pages[name] = client.get("/operator")
    assert pages["bob"].status_code == 404
    assert app.test_client().get("/operator").status_code == 302
    page = pages["ada"].get_data(as_text=True)
    assert "deepgram-nova" in page and "Left alone" in page and "It did not answer." in page
    assert "Batch, waiting" in page


@dataclass(frozen=True)
class Engine:
    name: str = "chat/openai"
    state: str = "half_open"
    consecutive_failures: int = 3
    last_error: str | None = 'a "quoted" reason'
    last_error_at_s: float | None = None
    last_success_at_s: float | None = None


class Board:
    def snapshots(self) -> list[Engine]:
        return [Engine()]


def test_metrics_tell_health_cache_usage_and_cost(
    app: Flask, ada: Person, sessions: sessionmaker[Session], tmp_path: pytest.TempPathFactory
) -> None:
    spend(sessions, new_interview(sessions, ada.id), HEARD, ODD)
    text = app.test_client().get("/metrics").get_data(as_text=True)
    labels = '{kind="speech_to_text",model="nova-3",provider="deepgram"}'
    assert f"vivavoce_month_cost_usd{labels} 0.48\n" in text
    assert f"vivavoce_month_audio_seconds{labels} 6000\n" in text
    assert 'vivavoce_month_has_unknown_prices{kind="chat",model="a-model-of-ours",provider="openai"} 1\n' in text
    assert text.count("# TYPE vivavoce_month_requests gauge") == 1

    voice = CachedTextToSpeech(ScriptedTextToSpeech(), tmp_path, version="1")  # type: ignore[arg-type]
    for _ in range(3):
        list(voice.synthesise("goodbye now"))
    more = text_of([*cache_samples([voice]), *health_samples(Board())])
    assert (
        '# TYPE vivavoce_speech_cache_hits_total counter\nvivavoce_speech_cache_hits_total{voice="scripted 1"} 2\n'
        in more
    )
    assert 'vivavoce_speech_cache_misses_total{voice="scripted 1"} 1\n' in more
    assert 'vivavoce_engine_breaker_open{engine="openai",port="chat"} 0.5\n' in more
    assert 'vivavoce_engine_consecutive_failures{engine="openai",port="chat"} 3\n' in more
