"""What stands beside a number and makes it a quantity: percent signs, currencies, units of measure,
months; each by one name, however it is written."""

import re

PERCENT = "%"
_WRITTEN = {
    PERCENT: "% percent percents per-cent prozent pct percentage",
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
    "year": "year years yr yrs jahr jahre jahren annum",
    "quarter": "quarter quarters quartal quartale",
    "month": "month months monat monate monaten",
    "week": "week weeks woche wochen",
    "day": "day days tag tage tagen",
    "hour": "hour hours hr hrs h stunde stunden",
    "minute": "minute minutes min mins minuten",
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
    "k": 1e3,
    "tsd": 1e3,
    "thousand": 1e3,
    "tausend": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "mio": 1e6,
    "million": 1e6,
    "millions": 1e6,
    "millionen": 1e6,
    "bn": 1e9,
    "mrd": 1e9,
    "billion": 1e9,
    "billions": 1e9,
    "milliarden": 1e9,
    "tn": 1e12,
    "trillion": 1e12,
    "hundred": 1e2,
    "dozen": 12.0,
}
_LONG_SCALES = "|".join(sorted((one for one in SCALES if len(one) > 1), key=len, reverse=True))
SCALE = rf"(?:(?:[ \u00a0-]?(?:{_LONG_SCALES})\.?|[kK]|M(?![a-zA-Z]))(?!\w))"
"""A pattern for what multiplies a number: `5 million`, `5k`, `5M`."""

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar",
            "february feb februar",
            "march mar märz",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sep sept",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}
MONTH = rf"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})\.?(?!\w)"
