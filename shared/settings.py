"""The app's settings: read once, checked at start, never read elsewhere.

A plain dataclass on purpose: this runs while the app is imported, and pydantic would
cost a third of a cold start there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import SettingsError

_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}
_ANY_TENANT = {"common", "organizations", "consumers"}
_MAX_STEP_SECONDS = 540.0
"""A minute less than host.json's `functionTimeout`, after which the platform ends the process with
all that runs in it."""
_PART = 0.45
"""Of a step: the most that one call may take, as the model may be asked twice."""
_MAX_BODY = 100 * 1024 * 1024
"""The platform answers a longer request with an empty 500.
https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits"""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where storage is: a connection string, or three addresses and our identity."""

    connection_string: str = field(default="", repr=False)
    table_uri: str = ""
    blob_uri: str = ""
    queue_uri: str = ""


@dataclass(frozen=True, slots=True)
class Sizes:
    """In bytes, the most that a file may have which is sent to the API, a request with all its
    files, and a blob."""

    file: int
    upload: int
    blob: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are seconds, sizes bytes. `local.settings.sample.json` lists every setting."""

    secret_key: str = field(repr=False)
    access_token_minutes: int
    refresh_token_days: int
    registration_open: bool
    user_cache: float
    entra_authority: str
    entra_tenant_id: str
    entra_audiences: tuple[str, ...]
    bootstrap_admin_email: str
    bootstrap_admin_password: str = field(repr=False)
    storage: Storage
    model_base_url: str
    model_api_key: str = field(repr=False)
    model_uses_identity: bool
    model_deployment: str
    step_seconds: float
    model_timeout: float
    model_max_output_tokens: int
    model_retry: float
    model_max_wait: float
    max_parallel_work: int
    chunk_tokens: int
    batch_tokens: int
    answer_cache_days: int
    extract_seconds: float
    extract_megabytes: int
    github_api_url: str
    github_token: str = field(repr=False)
    webpubsub_connection_string: str = field(repr=False)
    webpubsub_endpoint: str
    webpubsub_hub: str
    sweep_after: float
    sizes: Sizes
    files_quiet: float
    wait_for_files: float
    audit_retention_days: int
    allowed_origins: tuple[str, ...]


class _Environment:
    """Reads typed values; every complaint names the setting and what belongs there."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, "").strip() or default

    def required(self, name: str, advice: str) -> str:
        value = self.text(name)
        if not value:
            raise SettingsError(f"The setting {name} is missing: {advice}")
        return value

    def number(self, name: str, default: float, least: float, most: float = float("inf")) -> float:
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most or value == float("inf"):
            limit = f" and at most {most:.10g}" if most < float("inf") else ""
            raise SettingsError(
                f"The setting {name} must be a number of at least {least:g}{limit}."
            )
        return value

    def integer(self, name: str, default: int, least: int, most: float = float("inf")) -> int:
        value = self.number(name, default, least, most)
        if value != int(value):
            raise SettingsError(f"The setting {name} must be a whole number.")
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        text = self.text(name, str(default)).lower()
        if text not in _TRUE | _FALSE:
            raise SettingsError(f"The setting {name} must be true or false.")
        return text in _TRUE

    def address(self, name: str) -> str:
        value = self.text(name)
        if value and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
            raise SettingsError(f"The setting {name} must be a web address (https://…).")
        return value.rstrip("/")


