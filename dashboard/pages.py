"""The pages that belong to no one subject: landing, help, and the choice of colours; the overview's addresses."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import safe_next, signed_in_user
from dashboard.database import Database
from dashboard.overview import OverviewPages
from engine.config import Settings
from engine.errors import NotFound

THEMES = ("auto", "light", "dark")


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("pages", __name__)

    @bp.get("/")
    def landing() -> AnyResponse | str:
        return redirect(url_for("pages.overview")) if signed_in_user() else render_template("pages/landing.html")

    overview = OverviewPages(database, settings)
    bp.get("/overview")(overview.overview)
    bp.post("/overview")(overview.practise)

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
