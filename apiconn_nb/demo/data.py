"""What the demo API holds: a wholesaler's customers, orders and events, the same at every start.

The rows carry what real ones carry and what careless readers of JSON and CSV get wrong: postcodes with a leading zero,
the country code ``NA`` (Namibia), identifiers beyond 2**53, ``null``, empty lists, nested addresses and order lines.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_FIRST = "Ada Alan Amina Barbara Carlos Chiara Dorothy Edsger Emeka Frances Grace Hedy Ines Jun Katherine Leila Linus"
_FIRST_NAMES = (_FIRST + " Margaret Mei Niklaus Noor Olu Priya Radia Sofia Tim Vint Yukihiro Zoë").split()
_LAST = "Abara Allen Almeida Becker Borg Cerf Costa Dijkstra Dubois Ferrari Goldberg Hopper Ito Johnson Kowalski Lamarr"
_LAST_NAMES = (
    _LAST + " Lovelace Mbeki Müller Nakamura Novak O'Brien Okafor Perlman Rossi Sato Silva Turing Wirth"
).split()
_PLACES = (
    ("DE", "Dresden", "01069", 51.0409, 13.7372),
    ("DE", "Hamburg", "20095", 53.5503, 10.0006),
    ("FR", "Bourg-en-Bresse", "01000", 46.2052, 5.2255),
    ("IT", "Roma", "00184", 41.8902, 12.4922),
    ("JP", "Kyoto", "600-8216", 34.9858, 135.7588),
    ("NA", "Windhoek", "10005", -22.5609, 17.0658),
    ("NG", "Lagos", "100001", 6.4541, 3.3947),
    ("NL", "Eindhoven", "5611", 51.4416, 5.4697),
    ("PT", "Porto", "4050-313", 41.1579, -8.6291),
    ("US", "Boston", "02108", 42.3588, -71.0638),
)
PRICES = {
    "ENG-0001": ("Difference engine, desk size", 4250.00),
    "PUN-0080": ("Punched cards, box of 2,000", 38.50),
    "TAP-0035": ("Paper tape, 8 channels", 12.90),
    "KEY-0104": ("Keyboard, mechanical", 129.00),
    "CRT-0012": ("Amber display, 12 inch", 215.75),
    "MOU-0003": ("Mouse, wooden", 49.99),
    "DRM-0650": ("Drum memory, refurbished", 1980.00),
    "TUB-6SN7": ("Double triode, matched pair", 27.40),
}
_STREETS = ("Analytical Way", "Babbage Street", "Hopper Lane", "Kernel Road", "Lambda Square", "Turing Avenue")
STATUSES = ("draft", "paid", "shipped", "delivered", "cancelled")
_STATUS_WEIGHTS = (1, 2, 3, 1, 1)
_EVENTS = ("customer.updated", "order.created", "order.paid", "order.shipped", "session.started")


@dataclass
class Data:
    """One environment's rows. `customers`, `orders` and `events` are lists of JSON-able dicts, each with an ``id``."""

    customers: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)


def live() -> Data:
    """Live rows: 600 customers, 1,500 orders, 3,000 events."""
    return _make(seed=1815, customers=600, orders=1500, events=3000, mark="")


def development() -> Data:
    """The development twin: 60 customers, 150 orders, 300 events, every name marked as a test."""
    return _make(seed=1852, customers=60, orders=150, events=300, mark="Test ")


def _make(seed: int, customers: int, orders: int, events: int, mark: str) -> Data:
    # Sample data, not secrets: the seed makes every start the same.
    dice = random.Random(seed)  # noqa: S311
    data = Data()
    data.customers = [_customer(dice, number, mark) for number in range(1, customers + 1)]
    data.orders = [_order(dice, number, dice.choice(data.customers)) for number in range(1, orders + 1)]
    data.events = [_event(dice, number, dice.choice(data.orders)) for number in range(1, events + 1)]
    return data


def _moment(dice: random.Random, days: int = 700) -> datetime:
    return _EPOCH + timedelta(seconds=dice.randrange(days * 86_400))


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _address(dice: random.Random) -> Row:
    country, city, postcode, latitude, longitude = dice.choice(_PLACES)
    return {
        "street": f"{dice.choice(_STREETS)} {dice.randrange(1, 200)}",
        "postcode": postcode,
        "city": city,
        "country": country,
        "geo": {
            "lat": round(latitude + dice.uniform(-0.05, 0.05), 5),
            "lon": round(longitude + dice.uniform(-0.05, 0.05), 5),
        },
    }


def _customer(dice: random.Random, number: int, mark: str) -> Row:
    first, last = dice.choice(_FIRST_NAMES), dice.choice(_LAST_NAMES)
    address = _address(dice)
    return {
        "id": number,
        "name": f"{mark}{first} {last}",
        "email": f"{first}.{last}.{number}@example.org".lower().replace("'", ""),
        "country": address["country"],
        "segment": dice.choice(("retail", "retail", "wholesale", "public")),
        "active": dice.random() < 0.9,
        "credit_limit": round(dice.uniform(500, 25_000), 2) if dice.random() < 0.7 else None,
        "created_at": _text(_moment(dice)),
        "address": address,
        "tags": sorted(dice.sample(("early-bird", "newsletter", "priority", "vat-exempt"), dice.randrange(0, 3))),
    }


def _order(dice: random.Random, number: int, customer: Row) -> Row:
    lines = [_line(dice, position) for position in range(1, dice.randrange(1, 5) + 1)]
    return {
        "id": 10_000 + number,
        "number": f"SO-{number:06d}",
        "status": dice.choices(STATUSES, _STATUS_WEIGHTS)[0],
        "customer": {"id": customer["id"], "name": customer["name"]},
        "currency": "EUR",
        "total": order_total(lines),
        "placed_at": _text(_moment(dice)),
        "shipping_address": customer["address"] if dice.random() < 0.8 else _address(dice),
        "lines": lines,
    }


def _line(dice: random.Random, position: int) -> Row:
    sku = dice.choice(tuple(PRICES))
    product, price = PRICES[sku]
    line: Row = {
        "line": position,
        "sku": sku,
        "product": product,
        "quantity": dice.randrange(1, 13),
        "unit_price": price,
    }
    if dice.random() < 0.2:
        line["discount"] = {"reason": "volume", "percent": dice.choice((5, 10, 15))}
    return line


def order_total(lines: list[Row]) -> float:
    """The sum of quantity × unit price, less each line's discount, in the order's currency, to the cent."""
    return round(sum(map(_line_total, lines)), 2)


def _line_total(line: Row) -> float:
    percent: float = 100 - line.get("discount", {}).get("percent", 0)
    price: float = line["unit_price"]
    return price * int(line["quantity"]) * percent / 100


def _event(dice: random.Random, number: int, order: Row) -> Row:
    kind = dice.choice(_EVENTS)
    about_order = kind.startswith("order.")
    return {
        # Beyond 2**53: a reader that goes through a double loses the last digit.
        "id": 9_007_199_254_740_993 + 2 * number,
        "type": kind,
        "occurred_at": _text(_moment(dice)),
        "actor": {"id": order["customer"]["id"], "name": order["customer"]["name"]},
        "order_id": order["id"] if about_order else None,
        "duration_ms": dice.randrange(3, 900),
        "payload": {"total": order["total"], "status": order["status"]} if about_order else {},
    }
