"""The file of the setting SNOWFLAKE_MODEL: what people call things, metrics with their formulas,
joins, and verified questions with their SQL. Whoever writes SQL here reads it.

    names:      {turnover: SALES.PUBLIC.ORDER_ITEMS.AMOUNT}
    metrics:    {sales: {formula: SUM(ORDER_ITEMS.AMOUNT), description: of completed orders}}
    joins:      [ORDERS.CUSTOMER_ID = CUSTOMERS.CUSTOMER_ID]
    verified:   [{question: Sales by region in {period}, sql: SELECT … BETWEEN {start} AND {end}}]
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import yaml
from pydantic import ValidationError

from shared.errors import SettingsError
from shared.models import Model
from shared.tasks.snowflake_query.models import Period

_MAX_BYTES = 512 * 1024
_PERIOD = "{period}"


class Metric(Model):
    formula: str
    description: str = ""


class VerifiedQuestion(Model):
    """`{period}` in the question stands for any period; the SQL then has `{start}` and `{end}`,
    its first and last day."""

    question: str
    sql: str


class SemanticLayer(Model):
    """Empty where there is no file."""

    names: dict[str, str] = {}
    metrics: dict[str, Metric] = {}
    joins: list[str] = []
    verified: list[VerifiedQuestion] = []

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        name = environment.get("SNOWFLAKE_MODEL", "").strip()
        return cls.from_file(Path(name)) if name else cls()

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Raises SettingsError, which says what is wrong with the file."""
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
            if len(content) > _MAX_BYTES:
                raise ValueError("it is larger than 512 kB")
            return cls.model_validate(yaml.safe_load(content) or {})
        except OSError:
            raise _bad("cannot be read") from None
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, fault["loc"]))
            raise _bad(f"does not fit at {place or 'its top'}: {fault['msg']}") from None
        except (yaml.YAMLError, ValueError, RecursionError):
            raise _bad("is no YAML of at most 512 kB") from None

    def find_verified(self, question: str, period: Period | None) -> str | None:
        """The SQL that people verified for just this question."""
        asked = _plain(question.replace(period.words, _PERIOD) if period else question)
        known = next((one for one in self.verified if _plain(one.question) == asked), None)
        if known is None or period is None:
            return known.sql if known else None
        sql = known.sql.replace("{start}", f"'{period.start}'")
        return sql.replace("{end}", f"'{period.end}'")

    def describe(self) -> str:
        """All of it, a line each, as those who write SQL are told; empty where there is nothing."""
        lines = [f"name: {name} means {meaning}" for name, meaning in self.names.items()]
        for name, metric in self.metrics.items():
            told = f" ({metric.description})" if metric.description else ""
            lines.append(f"metric: {name} = {metric.formula}{told}")
        lines += [f"join: {join}" for join in self.joins]
        for one in self.verified:
            lines += [f"question: {one.question}", f"sql: {' '.join(one.sql.split())}"]
        return "\n".join(lines)

    def explain(self, question: str) -> str:
        """What the names in a question mean, in words for an analyst."""
        said = [
            *(f"{name} means {meaning}" for name, meaning in self.names.items()),
            *(
                f"{name} is {metric.formula} {metric.description}".strip()
                for name, metric in self.metrics.items()
            ),
        ]
        names = [*self.names, *self.metrics]
        used = [text for name, text in zip(names, said, strict=True) if _has(question, name)]
        return "; ".join(used)

    def words(self) -> list[str]:
        """What people may call things here, and what that means: for finding tables by question."""
        metrics = (f"{name} {one.formula} {one.description}" for name, one in self.metrics.items())
        return [*(f"{name} {meaning}" for name, meaning in self.names.items()), *metrics]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w{}]+", " ", text.lower()).split())


def _has(question: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", question, re.IGNORECASE) is not None


def _bad(what: str) -> SettingsError:
    return SettingsError(
        f"The file that the setting SNOWFLAKE_MODEL names {what}; README.md shows its form."
    )