def read_settings(values: Mapping[str, str]) -> Settings:
    """Read every setting from `values`, usually `os.environ`.

    Raises SettingsError for the first one that is missing or bad.
    """
    env = _Environment(values)
    _check_schedule(env)
    model_base_url, uses_identity = _model_endpoint(env)
    admin_email, admin_password = _bootstrap_admin(env)
    tenant, audiences = _entra(env)
    step = env.number("STEP_SECONDS", 480, 1, _MAX_STEP_SECONDS)
    return Settings(
        secret_key=_secret_key(env),
        access_token_minutes=env.integer("ACCESS_TOKEN_EXPIRE_MINUTES", 30, 1),
        refresh_token_days=env.integer("REFRESH_TOKEN_EXPIRE_DAYS", 30, 1),
        registration_open=env.flag("REGISTRATION_OPEN", default=True),
        user_cache=env.number("USER_CACHE_SECONDS", 5, 0),
        entra_authority=env.address("ENTRA_AUTHORITY") or "https://login.microsoftonline.com",
        entra_tenant_id=tenant,
        entra_audiences=audiences,
        bootstrap_admin_email=admin_email,
        bootstrap_admin_password=admin_password,
        storage=_storage(env),
        model_base_url=model_base_url,
        model_api_key=env.text("AZURE_OPENAI_API_KEY"),
        model_uses_identity=uses_identity,
        model_deployment=env.text("AZURE_OPENAI_DEPLOYMENT_NAME", "grok-3"),
        step_seconds=step,
        model_timeout=env.number("MODEL_TIMEOUT_SECONDS", 180, 0.1, step * _PART),
        model_max_output_tokens=env.integer("MODEL_MAX_OUTPUT_TOKENS", 8192, 16),
        model_retry=env.number("MODEL_RETRY_SECONDS", 5, 0.01),
        model_max_wait=env.number("MODEL_MAX_WAIT_SECONDS", 900, 0),
        max_parallel_work=env.integer("MAX_PARALLEL_WORK", 8, 1),
        chunk_tokens=env.integer("CHUNK_TOKENS", 6_000, 200),
        batch_tokens=env.integer("REVIEW_BATCH_TOKENS", 12_000, 500),
        answer_cache_days=env.integer("ANSWER_CACHE_DAYS", 30, 0),
        extract_seconds=env.number("EXTRACT_SECONDS", 60, 0.1, step * _PART),
        extract_megabytes=env.integer("EXTRACT_MEGABYTES", 512, 64),
        github_api_url=_github(env),
        github_token=env.text("GITHUB_TOKEN"),
        webpubsub_connection_string=env.text("WEBPUBSUB_CONNECTION_STRING"),
        webpubsub_endpoint=env.address("WEBPUBSUB_ENDPOINT"),
        webpubsub_hub=env.text("WEBPUBSUB_HUB", "tickets"),
        sweep_after=env.number("SWEEP_AFTER_SECONDS", 60, 1),
        sizes=_sizes(env),
        files_quiet=env.number("FILES_QUIET_SECONDS", 2, 0.01),
        wait_for_files=env.number("WAIT_FOR_FILES_HOURS", 24, 0.0001) * 3600,
        audit_retention_days=env.integer("AUDIT_RETENTION_DAYS", 0, 0),
        allowed_origins=_origins(env),
    )


def _sizes(env: _Environment) -> Sizes:
    return Sizes(
        file=env.integer("MAX_FILE_SIZE", 10_485_760, 1, _MAX_BODY),
        upload=env.integer("MAX_UPLOAD_SIZE", 52_428_800, 1, _MAX_BODY),
        blob=env.integer("MAX_BLOB_SIZE", 104_857_600, 1),
    )


def _secret_key(env: _Environment) -> str:
    advice = "put at least 32 random characters there (openssl rand -hex 32)."
    value = env.required("SECRET_KEY", advice)
    if len(value) < 32:
        raise SettingsError(f"The setting SECRET_KEY is too short: {advice}")
    return value


