"""What every answer carries: security headers, CORS for the origins allowed, and how long it may be cached."""

from flask import Flask, Response, request

from engine.config import Settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
    )
)
ONE_YEAR_S = 31_536_000
CORS_METHODS = "GET, POST, PUT, PATCH, DELETE"
CORS_HEADERS = "Content-Type, Authorization, X-Request-ID, Idempotency-Key"


def install(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer of the application, errors and preflights included."""

    def secure(response: Response) -> Response:
        headers = response.headers
        headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers.setdefault("Referrer-Policy", "same-origin")  # pages whose address is a secret say less
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if settings.is_production:
            headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_S}; includeSubDomains; preload"
        if "Cache-Control" not in headers:
            # The back button after logging out shows nothing that was private.
            headers["Cache-Control"] = "no-store"
        return _with_cors(response, settings.allowed_origins)

    def preflight() -> Response | None:
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(status=204)
        return None

    app.before_request(preflight)
    app.after_request(secure)


def _with_cors(response: Response, allowed_origins: tuple[str, ...]) -> Response:
    if not allowed_origins or not request.path.startswith("/api/"):
        return response
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin in allowed_origins:
        headers = response.headers
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Access-Control-Expose-Headers"] = "X-Request-ID, Retry-After, Idempotent-Replayed"
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = CORS_METHODS
            headers["Access-Control-Allow-Headers"] = CORS_HEADERS
            headers["Access-Control-Max-Age"] = "600"
    return response
