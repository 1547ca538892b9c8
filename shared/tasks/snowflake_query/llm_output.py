"""What the model answers: SQL with other readings, and insights with what proves their numbers."""

from shared.models import Model


class OtherReading(Model):
    """A reading under which the same question has another answer."""

    question: str
    sql: str


class SqlAnswer(Model):
    """`sql` answers the question as most people would mean it."""

    sql: str
    other_readings: list[OtherReading]


class ProvedNumber(Model):
    """A number that is in no fact, with the formula that it comes from."""

    formula: str
    value: str


class InsightAnswer(Model):
    """`facts` are the numbers of the facts that the text rests on."""

    text: str
    facts: list[int]
    numbers: list[ProvedNumber]


class InsightsAnswer(Model):
    insights: list[InsightAnswer]
