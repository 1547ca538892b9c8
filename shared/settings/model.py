"""The language model: which one, and how long one call of it may take."""

import re
from dataclasses import dataclass, field

from shared.errors import SettingsError
from shared.settings.environment import Environment

_MILLION = 1_000_000
_BELOW_RESOURCE = re.compile(
    "/(openai(/(v1|deployments)(/.*)?)?|models(/chat/completions)?|api/projects/[^/]+)$"
)
"""What Azure's pages show behind the address of a resource."""
_PART = 0.45
"""Of a step: the most that one call may take, as the model may be asked twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """`base_url` is that of an OpenAI-compatible chat API; with `uses_identity` the app's identity
    signs the calls and there is no key. `timeout` bounds one call."""

    base_url: str
    api_key: str = field(repr=False)
    uses_identity: bool
    deployment: str
    timeout: float
    max_output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSettings:
    """What a million tokens cost, in `currency`; 0 where no price is set."""

    prompt: float
    cached: float
    completion: float
    currency: str

    def cost(self, prompt: int, cached: int, completion: int) -> float | None:
        """What so many tokens cost, of whose `prompt` some were `cached`; None without prices."""
        if not self.prompt and not self.completion:
            return None
        asked = (prompt - cached) * self.prompt + cached * self.cached
        return round((asked + completion * self.completion) / _MILLION, 6)


def read_prices(env: Environment) -> PriceSettings:
    """Cached tokens cost as much as others unless a price of theirs is set."""
    prompt = env.number("PRICE_PROMPT_TOKENS", 0, 0)
    currency = env.text("PRICE_CURRENCY", "USD")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise SettingsError("The setting PRICE_CURRENCY must be a currency's code, as USD.")
    return PriceSettings(
        prompt=prompt,
        cached=env.number("PRICE_CACHED_TOKENS", prompt, 0),
        completion=env.number("PRICE_COMPLETION_TOKENS", 0, 0),
        currency=currency,
    )


def read_model(env: Environment, step_seconds: float) -> ModelSettings:
    base_url, uses_identity = _model_endpoint(env)
    return ModelSettings(
        base_url=base_url,
        api_key=env.text("AZURE_OPENAI_API_KEY"),
        uses_identity=uses_identity,
        deployment=env.text("AZURE_OPENAI_DEPLOYMENT_NAME", "grok-3"),
        timeout=env.number("MODEL_TIMEOUT_SECONDS", 180, 0.1, step_seconds * _PART),
        max_output_tokens=env.integer("MODEL_MAX_OUTPUT_TOKENS", 8192, 16),
    )


def _model_endpoint(env: Environment) -> tuple[str, bool]:
    """The base address of the chat API, and whether the app's identity signs the calls."""
    own = env.address("MODEL_BASE_URL")
    if own:
        return own, False
    azure = _BELOW_RESOURCE.sub("", env.address("AZURE_OPENAI_ENDPOINT"))
    if not azure:
        raise SettingsError(
            "The setting AZURE_OPENAI_ENDPOINT is missing: put the address of the Azure OpenAI "
            "resource there, or set MODEL_BASE_URL to another OpenAI-compatible server."
        )
    return f"{azure}/openai/v1", not env.text("AZURE_OPENAI_API_KEY")
