"""The demo API: customers, orders and events behind each of the ten doors, in two environments."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import Any

import msgspec
from flask import Blueprint, Flask, Response, g, request

from . import faults
from .data import Data, Row
from .doors import CREDENTIAL_PARAMETERS, DOORS, KEY_IN_HEADER, Visitor, open_door, require
from .orders import Orders
from .pictures import portrait
from .problems import Refused
from .rows import answer, by_cursor, by_offset, by_page, number
from .state import State

FILTERS = {
    "customers": ("country", "segment", "active"),
    "orders": ("status", "customer_id"),
    "events": ("type", "order_id"),
}
_HIDDEN_HEADERS = frozenset({"authorization", KEY_IN_HEADER.lower(), "cookie", "proxy-authorization"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Api:
    """The routes under ``/DOOR/`` and ``/development/DOOR/``."""

    def __init__(self, app: Flask, state: State) -> None:
        self._state = state
        self._orders = Orders(state)
        app.register_error_handler(Refused, Refused.response)
        doors = ", ".join(f'"{door}"' for door in DOORS)
        blueprint = self._blueprint()
        for name, prefix in (("live", ""), ("development", "/development")):
            app.register_blueprint(
                blueprint,
                name=name,
                url_prefix=f"{prefix}/<any({doors}):door>",
                url_defaults={"development": bool(prefix)},
            )

    def _blueprint(self) -> Blueprint:
        blueprint = Blueprint("api", __name__)
        blueprint.url_value_preprocessor(self._take_door)
        blueprint.before_request(self._enter)
        for path, view in (
            ("/customers", self.customers),
            ("/customers/<int:number>", self.customer),
            ("/customers/<int:number>/orders", self.orders_of),
            ("/customers/<int:number>/portrait.png", self.portrait),
            ("/customers.csv", self.customers_csv),
            ("/events", self.events),
            ("/events.ndjson", self.events_ndjson),
            ("/events/stream", self.events_stream),
            ("/me", self.me),
        ):
            blueprint.add_url_rule(path, view_func=view)
        blueprint.add_url_rule("", "door", view_func=self.me)  # the base URL itself, which `--test` calls
        blueprint.add_url_rule("/echo", view_func=self.echo, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        self._orders.add_routes(blueprint, self._list_orders)
        resources = {"customers": self.customers, "orders": self._list_orders, "events": self.events}
        faults.Faults(self._state, resources).add_routes(blueprint)
        return blueprint

    def _take_door(self, endpoint: str | None, values: dict[str, Any] | None) -> None:
        assert values is not None
        g.door, g.development = values.pop("door"), values.pop("development")

    def _enter(self) -> None:
        counters = self._state.counters
        counters.add("requests", f"requests:{g.door}")
        try:
            visitor = open_door(self._state, g.door, development=g.development)
            require(visitor, "read" if request.method in _READING else "write")
        except Refused:
            counters.add(f"refused:{g.door}")
            raise
        g.visitor = visitor

    @property
    def _data(self) -> Data:
        visitor: Visitor = g.visitor
        return self._state.data[visitor.environment]

    def customers(self) -> Response:
        """By page; filters of `FILTERS`, and ``q`` in name or e-mail address."""
        rows = _filtered("customers", self._data.customers)
        wanted = request.args.get("q", "").lower()
        if wanted:
            rows = [row for row in rows if wanted in row["name"].lower() or wanted in row["email"]]
        return by_page("customers", rows)

    def customer(self, number: int) -> Response:
        """One customer."""
        return answer(self._customer(number))

    def orders_of(self, number: int) -> Response:
        """The orders of one customer."""
        customer = self._customer(number)
        return by_offset("orders", [row for row in self._data.orders if row["customer"]["id"] == customer["id"]])

    def portrait(self, number: int) -> Response:
        """A picture of one customer, drawn from the number."""
        return Response(portrait(self._customer(number)["id"]), content_type="image/png")

    def customers_csv(self) -> Response:
        """All customers as CSV."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(("id", "name", "email", "country", "city", "postcode", "active", "credit_limit", "created_at"))
        for row in _filtered("customers", self._data.customers):
            address, limit = row["address"], row["credit_limit"]
            own = (row["id"], row["name"], row["email"], row["country"], address["city"], address["postcode"])
            writer.writerow((*own, str(row["active"]).lower(), "" if limit is None else limit, row["created_at"]))
        return Response(text.getvalue(), content_type="text/csv; charset=utf-8; header=present")

    def events(self) -> Response:
        """By cursor."""
        return by_cursor("events", _filtered("events", self._data.events))

    def events_ndjson(self) -> Response:
        """Up to ``limit`` events, one JSON document a line, streamed."""
        rows = _filtered("events", self._data.events)[: number("limit", 500, 1)]
        lines = (msgspec.json.encode(row) + b"\n" for row in rows)
        return Response(lines, content_type="application/x-ndjson")

    def events_stream(self) -> Response:
        """``count`` events as server-sent events, one each ``interval_ms`` milliseconds."""
        rows = self._data.events[: number("count", 20, 1, 1000)]
        pause = number("interval_ms", 50, 0, 10_000) / 1000

        def stream() -> Iterator[bytes]:
            for row in rows:
                head = f"id: {row['id']}\nevent: {row['type']}\ndata: ".encode()
                yield head + msgspec.json.encode(row) + b"\n\n"
                time.sleep(pause)

        return Response(stream(), content_type="text/event-stream", headers={"Cache-Control": "no-store"})

    def me(self) -> Response:
        """Who came in, by which door, into which environment."""
        visitor: Visitor = g.visitor
        scope = None if visitor.scope is None else sorted(visitor.scope)
        return answer({"name": visitor.name, "environment": visitor.environment, "method": g.door, "scope": scope})

    def echo(self) -> Response:
        """The request as it arrived, its credential replaced by dots."""
        pairs = [[key, "…" if key in CREDENTIAL_PARAMETERS else value] for key, value in request.args.items(multi=True)]
        headers = {key: "…" if key.lower() in _HIDDEN_HEADERS else value for key, value in request.headers}
        document: dict[str, Any] = {"method": request.method, "path": request.path, "query": pairs, "headers": headers}
        if request.form:
            hidden = CREDENTIAL_PARAMETERS
            document["form"] = [[key, "…" if key in hidden else value] for key, value in request.form.items(multi=True)]
        elif request.is_json:
            document["json"] = request.get_json(silent=True)
        else:
            document["body"] = request.get_data(as_text=True)
        return answer(document)

    def _list_orders(self) -> Response:
        return by_offset("orders", _filtered("orders", self._data.orders))

    def _customer(self, number: int) -> Row:
        for row in self._data.customers:
            if row["id"] == number:
                return row
        raise Refused(404, f"There is no customer {number}.")


def _filtered(resource: str, rows: list[Row]) -> list[Row]:
    for name in FILTERS[resource]:
        wanted = request.args.get(name)
        if wanted is not None:
            rows = [row for row in rows if _value(row, name) == wanted.lower()]
    return rows


def _value(row: Row, name: str) -> str:
    value = row["customer"]["id"] if name == "customer_id" else row[name]
    return str(value).lower()
