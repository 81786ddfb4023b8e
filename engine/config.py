"""The settings: read from the environment once, validated once, frozen from then on."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from engine.errors import SettingsError
from engine.settings_reader import SettingsReader

ENVIRONMENTS = ("development", "test", "production")
DEEPGRAM_SOCKET_URL = "wss://api.deepgram.com"
OPENAI_BASE_URL = "https://api.openai.com/v1"
TWILIO_REST_URL = "https://api.twilio.com"
RECOGNISERS = ("local", "deepgram", "deepgram-flux", "openai", "scripted")
VOICES = ("local", "deepgram", "deepgram-flux", "openai", "scripted")
ENDPOINT_POLICIES = ("adaptive", "fixed")


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """When an answer counts as over."""

    silence_ms: int = 1500
    threshold_dbfs: float = -50.0
    """Silence of the `fixed` policy, and what is silent to it."""
    policy: str = "adaptive"
    turn_model: Path | None = None
    """File of an end-of-turn model; None: words, silence and habit are enough."""
    has_listening_sounds: bool = True
    """Whether "mm-hm" is said in a silence that may be the end of an answer (only `adaptive` knows of such)."""


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """Accounts at speech and language providers; an empty key leaves the provider out."""

    deepgram_api_key: str = ""
    deepgram_socket_url: str = DEEPGRAM_SOCKET_URL
    deepgram_stt_model: str = "nova-3"
    deepgram_flux_stt_model: str = "flux-general-en"
    deepgram_tts_model: str = "aura-2-thalia-en"
    deepgram_flux_tts_model: str = "flux-haley-en"
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
class MessageSettings:
    """How messages reach candidates."""

    smtp_url: str = ""
    """smtp://, smtp+starttls:// or smtps://; empty leaves mails in the outbox folder."""
    mail_from: str = "Vivavoce <interviews@localhost>"
    sms: str = "folder"
    """folder or twilio."""
    twilio_rest_url: str = TWILIO_REST_URL


