"""Double-submit tokens: what a form must repeat to prove that one of our pages sent it.

Signed-in requests are checked by the JWT's own csrf claim. Visitors have no JWT, so their forms repeat a value derived
from a cookie of their own. Both values are keyed, so that a planted cookie is of no use.
"""

import hashlib
import hmac
import secrets

from flask import Flask, Response, abort, g, request

from engine.config import Settings

FIELD = "csrf_token"
HEADER = "X-CSRF-TOKEN"
VISITOR_COOKIE = "visitor"
UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def _derived(secret: str, purpose: str, value: str) -> str:
    return hmac.new(secret.encode(), f"csrf:{purpose}:{value}".encode(), hashlib.sha256).hexdigest()


class Csrf:
    def __init__(self, settings: Settings) -> None:
        self._secret = settings.jwt_secret
        self._is_secure = settings.is_production

    def install(self, app: Flask) -> None:
        app.after_request(self._set_cookie)
        app.add_template_global(self.form_token, "csrf_token")
        app.add_template_global(self.visitor_token, "visitor_csrf_token")

    def for_session(self, session_id: str) -> str:
        """The same for all tokens of one signed-in browser, so that an open form outlives a silent renewal."""
        return _derived(self._secret, "session", session_id)

    def form_token(self) -> str:
        session_id = g.get("session_id")
        return self.for_session(str(session_id)) if session_id else self.visitor_token()

    def visitor_token(self) -> str:
        if "visitor" not in g:
            known = request.cookies.get(VISITOR_COOKIE)
            g.visitor = known or secrets.token_urlsafe(24)
            g.visitor_is_new = not known
        return _derived(self._secret, "visitor", g.visitor)

    def check_visitor(self) -> None:
        """Refuse (403) a form of a public page that does not come from one of our pages."""
        cookie = request.cookies.get(VISITOR_COOKIE, "")
        sent = request.form.get(FIELD) or request.headers.get(HEADER, "")
        expected = _derived(self._secret, "visitor", cookie)
        if not cookie or not hmac.compare_digest(sent.encode(), expected.encode()):
            abort(
                403, "The form was open for too long, or your browser refuses cookies. Go back, reload and try again."
            )

    def _set_cookie(self, response: Response) -> Response:
        if g.get("visitor_is_new"):
            response.set_cookie(
                VISITOR_COOKIE, g.visitor, httponly=True, samesite="Strict", secure=self._is_secure, path="/"
            )
        return response
