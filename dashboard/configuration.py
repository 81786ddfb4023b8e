"""Flask's configuration, derived from the settings in one place."""

from datetime import timedelta
from typing import Any

from engine.config import Settings

MAX_REQUEST_BYTES = 256 * 1024
"""No form or JSON document of ours comes near; uploads do not exist."""


def flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "TESTING": settings.environment == "test",
        "MAX_CONTENT_LENGTH": MAX_REQUEST_BYTES,
        "MAX_FORM_MEMORY_SIZE": MAX_REQUEST_BYTES,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "JWT_SECRET_KEY": settings.jwt_secret,
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(seconds=settings.jwt_expiration_s),
        "JWT_REFRESH_TOKEN_EXPIRES": timedelta(seconds=settings.jwt_refresh_expiration_s),
        "JWT_TOKEN_LOCATION": ["headers", "cookies"],
        "JWT_COOKIE_SECURE": settings.is_production,
        "JWT_COOKIE_SAMESITE": "Strict",
        "JWT_COOKIE_CSRF_PROTECT": True,
        "JWT_CSRF_CHECK_FORM": True,
        "JWT_REFRESH_COOKIE_PATH": "/auth/refresh",
        "JWT_SESSION_COOKIE": True,
        "JWT_DECODE_LEEWAY": 5,
    }
