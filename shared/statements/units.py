"""What stands beside a number and makes it a quantity: percent signs, currencies, units of measure,
months; each by one name, however it is written."""

import re
from decimal import Decimal

PERCENT = "%"
_WRITTEN = {
    PERCENT: (
        "% percent percents per-cent prozent pct percentage pour-cent por-ciento per-cento"
        " por-cento procent"
    ),
    "‰": "‰ permille promille",
    "pp": "pp percentage-points percentage-point prozentpunkte",
    "bp": "bp bps basis-points basis-point",
    "USD": "$ us$ usd dollar dollars",
    "EUR": "€ eur euro euros",
    "GBP": "£ gbp pound-sterling pounds-sterling",
    "JPY": "¥ jpy yen",
    "CHF": "chf franken francs franc",
    "INR": "₹ inr rupee rupees",
    "CNY": "cny rmb yuan",
    "cent": "cent cents ¢",
    "year": "year years yr yrs jahr jahre jahren annum ans année années años anni jaar jaren anos",
    "quarter": "quarter quarters quartal quartale trimestre trimestres",
    "month": "month months monat monate monaten mois meses mesi maand maanden",
    "week": "week weeks woche wochen semaine semaines semanas settimane weken",
    "day": "day days tag tage tagen jour jours días dias giorni dagen",
    "hour": "hour hours hr hrs h stunde stunden heure heures horas uren",
    "minute": "minute minutes min mins minuten minutos minuti",
    "second": "second seconds sec secs s sekunde sekunden",
    "ms": "ms millisecond milliseconds millisekunden",
    "µs": "µs μs us microsecond microseconds",
    "ns": "ns nanosecond nanoseconds",
    "km": "km kilometre kilometres kilometer kilometers",
    "m": "m metre metres meter meters",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "nm": "nm nanometre nanometres nanometer nanometers",
    "mile": "mile miles mi",
    "foot": "foot feet ft",
    "inch": "inch inches",
    "kg": "kg kilogram kilograms kilo kilos",
    "g": "g gram grams gramm",
    "mg": "mg milligram milligrams",
    "tonne": "t ton tons tonne tonnes",
    "lb": "lb lbs pound pounds",
    "litre": "l litre litres liter liters",
    "ml": "ml millilitre millilitres milliliter milliliters",
    "byte": "b byte bytes",
    "KB": "kb kib kilobyte kilobytes",
    "MB": "mb mib megabyte megabytes",
    "GB": "gb gib gigabyte gigabytes",
    "TB": "tb tib terabyte terabytes",
    "PB": "pb pib petabyte petabytes",
    "bit": "bit bits",
    "Mbit/s": "mbps mbit/s",
    "Gbit/s": "gbps gbit/s",
    "Hz": "hz hertz",
    "kHz": "khz",
    "MHz": "mhz",
    "GHz": "ghz",
    "W": "w watt watts",
    "kW": "kw kilowatt kilowatts",
    "MW": "mw megawatt megawatts",
    "GW": "gw gigawatt gigawatts",
    "kWh": "kwh",
    "MWh": "mwh",
    "GWh": "gwh",
    "TWh": "twh",
    "V": "v volt volts",
    "°C": "°c celsius",
    "°F": "°f fahrenheit",
    "K": "kelvin",
    "°": "° degree degrees grad",
    "times": "x × times-as times fold mal",
}
NAMES = {word.replace("-", " "): name for name, words in _WRITTEN.items() for word in words.split()}
SYMBOLS = "".join(sorted(word for word in NAMES if re.fullmatch(r"[^\w\s%‰°×]", word)))
"""Currency signs, which may stand before the number."""
CODES = ("USD", "EUR", "GBP", "JPY", "CHF", "INR", "CNY", "US$")
_ALTERNATIVES = "|".join(
    re.escape(word).replace(r"\ ", "[ -]") for word in sorted(NAMES, key=len, reverse=True)
)
UNIT = rf"(?:{_ALTERNATIVES})(?!\w)"
"""A pattern for a unit, in any case."""

SCALES = {
    name: Decimal(value)
    for name, value in {
        "k": 1_000,
        "tsd": 1_000,
        "thousand": 1_000,
        "tausend": 1_000,
        "m": 1_000_000,
        "mn": 1_000_000,
        "mio": 1_000_000,
        "million": 1_000_000,
        "millions": 1_000_000,
        "millionen": 1_000_000,
        "millones": 1_000_000,
        "milioni": 1_000_000,
        "milhões": 1_000_000,
        "miljoen": 1_000_000,
        "bn": 1_000_000_000,
        "mrd": 1_000_000_000,
        "billion": 1_000_000_000,
        "billions": 1_000_000_000,
        "milliarden": 1_000_000_000,
        "milliard": 1_000_000_000,
        "milliards": 1_000_000_000,
        "miliardi": 1_000_000_000,
        "miljard": 1_000_000_000,
        "tn": 1_000_000_000_000,
        "trillion": 1_000_000_000_000,
        "hundred": 100,
        "dozen": 12,
    }.items()
}
_LONG_SCALES = "|".join(sorted((one for one in SCALES if len(one) > 1), key=len, reverse=True))
SCALE = rf"(?:(?:[ \u00a0-]?(?:{_LONG_SCALES})\.?|[kK]|M(?![a-zA-Z]))(?!\w))"
"""A pattern for what multiplies a number: `5 million`, `5k`, `5M`."""

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero gennaio januari janeiro",
            "february feb februar février febrero febbraio februari fevereiro",
            "march mar märz mars marzo maart março",
            "april apr avril abril aprile",
            "may mai mayo maggio mei maio",
            "june jun juni juin junio giugno junho",
            "july jul juli juillet julio luglio julho",
            "august aug août agosto augustus",
            "september sep sept septembre septiembre settembre setembro",
            "october oct oktober okt octobre octubre ottobre outubro",
            "november nov novembre noviembre",
            "december dec dezember dez décembre diciembre dicembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}
MONTH = rf"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})\.?(?!\w)"