def _storage(env: _Environment) -> Storage:
    name = "STORAGE_CONNECTION"
    connection = env.text(name)
    if connection == "UseDevelopmentStorage=true" or "AccountName=" in connection:
        return Storage(connection_string=connection)
    if connection:
        raise SettingsError(f"The setting {name} is no storage connection string.")
    account = env.text(f"{name}__accountName")
    table = env.address(f"{name}__tableServiceUri")
    blob = env.address(f"{name}__blobServiceUri")
    queue = env.address(f"{name}__queueServiceUri")
    if account:
        table = table or f"https://{account}.table.core.windows.net"
        blob = blob or f"https://{account}.blob.core.windows.net"
        queue = queue or f"https://{account}.queue.core.windows.net"
    if not (table and blob and queue):
        raise SettingsError(
            f"The setting {name} is missing: put a storage connection string there, or set "
            f"{name}__accountName to use the app's identity."
        )
    return Storage(table_uri=table, blob_uri=blob, queue_uri=queue)


def _model_endpoint(env: _Environment) -> tuple[str, bool]:
    """The base address of the chat API, and whether the app's identity signs the calls."""
    own = env.address("MODEL_BASE_URL")
    if own:
        return own, False
    azure = env.address("AZURE_OPENAI_ENDPOINT")
    if not azure:
        raise SettingsError(
            "The setting AZURE_OPENAI_ENDPOINT is missing: put the address of the Azure OpenAI "
            "resource there, or set MODEL_BASE_URL to another OpenAI-compatible server."
        )
    return f"{azure.removesuffix('/openai/v1')}/openai/v1", not env.text("AZURE_OPENAI_API_KEY")


def _github(env: _Environment) -> str:
    address = env.address("GITHUB_API_URL") or "https://api.github.com"
    if not re.fullmatch(r"https://api\.[^/]+|https?://[^/]+/api/v3", address):
        raise SettingsError(
            "The setting GITHUB_API_URL must be https://api.github.com, or https://HOST/api/v3 of "
            "a GitHub Enterprise Server."
        )
    return address


def _bootstrap_admin(env: _Environment) -> tuple[str, str]:
    email = env.text("BOOTSTRAP_ADMIN_EMAIL").lower()
    password = env.text("BOOTSTRAP_ADMIN_PASSWORD")
    if bool(email) != bool(password):
        raise SettingsError(
            "The settings BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD belong together: "
            "set both, or neither."
        )
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise SettingsError("The setting BOOTSTRAP_ADMIN_EMAIL must be an email address.")
    if password and len(password) < 8:
        raise SettingsError("The setting BOOTSTRAP_ADMIN_PASSWORD needs at least 8 characters.")
    return email, password


def _entra(env: _Environment) -> tuple[str, tuple[str, ...]]:
    """The tenant and the audiences whose Microsoft Entra ID tokens are accepted."""
    tenant = env.text("ENTRA_TENANT_ID")
    given = env.text("ENTRA_AUDIENCE").split(",")
    audiences = tuple(part.strip() for part in given if part.strip())
    if bool(tenant) != bool(audiences):
        raise SettingsError(
            "The settings ENTRA_TENANT_ID and ENTRA_AUDIENCE belong together: set both, or neither."
        )
    if tenant in _ANY_TENANT or not re.fullmatch(r"[A-Za-z0-9.-]*", tenant):
        raise SettingsError("The setting ENTRA_TENANT_ID must be the id of one tenant.")
    return tenant, audiences


def _check_schedule(env: _Environment) -> None:
    """The platform reads the schedule itself, but says little when it is not there."""
    advice = 'put an NCRONTAB schedule there, "0 * * * * *" for once a minute.'
    if len(env.required("SWEEP_SCHEDULE", advice).split()) not in (5, 6):
        raise SettingsError(f"The setting SWEEP_SCHEDULE is no schedule: {advice}")


def _origins(env: _Environment) -> tuple[str, ...]:
    text = env.text("ALLOWED_ORIGINS", "http://localhost:3000,http://localhost:5173")
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        if not re.fullmatch(r"https?://[^\s/*]+", origin):
            raise SettingsError(
                "The setting ALLOWED_ORIGINS must list origins such as https://app.example.com, "
                "separated by commas, without paths or wildcards."
            )
    return origins
