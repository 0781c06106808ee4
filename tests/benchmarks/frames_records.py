"""Records like those of three public APIs, made up: GitHub issues, Stripe charges, OpenAlex works.

Their field names and nesting follow the providers' documents (docs.github.com/rest/issues,
docs.stripe.com/api/charges, docs.openalex.org/api-entities/works); all values are invented. A pool of different records
is written over and over with numbers of its own, so that an answer of any size is made in seconds and no two records
are the same.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

POOL = 500
_WORDS = (
    "alpha",
    "frame",
    "index",
    "merge",
    "group",
    "cast",
    "null",
    "error",
    "fails",
    "when",
    "with",
    "the",
    "a",
    "of",
)

Record = dict[str, Any]


def answer(kind: str, count: int, seed: int = 7) -> bytes:
    """The bytes of an answer with `count` records: a list (github), or under the provider's own envelope."""
    dice = random.Random(f"{kind} {seed}")
    pool = [json.dumps(KINDS[kind](dice)).split('"@N@"') for _ in range(POOL)]
    records = ",".join(str(number).join(pool[number % POOL]) for number in range(1, count + 1))
    head, tail = _ENVELOPES[kind]
    return f"{head}{records}{tail}".encode()


def rows_in(kind: str, document: Any) -> list[Record]:
    """The records of a decoded answer."""
    rows: list[Record] = document if kind == "github" else document["data" if kind == "stripe" else "results"]
    return rows


def _text(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(_WORDS, k=words))


def _time(dice: random.Random) -> str:
    month, day, hour = dice.randint(1, 12), dice.randint(1, 28), dice.randint(0, 23)
    return f"2024-{month:02}-{day:02}T{hour:02}:{dice.randint(0, 59):02}:{dice.randint(0, 59):02}Z"


def _user(dice: random.Random) -> Record:
    number = dice.randint(1, 9_999_999)
    login = f"user{number}"
    base = f"https://api.github.com/users/{login}"
    links = {f"{name}_url": f"{base}/{name}" for name in ("followers", "gists", "starred", "repos", "events")}
    return {
        "login": login,
        "id": number,
        "node_id": f"MDQ6VXNlcj{number}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "url": base,
        "html_url": f"https://github.com/{login}",
        **links,
        "type": "User",
        "site_admin": False,
    }


def _issue(dice: random.Random) -> Record:
    base = "https://api.github.com/repos/o/r/issues/"
    closed = dice.random() < 0.5
    return {
        "url": base + "1",
        "labels_url": base + "1/labels{/name}",
        "comments_url": base + "1/comments",
        "id": "@N@",
        "node_id": f"I_kw{dice.random()}",
        "number": "@N@",
        "title": _text(dice, 8),
        "user": _user(dice),
        "labels": [
            {
                "id": dice.randint(1, 999),
                "name": dice.choice(_WORDS),
                "color": "d73a4a",
                "default": False,
                "description": None,
            }
            for _ in range(dice.choice([0, 1, 1, 2]))
        ],
        "state": "closed" if closed else "open",
        "locked": False,
        "assignee": _user(dice) if dice.random() < 0.2 else None,
        "assignees": [],
        "milestone": {"number": 3, "title": "2.0", "due_on": None, "open_issues": 4} if dice.random() < 0.3 else None,
        "comments": dice.randint(0, 40),
        "created_at": _time(dice),
        "updated_at": _time(dice),
        "closed_at": _time(dice) if closed else None,
        "author_association": dice.choice(["NONE", "MEMBER", "CONTRIBUTOR"]),
        "active_lock_reason": None,
        "body": _text(dice, dice.randint(5, 60)),
        "reactions": {"url": base + "1/reactions", "total_count": dice.randint(0, 5), "+1": 1, "-1": 0, "heart": 0},
        "timeline_url": base + "1/timeline",
        "state_reason": "completed" if closed else None,
    }