@dataclass(frozen=True, slots=True)
class CallSettings:
    """How calls are placed."""

    provider: str = "off"
    """twilio, or off: nobody is called."""
    per_second: float = 1.0
    """Calls that the account may place in a second; zero is no limit."""
    lines: int = 100
    """Calls at once over all web processes; above it, ours wait."""


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
    speech_to_text: tuple[str, ...]
    """Engines in the order in which they are asked; the next takes over where one fails."""
    text_to_speech: tuple[str, ...]
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
    prices_file: Path | None
    """Prices in place of those that come along."""
    interview_budget_usd: Decimal
    """What providers may cost one interview; then free engines go on. Zero is no limit."""
    monthly_budget_usd: Decimal
    """The same for all interviews of an account in a calendar month (UTC)."""
    operator_emails: frozenset[str]
    """Accounts that see the operator page."""
    trusted_proxies: int
    """Proxies between the server and the world whose word on the caller's address is taken."""
    recording_retention_days: int
    """Counted from the end of the call; 0 is for ever. Accounts may choose less."""
    interview_retention_days: int
    """Then the words of an interview are deleted and its figures stay; 0 is for ever."""
    messages: MessageSettings = MessageSettings()
    calls: CallSettings = CallSettings()

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def names_deepgram(self) -> bool:
        """Some engine of Deepgram hears or speaks."""
        return any(name.startswith("deepgram") for name in self.speech_to_text + self.text_to_speech)

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
    def outbox_dir(self) -> Path:
        return self.data_dir / "outbox"

    @property
    def speech_cache_dir(self) -> Path:
        return self.data_dir / "speech-cache"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables.

    Raises SettingsError, listing every fault at once, each with the variable's name and how to set it.
    """
    read = SettingsReader(environ)
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
        speech_to_text=read.chain("SPEECH_TO_TEXT", _with_keys(clouds), RECOGNISERS),
        text_to_speech=read.chain("TEXT_TO_SPEECH", _with_keys(clouds), VOICES),
        whisper_model_dir=read.folder("WHISPER_MODEL_DIR"),
        clouds=clouds,
        endpoint=EndpointSettings(
            silence_ms=read.whole("ENDPOINT_SILENCE_MS", 1500, 200, 10_000),
            threshold_dbfs=read.number("ENDPOINT_THRESHOLD_DBFS", -50.0, -90.0, -10.0),
            policy=read.choice("ENDPOINT_POLICY", "adaptive", ENDPOINT_POLICIES),
            turn_model=read.file("TURN_MODEL"),
            has_listening_sounds=read.choice("LISTENING_SOUNDS", "on", ("on", "off")) == "on",
        ),
        jwt_expiration_s=read.whole("JWT_EXPIRATION", 900, 60, 7 * 86_400),
        jwt_refresh_expiration_s=read.whole("JWT_REFRESH_EXPIRATION", 7 * 86_400, 3600, 30 * 86_400),
        max_calls=read.whole("MAX_CALLS", 100, 1, 1000),
        max_interview_min=read.whole("MAX_INTERVIEW_MIN", 60, 5, 180),
        max_answer_s=read.whole("MAX_ANSWER_S", 300, 10, 1800),
        allowed_origins=read.listed("ALLOWED_ORIGINS"),
        port=port,
        metrics_token=read.text("METRICS_TOKEN", ""),
        prices_file=read.file("PRICES_FILE"),
        interview_budget_usd=read.money("INTERVIEW_BUDGET_USD", "0.50"),
        monthly_budget_usd=read.money("MONTHLY_BUDGET_USD", "0"),
        operator_emails=frozenset(name.lower() for name in read.listed("OPERATOR_EMAILS")),
        trusted_proxies=read.whole("TRUSTED_PROXIES", 0, 0, 10),
        log_format=read.choice("LOG_FORMAT", "json" if environment == "production" else "text", ("json", "text")),
        recording_retention_days=read.days("RECORDING_RETENTION_DAYS", 90),
        interview_retention_days=read.days("INTERVIEW_RETENTION_DAYS", 365),
        messages=_messages(read),
        calls=_calls(read),
    )
    faults = read.faults + _contradictions(settings)
    if faults:
        raise SettingsError(faults)
    return settings


def _database_url(read: SettingsReader) -> str:
    url = read.text("DATABASE_URL", how="For example postgresql+psycopg://user:password@host/vivavoce.")
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    if url and not url.startswith("postgresql+psycopg://"):
        read.faults.append("DATABASE_URL must begin with postgresql:// or postgresql+psycopg://.")
    return url


def _clouds(read: SettingsReader) -> CloudSettings:
    known = CloudSettings()
    return CloudSettings(
        deepgram_api_key=read.text("DEEPGRAM_API_KEY", ""),
        deepgram_socket_url=read.text("DEEPGRAM_SOCKET_URL", known.deepgram_socket_url).rstrip("/"),
        deepgram_stt_model=read.text("DEEPGRAM_STT_MODEL", known.deepgram_stt_model),
        deepgram_flux_stt_model=read.text("DEEPGRAM_FLUX_STT_MODEL", known.deepgram_flux_stt_model),
        deepgram_tts_model=read.text("DEEPGRAM_TTS_MODEL", known.deepgram_tts_model),
        deepgram_flux_tts_model=read.text("DEEPGRAM_FLUX_TTS_MODEL", known.deepgram_flux_tts_model),
        openai_api_key=read.text("OPENAI_API_KEY", ""),
        openai_base_url=read.text("OPENAI_BASE_URL", known.openai_base_url).rstrip("/"),
        openai_chat_model=read.text("OPENAI_CHAT_MODEL", known.openai_chat_model),
        openai_stt_model=read.text("OPENAI_STT_MODEL", known.openai_stt_model),
        openai_tts_model=read.text("OPENAI_TTS_MODEL", known.openai_tts_model),
        openai_tts_voice=read.text("OPENAI_TTS_VOICE", known.openai_tts_voice),
    )


def _with_keys(clouds: CloudSettings) -> tuple[str, ...]:
    """The engines that may be used without being named, best first."""
    keys = (("deepgram", clouds.deepgram_api_key), ("openai", clouds.openai_api_key))
    return (*(name for name, key in keys if key), "local")


def _messages(read: SettingsReader) -> MessageSettings:
    known = MessageSettings()
    smtp_url = read.text("SMTP_URL", "")
    parts = urlsplit(smtp_url)
    if smtp_url and (parts.scheme not in ("smtp", "smtp+starttls", "smtps") or not parts.hostname):
        read.faults.append("SMTP_URL must look like smtp+starttls://user:password@mail.example.org:587.")
    return MessageSettings(
        smtp_url=smtp_url,
        mail_from=read.text("MAIL_FROM", known.mail_from),
        sms=read.choice("SMS", known.sms, ("folder", "twilio")),
        twilio_rest_url=read.base_url("TWILIO_REST_URL", known.twilio_rest_url),
    )


def _calls(read: SettingsReader) -> CallSettings:
    """Without a word about it, calls are placed where an account is set up or a stand-in for Twilio is named."""
    known = CallSettings()
    has_account = read.text("TWILIO_ACCOUNT_SID", "").strip("0") != "AC"
    has_stand_in = read.text("TWILIO_REST_URL", TWILIO_REST_URL) != TWILIO_REST_URL
    return CallSettings(
        provider=read.choice("OUTBOUND_CALLS", "twilio" if has_account or has_stand_in else "off", ("twilio", "off")),
        per_second=read.number("CALLS_PER_SECOND", known.per_second, 0.0, 1000.0),
        lines=read.whole("CALL_LINES", read.whole("MAX_CALLS", 100, 1, 1000), 1, 100_000),
    )


def _contradictions(settings: Settings) -> list[str]:
    faults = []
    for variable, names in (("SPEECH_TO_TEXT", settings.speech_to_text), ("TEXT_TO_SPEECH", settings.text_to_speech)):
        for name in names:
            if name.startswith("deepgram") and not settings.clouds.deepgram_api_key:
                faults.append(f"{variable} names {name!r}, but DEEPGRAM_API_KEY is not set. Set it, or choose 'local'.")
            if name == "openai" and not settings.clouds.has_openai:
                faults.append(f"{variable} names 'openai', but OPENAI_API_KEY is not set. Set it, or choose 'local'.")
    secrets = [settings.jwt_secret, settings.jwt_refresh_secret, settings.stream_secret]
    if all(secrets) and len(set(secrets)) < len(secrets):
        faults.append("JWT_SECRET, JWT_REFRESH_SECRET and STREAM_SECRET must differ from one another.")
    if settings.is_production and not settings.public_base_url.startswith("https://"):
        faults.append("PUBLIC_BASE_URL must begin with https:// in production: Twilio connects only to wss://.")
    if settings.is_production and "scripted" in settings.speech_to_text + settings.text_to_speech:
        faults.append("SPEECH_TO_TEXT and TEXT_TO_SPEECH may be 'scripted' only in tests, never in production.")
    return faults
