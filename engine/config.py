"""The settings: read from the environment once, validated once, frozen from then on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from engine.errors import SettingsError

ENVIRONMENTS = ("development", "test", "production")
MINIMUM_SECRET_BYTES = 32
OPENAI_BASE_URL = "https://api.openai.com/v1"
RECOGNISERS = ("local", "deepgram", "deepgram-flux", "openai", "scripted")
VOICES = ("local", "deepgram", "openai", "scripted")
ENDPOINT_POLICIES = ("adaptive", "fixed")


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """When an answer counts as over."""

    silence_ms: int = 1500
    threshold_dbfs: float = -50.0
    """Silence of the `fixed` policy, and what is silent to it."""
    policy: str = "adaptive"


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """Accounts at speech and language providers; an empty key leaves the provider out."""

    deepgram_api_key: str = ""
    deepgram_rest_url: str = "https://api.deepgram.com"
    deepgram_socket_url: str = "wss://api.deepgram.com"
    openai_api_key: str = ""
    openai_base_url: str = OPENAI_BASE_URL
    """Any server that speaks the Responses API."""
    openai_chat_model: str = "gpt-6-luna"
    openai_stt_model: str = "gpt-transcribe"
    openai_tts_model: str = "gpt-4o-mini-tts"
    openai_tts_voice: str = "coral"

    @property
    def has_openai(self) -> bool:
        """A key is set, or another server that may need none."""
        return bool(self.openai_api_key) or self.openai_base_url != OPENAI_BASE_URL


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the product can be told. Field names are the environment's, in lower case."""

    environment: str
    database_url: str
    jwt_secret: str
    jwt_refresh_secret: str
    stream_secret: str
    """Signs the one-use tokens of the media socket."""
    public_base_url: str
    """Scheme and host under which Twilio and browsers reach this server, without a trailing slash."""
    twilio_account_sid: str
    twilio_auth_token: str
    phone_number: str
    """The number that candidates dial, E.164."""
    data_dir: Path
    """Recordings, event logs and caches live below it."""
    speech_to_text: str
    text_to_speech: str
    whisper_model_dir: Path | None
    clouds: CloudSettings
    endpoint: EndpointSettings
    jwt_expiration_s: int
    jwt_refresh_expiration_s: int
    max_calls: int
    """Calls that one web process carries at once; further ones are told that all lines are busy."""
    max_interview_min: int
    max_answer_s: int
    allowed_origins: tuple[str, ...]
    port: int
    log_format: str
    metrics_token: str
    """Whoever shows it may read /metrics from elsewhere; empty leaves it to this machine."""
    trusted_proxies: int
    """Proxies between the server and the world whose word on the caller's address is taken."""

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def media_url(self) -> str:
        """The websocket address that Twilio is told to connect to."""
        scheme, rest = self.public_base_url.split("://", 1)
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/telephony/media"

    @property
    def recordings_dir(self) -> Path:
        return self.data_dir / "recordings"

    @property
    def event_logs_dir(self) -> Path:
        return self.data_dir / "calls"

    @property
    def speech_cache_dir(self) -> Path:
        return self.data_dir / "speech-cache"


