from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from engine.questions.bank import load_bank
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import Topic
from engine.work.grading import grade_interview
from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.sample_interviews import CallScript, new_interview
from tests.integration.dashboard.setting_up import set_up

FORM = {
    "role": "Backend engineer",
    "level": "senior",
    "topics": ["python", "databases"],
    "question_count": "10",
    "candidate_name": "Grace Hopper",
    "candidate_phone": "(202) 555-0143",
    "when": "any",
    "candidate_time_zone": "Europe/Berlin",
}


def local(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M")


def test_an_interview_that_is_set_up_shows_number_and_pin(ada: Person, sessions: sessionmaker[Session]) -> None:
    response = set_up(ada.client, FORM)
    assert response.status_code == 303
    page = ada.client.page(response.location)
    with UnitOfWork(sessions) as work:
        interview = work.interviews.page(ada.id, page=1).items[0]
    assert "Backend engineer, senior" in page
    assert f'data-text="{interview.pin}"' in page
    assert "+1 202-555-0100" in page
    assert "+1 202-555-0143" in page, "the candidate's number, written without a country code, comes back international"
    assert interview.candidate.phone == "+12025550143"


def test_an_appointment_is_kept_in_the_zone_it_was_made_in(ada: Person, sessions: sessionmaker[Session]) -> None:
    soon = (datetime.now(UTC) + timedelta(days=3)).replace(hour=12, minute=30, second=0, microsecond=0)
    form = FORM | {"when": "at", "scheduled_local": local(soon), "candidate_time_zone": "Asia/Tokyo"}
    assert set_up(ada.client, form).status_code == 303
    with UnitOfWork(sessions) as work:
        assert work.interviews.page(ada.id, page=1).items[0].scheduled_at == soon - timedelta(hours=9)


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"role": "x"}, "role", "at least 2 characters"),
        ({"role": "x" * 10_000}, "role", "at most 100 characters"),
        ({"role": "Back\x00end"}, "role", "control characters"),
        ({"level": "wizard"}, "level", "one of the values offered"),
        ({"topics": []}, "topics", "at least one"),
        ({"topics": ["cooking"]}, "topics", "one of the values offered"),
        ({"question_count": "7"}, "question_count", "one of the values offered"),
        ({"question_count": "9" * 5000}, "question_count", "one of the values offered"),
        ({"rubric": "mine"}, "rubric", "one of the values offered"),
        ({"candidate_name": ""}, "candidate_name", "Fill this in"),
        ({"candidate_phone": "12"}, "candidate_phone", "country code"),
        ({"candidate_phone": "+1 202 555 01"}, "candidate_phone", "cannot exist"),
        ({"candidate_time_zone": "Mars/Olympus"}, "candidate_time_zone", "time zone from the list"),
        ({"when": "at"}, "scheduled_local", "Choose a date and a time"),
        ({"when": "at", "scheduled_local": "soon"}, "scheduled_local", "2026-11-30T14:30"),
        ({"when": "at", "scheduled_local": "2020-01-01T10:00"}, "scheduled_local", "has passed"),
        ({"when": "at", "scheduled_local": "2999-01-01T10:00"}, "scheduled_local", "next 60 days"),
        ({"owner_id": "someone"}, "owner_id", "not known here"),
    ],
)
def test_each_rule_of_the_form_is_told_at_its_field_and_nothing_entered_is_lost(
    ada: Person, change: dict[str, object], field: str, said: str
) -> None:
    response = set_up(ada.client, FORM | change)
    assert response.status_code == 422
    summary = response.text[response.text.index('id="errors"') :]
    assert f'href="#{field}"' in summary[: summary.index("</ul>")]
    assert said in summary[: summary.index("</ul>")]
    for name in ("role", "candidate_name"):
        if name not in change and f'name="{name}"' in response.text:
            assert f'value="{FORM[name]}"' in response.text


def test_nobody_has_interviews_at_first_and_is_told_what_to_do(ada: Person) -> None:
    assert "No interviews yet" in ada.client.page("/overview")
    assert "No interviews yet" in ada.client.page("/interviews")


def test_the_list_pages_by_ten_filters_and_sorts(ada: Person, sessions: sessionmaker[Session]) -> None:
    for number in range(12):
        new_interview(sessions, ada.id, title=f"Job {number:02}", candidate="Joan", topics=[Topic.REACT])
    target = new_interview(
        sessions, ada.id, title="Odd one", candidate="Hedy Lamarr", topics=[Topic.DEVOPS], in_hours=5
    )
    first = ada.client.page("/interviews?sort=title")
    assert first.count('class="what"') == 10
    assert "page 1 of 2" in first
    assert first.index("Job 00") < first.index("Job 09")
    assert ada.client.page("/interviews?page=2&sort=title").count('class="what"') == 3
    assert "This page is empty" in ada.client.page("/interviews?page=3")
    for query in ("text=LAMARR", "topic=devops", "text=odd&state=scheduled"):
        found = ada.client.page(f"/interviews?{query}")
        assert found.count('class="what"') == 1
        assert str(target) in found
    assert "No interview matches" in ada.client.page("/interviews?state=completed")


