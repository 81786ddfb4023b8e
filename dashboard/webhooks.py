"""Addresses of users' own systems that are told what happens: added, tried, watched, turned off."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.database import Database
from dashboard.display import Look
from dashboard.schemas import Input, Line
from dashboard.validation import InvalidInput, checked, form_data
from engine.adapters.webhook_http import LONGEST_URL, check_url
from engine.config import Settings
from engine.errors import AddressForbidden, Conflict
from engine.store.models import WebhookEndpoint
from engine.store.webhooks import BY_HAND, WebhookRepository
from engine.vocabulary import DeliveryState, WebhookEvent

EVENT_WORDS = {
    WebhookEvent.INTERVIEW_BOOKED: "A call is booked, or gets another hour",
    WebhookEvent.CALL_STARTED: "A call begins",
    WebhookEvent.CALL_ENDED: "A call ends, or breaks off",
    WebhookEvent.CALL_MISSED: "A booked call was not placed, or reached nobody",
    WebhookEvent.INTERVIEW_COMPLETED: "An interview is completed",
    WebhookEvent.REPORT_READY: "A report is ready, or a newer version of it",
}
DELIVERY_LOOKS: dict[str, Look] = {
    DeliveryState.WAITING: Look("Waits", "hourglass", "warn"),
    DeliveryState.DELIVERED: Look("Delivered", "circle-check", "ok"),
    DeliveryState.FAILED: Look("Failed", "circle-x", "bad"),
}


class WebhookInput(Input):
    """An address, and what it is to be told of."""

    url: Line = Field(min_length=1, max_length=LONGEST_URL)
    events: list[WebhookEvent] = Field(min_length=1)


class WebhookPages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._may_be_local = not settings.is_production

    def index(self) -> Response:
        return self._list({"events": [event.value for event in EVENT_WORDS]}, {}, 200)

    def add(self) -> Response:
        data = form_data(request.form, lists=("events",))
        try:
            wanted = checked(WebhookInput, data)
            check_url(wanted.url, may_be_local=self._may_be_local)
            made = self._webhooks().add(current_user().id, wanted.url, wanted.events)
        except InvalidInput as error:
            return self._list(data, error.fields, 422)
        except AddressForbidden as error:
            return self._list(data, {"url": str(error)}, 422)
        except Conflict as error:
            return self._list(data, {"": str(error)}, 409)
        self._database.current().commit()
        # The one answer that carries the secret; a redirect would need it to be kept somewhere.
        response = make_response(render_template("webhooks/made.html", endpoint=made))
        response.headers["Cache-Control"] = "no-store"
        return response

    def show(self, endpoint_id: uuid.UUID) -> str:
        endpoint = self._find(endpoint_id)
        given = request.args.get("page", "1")
        number = int(given) if given.isdecimal() and len(given) < 6 else 1
        return render_template(
            "webhooks/show.html",
            endpoint=endpoint,
            page=self._webhooks().deliveries(endpoint.id, number),
            looks=DELIVERY_LOOKS,
            event_words=EVENT_WORDS,
        )

    def test(self, endpoint_id: uuid.UUID) -> AnyResponse:
        endpoint = self._find(endpoint_id)
        if endpoint.disabled_at is not None:
            raise Conflict("This webhook is off. Turn it on first.")
        self._webhooks().send_test(endpoint)
        return self._done(endpoint)

    def switch(self, endpoint_id: uuid.UUID) -> AnyResponse:
        endpoint = self._find(endpoint_id)
        is_on = request.form.get("to") == "on"
        self._webhooks().switch(endpoint, is_on=is_on, reason=BY_HAND, now=datetime.now(UTC))
        return self._done(endpoint)

    def delete(self, endpoint_id: uuid.UUID) -> AnyResponse:
        self._webhooks().remove(self._find(endpoint_id))
        self._database.current().commit()
        return redirect(url_for("webhooks.index"), 303)

    def again(self, delivery_id: uuid.UUID) -> AnyResponse:
        return self._done(self._webhooks().send_again(delivery_id, current_user().id, datetime.now(UTC)))

    def _webhooks(self) -> WebhookRepository:
        return WebhookRepository(self._database.current())

    def _find(self, endpoint_id: uuid.UUID) -> WebhookEndpoint:
        return self._webhooks().find(endpoint_id, current_user().id)

    def _done(self, endpoint: WebhookEndpoint) -> AnyResponse:
        address = url_for("webhooks.show", endpoint_id=endpoint.id)
        self._database.current().commit()
        return redirect(address, 303)

    def _list(self, values: dict[str, Any], errors: dict[str, str], status: int) -> Response:
        page = render_template(
            "webhooks/index.html",
            endpoints=self._webhooks().of_owner(current_user().id),
            values=values,
            errors=errors,
            event_words=EVENT_WORDS,
        )
        return make_response(page, status)


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("webhooks", __name__, url_prefix="/account/webhooks")
    views = WebhookPages(database, settings)
    bp.get("")(views.index)
    bp.post("")(views.add)
    bp.get("/<uuid:endpoint_id>")(views.show)
    bp.post("/<uuid:endpoint_id>/test")(views.test)
    bp.post("/<uuid:endpoint_id>/switch")(views.switch)
    bp.post("/<uuid:endpoint_id>/delete")(views.delete)
    bp.post("/deliveries/<uuid:delivery_id>/again")(views.again)
    return bp
