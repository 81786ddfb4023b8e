"""The pages that belong to no one subject: landing, overview, help, and the choice of colours."""

from datetime import UTC, datetime

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user, safe_next, signed_in_user
from dashboard.database import Database
from engine.config import Settings
from engine.errors import NotFound
from engine.store.interviews import InterviewRepository, Overview
from engine.store.reports import ReportRepository
from engine.store.usage import UsageRepository, month_of
from engine.vocabulary import InterviewState

THEMES = ("auto", "light", "dark")
_ENDED = (InterviewState.COMPLETED, InterviewState.CANCELLED, InterviewState.EXPIRED)


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("pages", __name__)

    @bp.get("/")
    def landing() -> AnyResponse | str:
        return redirect(url_for("pages.overview")) if signed_in_user() else render_template("pages/landing.html")

    @bp.get("/overview")
    def overview() -> str:
        figures = InterviewRepository(database.current()).overview(current_user().id)
        reports = ReportRepository(database.current())
        scores = {
            interview.id: report.score
            for interview in figures.recent
            if interview.state == InterviewState.COMPLETED and (report := reports.latest(interview.id))
        }
        return render_template(
            "pages/overview.html",
            figures=figures,
            scores=scores,
            completion=completion_rate(figures),
            live=figures.by_state[InterviewState.IN_PROGRESS] + figures.by_state[InterviewState.INTERRUPTED],
            is_welcome="welcome" in request.args,
            month=UsageRepository(database.current()).of_owner(current_user().id, month_of(datetime.now(UTC))),
            month_budget_usd=settings.monthly_budget_usd,
        )

    @bp.get("/help")
    def help() -> str:
        return render_template("pages/help.html", phone_number=settings.phone_number)

    @bp.post("/theme")
    def set_theme() -> AnyResponse:
        theme = request.form.get("theme", "auto")
        if theme not in THEMES:
            raise NotFound("There is no such theme.")
        target = request.form.get("next", "/")
        response = make_response(redirect("/" if target == "/" else safe_next(target), 303))
        response.set_cookie(
            "theme", theme, max_age=365 * 86_400, samesite="Lax", secure=settings.is_production, httponly=True
        )
        return response

    return bp


def completion_rate(figures: Overview) -> float | None:
    """Percent of the interviews that came to an end which were completed; None while none has ended."""
    ended = sum(figures.by_state[state] for state in _ENDED)
    return 100.0 * figures.by_state[InterviewState.COMPLETED] / ended if ended else None