def test_cancelling_asks_first_and_then_closes_the_door(ada: Person, sessions: sessionmaker[Session]) -> None:
    interview_id = new_interview(sessions, ada.id)
    assert "Cancel this interview?" in ada.client.page(f"/interviews/{interview_id}/cancel")
    assert ada.client.submit(f"/interviews/{interview_id}/cancel", {}).status_code == 303
    page = ada.client.page(f"/interviews/{interview_id}")
    assert "This interview was cancelled" in page
    assert "Enter this PIN" not in page
    assert ada.client.submit(f"/interviews/{interview_id}/cancel", {}).status_code == 409


def test_a_running_call_is_shown_without_scripts_and_cannot_be_cancelled(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    interview_id = new_interview(sessions, ada.id)
    script = CallScript(sessions, interview_id)
    script.ask(1, 3, "databases-joins", "databases", "How do joins differ?")
    script.hear("An inner join")
    page = ada.client.page(f"/interviews/{interview_id}")
    for part in ("1 of 3", "Listening", "How do joins differ?", "An inner join", "The candidate speaks"):
        assert part in page
    assert ada.client.submit(f"/interviews/{interview_id}/cancel", {}).status_code == 409


def test_the_page_fetches_its_changing_part_only_when_the_state_has_changed(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    interview_id = new_interview(sessions, ada.id)
    path, asks = f"/interviews/{interview_id}/live", {"HX-Request": "true"}
    assert ada.client.get(f"{path}?state=scheduled", headers=asks).status_code == 204
    CallScript(sessions, interview_id)
    changed = ada.client.get(f"{path}?state=scheduled", headers=asks)
    assert changed.status_code == 200
    assert 'data-module="live"' in changed.text
    assert "<html" not in changed.text


def test_the_report_is_awaited_and_then_shown(ada: Person, sessions: sessionmaker[Session]) -> None:
    interview_id = new_interview(sessions, ada.id)
    path, asks = f"/interviews/{interview_id}/report", {"HX-Request": "true"}
    assert "There is no report yet" in ada.client.page(path)
    script = CallScript(sessions, interview_id)
    script.ask(1, 1, "databases-joins", "databases", "How does an inner join differ from a left join?")
    script.answer(
        1, "An inner join returns only rows that match in both tables. A left join keeps every row of the left table."
    )
    script.end()
    assert "The report is being prepared" in ada.client.page(path)
    assert ada.client.get(path, headers=asks).status_code == 204
    grade_interview(sessions, load_bank(), interview_id)
    assert ada.client.get(path, headers=asks).headers["HX-Refresh"] == "true"
    page = ada.client.page(path).lower()
    for part in ("not enough evidence", "by criterion", "<q>an inner join returns", "how this report was made"):
        assert part in page
    assert "from there 48 ms" in page and '<td class="number">808</td>' in page
    assert "Read the report" in ada.client.page(f"/interviews/{interview_id}")


def test_a_report_without_a_recording_offers_no_player(ada: Person, sessions: sessionmaker[Session]) -> None:
    interview_id = new_interview(sessions, ada.id)
    script = CallScript(sessions, interview_id)
    script.ask(1, 3, "databases-joins", "databases", "How does an inner join differ from a left join?")
    script.answer(1, "", state="skipped")
    script.end("candidate_ended", is_complete=False)
    grade_interview(sessions, load_bank(), interview_id)
    page = ada.client.page(f"/interviews/{interview_id}/report")
    assert "This report is empty" in page
    assert "<audio" not in page
    assert ada.client.get(f"/interviews/{interview_id}/recording.wav").status_code == 404


def test_the_overview_counts_what_there_is(ada: Person, sessions: sessionmaker[Session]) -> None:
    new_interview(sessions, ada.id, title="Soon", in_hours=2)
    done = new_interview(sessions, ada.id, title="Done")
    script = CallScript(sessions, done)
    script.ask(1, 1, "databases-joins", "databases", "How does an inner join differ from a left join?")
    script.answer(
        1, "An inner join returns only rows that match in both tables. A left join keeps every row of the left table."
    )
    script.end()
    report = grade_interview(sessions, load_bank(), done)
    page = " ".join(ada.client.page("/overview").split())
    assert "<dt>Interviews</dt><dd>2</dd>" in page
    assert "<dt>Completed</dt><dd>1</dd>" in page
    assert "100 % of those that ended" in page
    assert report.score is not None
    assert f"<dt>Average score</dt><dd>{report.score:.0f}</dd>" in page
