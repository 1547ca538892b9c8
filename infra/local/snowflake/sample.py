"""Sales of a made-up company: regions, products, customers, orders of several years, and what its
finance department plans. Every day's orders follow from its date and the seed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

_SEED = "amida"
_YEARS = 4
_ORDERS_A_DAY = 6.0
_CENT = Decimal("0.01")

REGIONS = (
    (1, "North", "Norway", 1.00),
    (2, "South", "Italy", 0.85),
    (3, "East", "Poland", 0.70),
    (4, "West", "Ireland", 1.10),
    (5, "Overseas", "Canada", 0.45),
)
"""With the part that each has in the orders."""
CATEGORIES = {
    "Tea": ("Assam", "Darjeeling", "Sencha", "Oolong", "Rooibos"),
    "Coffee": ("Arabica", "Robusta", "Espresso", "Decaf"),
    "Chocolate": ("Milk", "Dark", "Hazelnut", "White"),
    "Ware": ("Cup", "Pot", "Kettle", "Mill", "Filter"),
}
SEGMENTS = ("Retail", "Wholesale", "Online")
CHANNELS = ("Web", "Phone", "Store")
_CUSTOMERS = 120

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """A table as it is made: its columns with type and comment, its keys, its rows."""

    schema: str
    name: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]
    key: tuple[str, ...]
    foreign: tuple[tuple[str, str, str], ...]
    rows: tuple[Row, ...]
    """`foreign`: a column, the table and the column that it refers to, in PUBLIC."""


def tables(until: date) -> list[Table]:
    """Everything there is, up to and with the day `until`."""
    start = date(until.year - _YEARS, 1, 1)
    products, customers = list(_products()), list(_customers(start))
    orders: list[Row] = []
    items: list[Row] = []
    day = start
    while day <= until:
        for number, (order, lines) in enumerate(_orders(day, start, products, customers)):
            order_id = int(day.strftime("%Y%m%d")) * 100 + number
            orders.append((order_id, *order))
            items += [(order_id, line, *item) for line, item in enumerate(lines, 1)]
        day += timedelta(days=1)
    return [
        *_catalogue(products, customers),
        _order_table(orders),
        _item_table(items),
        *_finance(start, until, products),
    ]


def _products() -> Iterator[Row]:
    random = Random(_SEED)  # noqa: S311  nothing secret
    names = [(name, kind) for kind, names in CATEGORIES.items() for name in names]
    for number, (name, kind) in enumerate(names, 1):
        price = Decimal(
            random.randrange(300, 4000) if kind != "Ware" else random.randrange(900, 9000)
        )
        yield number, f"{name} {kind}", kind, (price / 100).quantize(_CENT)


def _customers(start: date) -> Iterator[Row]:
    random = Random(f"{_SEED} customers")  # noqa: S311
    weights = [weight for *_, weight in REGIONS]
    for number in range(1, _CUSTOMERS + 1):
        region = random.choices(REGIONS, weights)[0][0]
        since = start - timedelta(days=random.randrange(1000))
        yield number, f"Customer {number:03}", random.choice(SEGMENTS), region, since


def _orders(
    day: date, start: date, products: list[Row], customers: list[Row]
) -> Iterator[tuple[Row, list[Row]]]:
    """More before Christmas, fewer on Sundays, and a little more every year."""
    random = Random(f"{_SEED} {day}")  # noqa: S311
    season = 1 + 0.35 * math.cos((day.timetuple().tm_yday - 345) / 365 * 2 * math.pi)
    growth = 1.08 ** ((day - start).days / 365)
    expected = _ORDERS_A_DAY * season * growth * (0.4 if day.weekday() == 6 else 1.0)
    for _ in range(round(random.gauss(expected, expected**0.5 / 2))):
        customer = random.choice(customers)
        status = random.choices(("completed", "returned", "cancelled"), (93, 4, 3))[0]
        lines = [_line(random, random.choice(products)) for _ in range(random.choice((1, 1, 2, 3)))]
        yield (customer[0], day, status, random.choice(CHANNELS)), lines


def _line(random: Random, product: Row) -> Row:
    quantity = random.randrange(1, 12)
    discount = random.choice((Decimal("0.00"), Decimal("0.00"), Decimal("0.05"), Decimal("0.10")))
    amount = (quantity * product[3] * (1 - discount)).quantize(_CENT)
    return product[0], quantity, product[3], discount, amount


def _catalogue(products: list[Row], customers: list[Row]) -> Iterator[Table]:
    yield Table(
        *("PUBLIC", "REGIONS", "Where we sell"),
        (
            ("REGION_ID", "INTEGER", "Key"),
            ("REGION_NAME", "VARCHAR", "Name of the sales region, such as North"),
            ("COUNTRY", "VARCHAR", "Country of the office"),
        ),
        ("REGION_ID",),
        (),
        tuple(region[:3] for region in REGIONS),
    )
    yield Table(
        *("PUBLIC", "PRODUCTS", "What we sell"),
        (
            ("PRODUCT_ID", "INTEGER", "Key"),
            ("PRODUCT_NAME", "VARCHAR", "Name"),
            ("CATEGORY", "VARCHAR", "Tea, Coffee, Chocolate or Ware"),
            ("LIST_PRICE", "NUMBER(10,2)", "Price of one piece in EUR, before discounts"),
        ),
        ("PRODUCT_ID",),
        (),
        tuple(products),
    )
    yield Table(
        *("PUBLIC", "CUSTOMERS", "Who buys"),
        (
            ("CUSTOMER_ID", "INTEGER", "Key"),
            ("CUSTOMER_NAME", "VARCHAR", "Name"),
            ("SEGMENT", "VARCHAR", "Retail, Wholesale or Online"),
            ("REGION_ID", "INTEGER", "Region that the customer belongs to"),
            ("CUSTOMER_SINCE", "DATE", "Day of the first contact"),
        ),
        ("CUSTOMER_ID",),
        (("REGION_ID", "REGIONS", "REGION_ID"),),
        tuple(customers),
    )


def _order_table(orders: list[Row]) -> Table:
    return Table(
        *("PUBLIC", "ORDERS", "One row an order; what was ordered is in ORDER_ITEMS"),
        (
            ("ORDER_ID", "INTEGER", "Key"),
            ("CUSTOMER_ID", "INTEGER", "Who ordered"),
            ("ORDER_DATE", "DATE", "Day of the order"),
            (
                "STATUS",
                "VARCHAR",
                "completed, returned or cancelled; only completed ones are sales",
            ),
            ("CHANNEL", "VARCHAR", "Web, Phone or Store"),
        ),
        ("ORDER_ID",),
        (("CUSTOMER_ID", "CUSTOMERS", "CUSTOMER_ID"),),
        tuple(orders),
    )


def _item_table(items: list[Row]) -> Table:
    return Table(
        *("PUBLIC", "ORDER_ITEMS", "One row for each product of an order"),
        (
            ("ORDER_ID", "INTEGER", "Order"),
            ("LINE_NUMBER", "INTEGER", "Place within the order, from 1"),
            ("PRODUCT_ID", "INTEGER", "What was ordered"),
            ("QUANTITY", "INTEGER", "Pieces"),
            ("UNIT_PRICE", "NUMBER(10,2)", "Price of one piece in EUR at that time"),
            ("DISCOUNT", "NUMBER(4,2)", "Part taken off, such as 0.10"),
            ("AMOUNT", "NUMBER(12,2)", "EUR to pay for the line, after discount"),
        ),
        ("ORDER_ID", "LINE_NUMBER"),
        (("ORDER_ID", "ORDERS", "ORDER_ID"), ("PRODUCT_ID", "PRODUCTS", "PRODUCT_ID")),
        tuple(items),
    )


def _finance(start: date, until: date, products: list[Row]) -> Iterator[Table]:
    random = Random(f"{_SEED} finance")  # noqa: S311
    quarters = [
        date(year, month, 1)
        for year in range(start.year, until.year + 1)
        for month in (1, 4, 7, 10)
        if date(year, month, 1) <= until
    ]
    yield Table(
        *("FINANCE", "TARGETS", "What each region is to sell in a quarter"),
        (
            ("REGION_ID", "INTEGER", "Region"),
            ("QUARTER_START", "DATE", "First day of the quarter"),
            ("TARGET_AMOUNT", "NUMBER(12,2)", "EUR"),
        ),
        ("REGION_ID", "QUARTER_START"),
        (("REGION_ID", "REGIONS", "REGION_ID"),),
        tuple(
            (region, quarter, Decimal(random.randrange(4_000, 16_000)).quantize(_CENT))
            for quarter in quarters
            for region, *_ in REGIONS
        ),
    )
    yield Table(
        *("FINANCE", "COSTS", "What a product costs us"),
        (
            ("PRODUCT_ID", "INTEGER", "Product"),
            ("UNIT_COST", "NUMBER(10,2)", "EUR for one piece"),
        ),
        ("PRODUCT_ID",),
        (("PRODUCT_ID", "PRODUCTS", "PRODUCT_ID"),),
        tuple((row[0], (row[3] * Decimal("0.58")).quantize(_CENT)) for row in products),
    )
