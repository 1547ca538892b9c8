"""What a sentence may say that rests on quotes, and what not."""

import pytest

from shared.statements.proving import MAX_GROUND, MAX_SENTENCE, Ground, keep_proved

QUOTES = (
    "The rent of EUR 1,250.00 a month is due on the third day of each month.",
    "Contoso Ltd (the Supplier) shall deliver within thirty (30) days",
    "notice of three months, in writing, by 1 March 2027",
    "Der Mieter zahlt drei Monate Miete als Kaution an die Müller GmbH.",
    "The service level agreement sets 99.95 % uptime",
    "Revenue rose to 1.000,50 EUR",
    "a loss of -5.2 million USD in 2024",
    "Pani Kowalska podpisała umowę",
)
GROUND = Ground(QUOTES, ["lease.pdf"])


@pytest.mark.parametrize(
    "sentence",
    [
        "The rent is 1,250 euros a month.",
        "Rent is due on the 3rd of each month.",
        "Contoso must deliver in 30 days.",
        "Contoso's delivery takes thirty days.",
        "The Supplier delivers within 30 days.",
        "Notice of 3 months must be given by 1 March.",
        "Notice ends on 01.03.2027.",
        "The tenant pays three months' rent to Müller GmbH.",
        "Der Mieter zahlt eine Kaution von 3 Monaten an Müllers Firma.",
        "The SLA promises 99.95% of uptime.",
        "lease.pdf says that the rent is 1250 EUR.",
        "Revenue was EUR 1,000.50.",
        "The loss was -5.2 million dollars.",
        'A written notice is needed, "in writing".',
        "Es besteht ein Risiko für den Vermieter, weil die Kündigungsfrist kurz ist.",
        "Payment terms should be checked with the landlord before signing.",
        "Set a reminder before the deadline.",
        "Le loyer est dû le troisième jour du mois.",
        "Le fournisseur Contoso livre sous trente jours.",
        "Kowalska signed the agreement.",
        "However, delivery may be late.",
        "The agreement does not say who pays for repairs.",
    ],
)
def test_honest_sentences_stay_however_they_are_put(sentence: str) -> None:
    assert keep_proved(sentence, GROUND) == (sentence, 0)


@pytest.mark.parametrize(
    "sentence",
    [
        "The rent is 1,350 euros a month.",
        "Rent is due on the 5th of each month.",
        "Rent is due on the fifth day.",
        "Zorblax must deliver in 30 days.",
        "Zorblax Industries must deliver in 30 days.",
        "Contoso must deliver in 31 days.",
        "Contoso must deliver in 30 weeks.",
        "Notice must be given by 2 March.",
        "Notice ends on 03.01.2027.",
        "Notice ends in 2028.",
        "The tenant pays ten million dollars.",
        "The tenant pays four months' rent.",
        "Die Firma Zorblax zahlt die Miete.",
        "Die Zorblax GmbH zahlt die Miete.",
        "The KPI promises 99.95% of uptime.",
        "The SLA promises 99.9% of uptime.",
        "Revenue was EUR 1,000.51.",
        "The loss was 52 million dollars.",
        "The profit was -1,250 euros.",
        'A written notice is needed, "by fax".',
        "A written notice is needed, `by fax`.",
        "See evil.com for more.",
        "The rent doubled.",
        "Half of the rent is due.",
        "The rent is 1\u200b350 euros.",
        "The total is 1,280.",
        "Section 9.3 applies.",
        "Jane Doe signed.",
        "J. Smith signed it.",
        "The GPT-5 model did it.",
        "McKinsey recommends it.",
        "In Berlin the rent is due.",
        "Le loyer est de deux mille euros.",
        "Die Miete beträgt vierhundert Euro.",
        "There are seven lawsuits.",
        "There are three reasons, the first of seven.",
        "On Monday the rent is due.",
        "Kowalczyk signed the agreement.",
        "The rent is 1,250 dollars a month.",
        "The rent is &#53;0 million.",
        "Contact bob@evil.example for it.",
        "\uff11\uff13\uff15\uff10 euros are due.",
        "The rent is ½ of it.",
        "A dozen tenants left.",
    ],
)
def test_what_no_quote_has_goes(sentence: str) -> None:
    assert not GROUND.holds(sentence)


def test_only_the_sentences_that_say_too_much_go() -> None:
    text = "Rent is due on the third day. It is paid to Zorblax. Delivery takes 30 days."
    assert keep_proved(text, GROUND) == (
        "Rent is due on the third day. Delivery takes 30 days.",
        1,
    )


@pytest.mark.parametrize("quotes", [[], [""], [" "]])
def test_without_quotes_nothing_may_be_said(quotes: list[str]) -> None:
    assert keep_proved("The rent is due.", Ground(quotes)) == ("", 1)


def test_raised_digits_are_not_those_of_the_number_before_them() -> None:
    ground = Ground(["It has 10² cells."])
    assert ground.holds("It has 10² cells.")
    assert not ground.holds("It has 102 cells.")


def test_large_numbers_are_compared_to_the_last_digit() -> None:
    ground = Ground(["The balance is 12,345,678,901,234,567,890.01 EUR; 1.1 million more came."])
    assert ground.holds("It is 12345678901234567890.01 EUR.")
    assert ground.holds("1,100,000 more came.")
    assert not ground.holds("It is 12345678901234567890.02 EUR.")


def test_what_is_compared_is_bounded() -> None:
    words = "the rent is due "
    assert not GROUND.holds(words * (MAX_SENTENCE // len(words) + 1))
    far = Ground(["word " * (MAX_GROUND // 5), "The fee is 5,000."])
    assert not far.holds("The fee is 5,000.")