def _charge(dice: random.Random) -> Record:
    paid = dice.random() < 0.9
    card = {
        "brand": dice.choice(["visa", "mastercard", "amex"]),
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": dice.choice(["US", "DE", "FR"]),
        "exp_month": dice.randint(1, 12),
        "exp_year": dice.randint(2025, 2030),
        "fingerprint": f"{dice.getrandbits(64):x}",
        "funding": "credit",
        "installments": None,
        "last4": f"{dice.randint(0, 9999):04}",
        "network": "visa",
        "three_d_secure": None,
        "wallet": None,
    }
    address = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}
    return {
        "id": f"ch_{dice.getrandbits(80):x}",
        "object": "charge",
        "number": "@N@",
        "amount": dice.randint(50, 99_999),
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "balance_transaction": f"txn_{dice.getrandbits(80):x}" if paid else None,
        "billing_details": {
            "address": address,
            "email": f"{dice.choice(_WORDS)}@example.org",
            "name": None,
            "phone": None,
        },
        "captured": paid,
        "created": 1_700_000_000 + dice.randint(0, 10**7),
        "currency": dice.choice(["usd", "eur"]),
        "customer": f"cus_{dice.getrandbits(60):x}",
        "description": _text(dice, 6),
        "disputed": False,
        "failure_code": None if paid else "card_declined",
        "failure_message": None if paid else "Your card was declined.",
        "fraud_details": {},
        "livemode": False,
        "metadata": {"order_id": str(dice.randint(1, 9999))} if dice.random() < 0.5 else {},
        "outcome": {
            "network_status": "approved_by_network" if paid else "declined_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": dice.randint(0, 80),
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": paid,
        "payment_intent": f"pi_{dice.getrandbits(80):x}",
        "payment_method": f"pm_{dice.getrandbits(80):x}",
        "payment_method_details": {"card": card, "type": "card"},
        "receipt_email": None,
        "receipt_url": f"https://pay.stripe.com/receipts/{dice.getrandbits(90):x}",
        "refunded": False,
        "shipping": None,
        "statement_descriptor": None,
        "status": "succeeded" if paid else "failed",
    }


def _work(dice: random.Random) -> Record:
    number = dice.randint(10**6, 10**10)
    venue = {
        "id": f"https://openalex.org/S{dice.randint(1, 9999)}",
        "display_name": _text(dice, 3).title(),
        "issn_l": "1234-5678",
        "issn": ["1234-5678"],
        "is_oa": True,
        "type": "journal",
    }
    return {
        "id": f"https://openalex.org/W{number}",
        "number": "@N@",
        "doi": f"https://doi.org/10.1/{number}" if dice.random() < 0.9 else None,
        "title": _text(dice, 12),
        "display_name": _text(dice, 12),
        "publication_year": dice.randint(1950, 2024),
        "publication_date": f"{dice.randint(1950, 2024)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
        "ids": {"openalex": f"https://openalex.org/W{number}", "mag": str(number)},
        "language": "en",
        "primary_location": {
            "is_oa": True,
            "landing_page_url": "https://doi.org/10.1/x",
            "pdf_url": None,
            "source": venue,
        },
        "type": "article",
        "open_access": {"is_oa": True, "oa_status": "gold", "oa_url": "https://x.org/a.pdf", "any_repository": False},
        "authorships": [
            {
                "author_position": "first",
                "author": {
                    "id": f"https://openalex.org/A{dice.randint(1, 10**9)}",
                    "display_name": "A. B",
                    "orcid": None,
                },
                "institutions": [{"id": "https://openalex.org/I1", "display_name": "Univ", "country_code": "US"}],
                "is_corresponding": False,
            }
            for _ in range(dice.randint(1, 3))
        ],
        "cited_by_count": dice.randint(0, 500),
        "fwci": round(dice.random() * 5, 3) if dice.random() < 0.8 else None,
        "citation_normalized_percentile": {"value": round(dice.random(), 6), "is_in_top_1_percent": False},
        "biblio": {"volume": str(dice.randint(1, 99)), "issue": None, "first_page": "1", "last_page": "9"},
        "is_retracted": False,
        "concepts": [{"id": f"C{dice.randint(1, 99)}", "level": 0, "score": round(dice.random(), 4)} for _ in range(3)],
        "referenced_works": [f"https://openalex.org/W{dice.randint(1, 10**9)}" for _ in range(dice.randint(0, 12))],
        "counts_by_year": [{"year": year, "cited_by_count": dice.randint(0, 9)} for year in (2024, 2023, 2022)],
        "updated_date": _time(dice),
        "created_date": "2016-06-24",
    }


KINDS: dict[str, Callable[[random.Random], Record]] = {"github": _issue, "stripe": _charge, "openalex": _work}
_ENVELOPES = {
    "github": ("[", "]"),
    "stripe": ('{"object":"list","url":"/v1/charges","has_more":true,"data":[', "]}"),
    "openalex": ('{"meta":{"count":250000000,"per_page":200},"results":[', '],"group_by":[]}'),
}
