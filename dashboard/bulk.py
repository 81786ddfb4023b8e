"""Many interviews from one CSV file: read, tried out row by row, shown, and only then set up."""

import csv
import io
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.booker import Booker
from dashboard.database import Database
from dashboard.new_interviews import new_interview, read_form
from dashboard.validation import InvalidInput
from engine.config import Settings
from engine.errors import ScheduleError
from engine.scheduling.phone_numbers import region_of
from engine.store.models import User
from engine.work.question_writing import order_questions

MOST_ROWS = 200
MOST_BYTES = 100_000
COLUMNS = {
    "name": "candidate_name",
    "phone": "candidate_phone",
    "email": "candidate_email",
    "time_zone": "candidate_time_zone",
    "role": "role",
    "level": "level",
    "topics": "topics",
    "questions": "question_count",
    "at": "scheduled_local",
    "agreed": "may_call",
}
"""The file's columns, and the fields of the form that they fill."""
_REQUIRED = ("name", "phone", "role", "topics")
_LABELS = {field: column for column, field in COLUMNS.items()}
EXAMPLE = (
    "name,phone,email,time_zone,role,level,topics,questions,at,agreed\n"
    "Grace Hopper,+1 202 555 0143,grace@example.org,America/New_York,Backend engineer,mid,python databases,5,"
    "2026-12-01 14:30,yes\n"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file and what became of it."""

    line: int
    name: str
    when: str
    errors: tuple[str, ...]


class UnreadableFile(ValueError):
    """The file as a whole cannot be used; the message says why."""


class BulkPages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._region = region_of(settings.phone_number)
        self._booker = Booker(database, settings)

    def ask(self) -> Response:
        return self._page({}, 200)

    def upload(self) -> AnyResponse:
        """Without `confirm` a trial that leaves nothing behind; with it the sound rows are set up."""
        is_confirmed = bool(request.form.get("confirm"))
        try:
            text = request.form["text"] if is_confirmed else _text_of_upload()
            lines = parse(text)
        except (UnreadableFile, KeyError) as error:
            said = str(error) if isinstance(error, UnreadableFile) else "Choose the file again."
            return self._page({"rows": said}, 422)
        rows = [self._set_up(number, line, current_user()) for number, line in lines]
        sound = sum(not row.errors for row in rows)
        if is_confirmed:
            self._database.current().commit()
            return redirect(url_for("schedule.agenda"), 303)
        self._database.current().rollback()
        return make_response(render_template("schedule/bulk_preview.html", rows=rows, sound=sound, text=text))

    def _set_up(self, number: int, line: dict[str, str], user: User) -> Row:
        data: dict[str, Any] = {COLUMNS[name]: value for name, value in line.items() if value}
        data["topics"] = data.get("topics", "").replace(",", " ").replace(";", " ").lower().split()
        data.setdefault("level", "mid")
        data.setdefault("candidate_time_zone", user.time_zone)
        data["level"] = data["level"].lower()
        data["when"] = "at" if line.get("at") else "any"
        shown = f"{line.get('at')} {data['candidate_time_zone']}" if line.get("at") else "any time"
        try:
            wanted, appointment = read_form(data, self._region)
            with self._database.current().begin_nested():
                made = self._booker.set_up(
                    user.id, new_interview(wanted), appointment, may_call=wanted.may_call, host_zone=user.time_zone
                )
                for interview in made:
                    order_questions(self._database.current(), self._settings, interview.id)
        except InvalidInput as error:
            faults = tuple(f"{_LABELS.get(name, name)}: {said}" for name, said in error.fields.items())
            return Row(number, line.get("name", ""), shown, faults)
        except ScheduleError as error:
            return Row(number, line.get("name", ""), shown, (f"at: {error}",))
        return Row(number, wanted.candidate_name, shown, ())

    def _page(self, errors: dict[str, str], status: int) -> Response:
        page = render_template(
            "schedule/bulk.html", errors=errors, columns=list(COLUMNS), required=_REQUIRED, most_rows=MOST_ROWS
        )
        return make_response(page, status)


def parse(text: str) -> list[tuple[int, dict[str, str]]]:
    """The lines of a CSV file with their numbers, as column to value. Raises UnreadableFile.

    Commas or semicolons separate, as the first line does; columns may stand in any order.
    """
    first = text.split("\n", 1)[0]
    reader = csv.DictReader(
        io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True
    )
    names = [name.strip().lower() for name in reader.fieldnames or []]
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in _REQUIRED if name not in names]
    if unknown or missing:
        wrong = f"The column {unknown[0]!r} is not known." if unknown else f"The column {missing[0]!r} is missing."
        raise UnreadableFile(f"{wrong} The first line must name the columns: {', '.join(COLUMNS)}.")
    reader.fieldnames = names
    lines: list[tuple[int, dict[str, str]]] = []
    try:
        for row in reader:
            if len(lines) == MOST_ROWS:
                raise UnreadableFile(f"The file has more than {MOST_ROWS} rows. Cut it into several files.")
            if None in row:
                raise UnreadableFile(f"Line {reader.line_num} has more values than there are columns.")
            values = {name: (value or "").strip() for name, value in row.items()}
            if any(values.values()):
                lines.append((reader.line_num, values))
    except csv.Error as error:
        raise UnreadableFile(
            f"Line {reader.line_num} cannot be read: is there a quotation mark without its end?"
        ) from error
    if not lines:
        raise UnreadableFile("The file has no rows below its first line.")
    return lines


def _text_of_upload() -> str:
    file = request.files.get("rows")
    if file is None or not file.filename:
        raise UnreadableFile("Choose a file first.")
    raw = file.stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise UnreadableFile(f"The file is larger than {MOST_BYTES // 1000} kB. Cut it into several files.")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UnreadableFile("The file is not in UTF-8. Save it as CSV UTF-8 and choose it again.") from error


def _example() -> Response:
    response = make_response(EXAMPLE)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="interviews.csv"'
    return response


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("bulk", __name__, url_prefix="/interviews/bulk")
    views = BulkPages(database, settings)
    bp.get("")(views.ask)
    bp.post("")(views.upload)
    bp.get("/example.csv", endpoint="example")(_example)
    return bp