class _Reader:
    """Collects values and faults, so that one start shows every fault."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def text(self, name: str, default: str | None = None, *, how: str = "") -> str:
        value = self._environ.get(name, "").strip()
        if value:
            return value
        if default is None:
            self.faults.append(f"{name} is not set. {how}".strip())
            return ""
        return default

    def secret(self, name: str) -> str:
        make = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        value = self.text(name, how=make)
        if value and len(value.encode()) < MINIMUM_SECRET_BYTES:
            self.faults.append(f"{name} has fewer than {MINIMUM_SECRET_BYTES} bytes. {make}")
        return value

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            self.faults.append(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        raw = self.text(name, str(default))
        try:
            value = float(raw)
        except ValueError:
            self.faults.append(f"{name} is {raw!r}; it must be a number from {low:g} to {high:g}.")
            return default
        if not low <= value <= high:
            self.faults.append(f"{name} is {raw}; it must lie between {low:g} and {high:g}.")
        return value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        return int(self.number(name, default, low, high))

    def base_url(self, name: str, default: str) -> str:
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
            self.faults.append(
                f"{name} is {value!r}; it must be a bare address such as https://interviews.example.org."
            )
        return value

    def folder(self, name: str) -> Path | None:
        raw = self.text(name, "")
        if raw and not Path(raw).is_dir():
            self.faults.append(f"{name} is {raw!r}, which is not a folder. Name an existing folder or leave it empty.")
        return Path(raw) if raw else None


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables.

    Raises SettingsError, listing every fault at once, each with the variable's name and how to set it.
    """
    read = _Reader(environ)
    environment = read.choice("ENVIRONMENT", "development", ENVIRONMENTS)
    port = read.whole("PORT", 8000, 1, 65535)
    clouds = _clouds(read)
    settings = Settings(
        environment=environment,
        database_url=_database_url(read),
        jwt_secret=read.secret("JWT_SECRET"),
        jwt_refresh_secret=read.secret("JWT_REFRESH_SECRET"),
        stream_secret=read.secret("STREAM_SECRET"),
        public_base_url=read.base_url("PUBLIC_BASE_URL", f"http://127.0.0.1:{port}"),
        twilio_account_sid=read.text("TWILIO_ACCOUNT_SID", how="It stands on the first page of the Twilio console."),
        twilio_auth_token=read.text("TWILIO_AUTH_TOKEN", how="It stands on the first page of the Twilio console."),
        phone_number=read.text("PHONE_NUMBER", how="The Twilio number candidates dial, such as +15550100."),
        data_dir=Path(read.text("DATA_DIR", "var")).absolute(),
        speech_to_text=read.choice("SPEECH_TO_TEXT", "deepgram" if clouds.deepgram_api_key else "local", RECOGNISERS),
        text_to_speech=read.choice("TEXT_TO_SPEECH", "deepgram" if clouds.deepgram_api_key else "local", VOICES),
        whisper_model_dir=read.folder("WHISPER_MODEL_DIR"),
        clouds=clouds,
        endpoint=EndpointSettings(
            silence_ms=read.whole("ENDPOINT_SILENCE_MS", 1500, 200, 10_000),
            threshold_dbfs=read.number("ENDPOINT_THRESHOLD_DBFS", -50.0, -90.0, -10.0),
            policy=read.choice("ENDPOINT_POLICY", "adaptive", ENDPOINT_POLICIES),
        ),
        jwt_expiration_s=read.whole("JWT_EXPIRATION", 900, 60, 7 * 86_400),
        jwt_refresh_expiration_s=read.whole("JWT_REFRESH_EXPIRATION", 7 * 86_400, 3600, 30 * 86_400),
        max_calls=read.whole("MAX_CALLS", 100, 1, 1000),
        max_interview_min=read.whole("MAX_INTERVIEW_MIN", 60, 5, 180),
        max_answer_s=read.whole("MAX_ANSWER_S", 300, 10, 1800),
        allowed_origins=tuple(filter(None, map(str.strip, read.text("ALLOWED_ORIGINS", "").split(",")))),
        port=port,
        metrics_token=read.text("METRICS_TOKEN", ""),
        trusted_proxies=read.whole("TRUSTED_PROXIES", 0, 0, 10),
        log_format=read.choice("LOG_FORMAT", "json" if environment == "production" else "text", ("json", "text")),
    )
    faults = read.faults + _contradictions(settings)
    if faults:
        raise SettingsError(faults)
    return settings


def _database_url(read: _Reader) -> str:
    url = read.text("DATABASE_URL", how="For example postgresql+psycopg://user:password@host/vivavoce.")
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    if url and not url.startswith("postgresql+psycopg://"):
        read.faults.append("DATABASE_URL must begin with postgresql:// or postgresql+psycopg://.")
    return url


def _clouds(read: _Reader) -> CloudSettings:
    known = CloudSettings()
    return CloudSettings(
        deepgram_api_key=read.text("DEEPGRAM_API_KEY", ""),
        deepgram_rest_url=read.text("DEEPGRAM_REST_URL", known.deepgram_rest_url).rstrip("/"),
        deepgram_socket_url=read.text("DEEPGRAM_SOCKET_URL", known.deepgram_socket_url).rstrip("/"),
        openai_api_key=read.text("OPENAI_API_KEY", ""),
        openai_base_url=read.text("OPENAI_BASE_URL", known.openai_base_url).rstrip("/"),
        openai_chat_model=read.text("OPENAI_CHAT_MODEL", known.openai_chat_model),
        openai_stt_model=read.text("OPENAI_STT_MODEL", known.openai_stt_model),
        openai_tts_model=read.text("OPENAI_TTS_MODEL", known.openai_tts_model),
        openai_tts_voice=read.text("OPENAI_TTS_VOICE", known.openai_tts_voice),
    )


def _contradictions(settings: Settings) -> list[str]:
    faults = []
    for variable, engine in (("SPEECH_TO_TEXT", settings.speech_to_text), ("TEXT_TO_SPEECH", settings.text_to_speech)):
        if engine.startswith("deepgram") and not settings.clouds.deepgram_api_key:
            faults.append(f"{variable} is {engine!r}, but DEEPGRAM_API_KEY is not set. Set it, or choose 'local'.")
        if engine == "openai" and not settings.clouds.has_openai:
            faults.append(f"{variable} is 'openai', but OPENAI_API_KEY is not set. Set it, or choose 'local'.")
    secrets = [settings.jwt_secret, settings.jwt_refresh_secret, settings.stream_secret]
    if all(secrets) and len(set(secrets)) < len(secrets):
        faults.append("JWT_SECRET, JWT_REFRESH_SECRET and STREAM_SECRET must differ from one another.")
    if settings.is_production and not settings.public_base_url.startswith("https://"):
        faults.append("PUBLIC_BASE_URL must begin with https:// in production: Twilio connects only to wss://.")
    if settings.is_production and "scripted" in (settings.speech_to_text, settings.text_to_speech):
        faults.append("SPEECH_TO_TEXT and TEXT_TO_SPEECH may be 'scripted' only in tests, never in production.")
    return faults
