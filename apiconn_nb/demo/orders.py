"""Orders: the one resource of the demo API that can be written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, g, request

from .data import PRICES, STATUSES, Data, Row, order_total
from .problems import Refused
from .rows import answer
from .state import State


class Orders:
    """``GET`` and ``POST /orders``; ``GET``, ``PATCH`` and ``DELETE /orders/ID``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add_routes(self, blueprint: Blueprint, listing: Callable[[], Response]) -> None:
        """Add them; `listing` is the view of ``GET /orders``."""
        blueprint.add_url_rule("/orders", "orders", view_func=listing)
        blueprint.add_url_rule("/orders", view_func=self.create, methods=["POST"])
        blueprint.add_url_rule("/orders/<int:number>", view_func=self.one)
        blueprint.add_url_rule("/orders/<int:number>", view_func=self.change, methods=["PATCH"])
        blueprint.add_url_rule("/orders/<int:number>", view_func=self.delete, methods=["DELETE"])

    @property
    def _data(self) -> Data:
        return self._state.data[g.visitor.environment]

    def one(self, number: int) -> Response:
        """One order."""
        return answer(self._find(number))

    def create(self) -> Response:
        """A new order from ``{"customer_id": 1, "lines": [{"sku": "KEY-0104", "quantity": 2}]}``; 201."""
        document = _document()
        customer = next((row for row in self._data.customers if row["id"] == document.get("customer_id")), None)
        lines, errors = _lines(document.get("lines"))
        if customer is None:
            errors.insert(0, {"field": "customer_id", "message": "must be the id of a customer"})
        if errors or customer is None:
            raise Refused(422, "The order does not hold.", errors=errors)
        with self._state.store.lock:
            number = max((row["id"] for row in self._data.orders), default=10_000) + 1
            row = {
                "id": number,
                "number": f"SO-{number - 10_000:06d}",
                "status": "draft",
                "customer": {"id": customer["id"], "name": customer["name"]},
                "currency": "EUR",
                "total": order_total(lines),
                "placed_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "shipping_address": customer["address"],
                "lines": lines,
                "note": document.get("note"),
            }
            self._data.orders.append(row)
        self._state.counters.add("written")
        return answer(row, 201, {"Location": f"{request.path}/{number}"})

    def change(self, number: int) -> Response:
        """Set an order's ``status``."""
        row, document = self._find(number), _document()
        if set(document) != {"status"} or document["status"] not in STATUSES:
            raise Refused(422, f"Only status can be changed, to one of {', '.join(STATUSES)}.")
        row["status"] = document["status"]
        self._state.counters.add("written")
        return answer(row)

    def delete(self, number: int) -> Response:
        """Delete an order; 204."""
        with self._state.store.lock:
            self._data.orders.remove(self._find(number))
        self._state.counters.add("written")
        return Response(status=204)

    def _find(self, number: int) -> Row:
        for row in self._data.orders:
            if row["id"] == number:
                return row
        raise Refused(404, f"There is no order {number}.")


def _document() -> dict[str, Any]:
    document = request.get_json(silent=True)
    if not isinstance(document, dict):
        raise Refused(415 if not request.is_json else 400, "The body must be a JSON object, sent as application/json.")
    return document


def _lines(given: Any) -> tuple[list[Row], list[dict[str, str]]]:
    """The order lines, and what does not hold in them."""
    if not isinstance(given, list) or not given:
        return [], [{"field": "lines", "message": "must be a list with at least one line"}]
    lines: list[Row] = []
    errors: list[dict[str, str]] = []
    for position, each in enumerate(given):
        line = each if isinstance(each, dict) else {}
        sku, quantity = line.get("sku"), line.get("quantity")
        known = isinstance(sku, str) and sku in PRICES
        if not known:
            errors.append({"field": f"lines[{position}].sku", "message": f"must be one of {', '.join(PRICES)}"})
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
            errors.append({"field": f"lines[{position}].quantity", "message": "must be a whole number from 1"})
        if known and not errors:
            product, price = PRICES[str(sku)]
            row = {"line": position + 1, "sku": sku, "product": product, "quantity": quantity, "unit_price": price}
            lines.append(row)
    return lines, errors
