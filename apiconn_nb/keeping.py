"""Answers that are kept for one call and its pages: ``--cache`` and ``--since last``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pandas as pd

from apiconn_nb import recording
from apiconn_nb.account import account_of
from apiconn_nb.cache import Cache, Cached
from apiconn_nb.errors import UsageError
from apiconn_nb.gathering import Gathering
from apiconn_nb.options import Options
from apiconn_nb.sending import Sent

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection

Deliver = Callable[[httpx.Request], Sent]
Caches = dict[str, Cache]
"""By account."""


class Kept:
    """The cache of one call: its answers are asked for there first.

    The pages of one answer belong together, so those after the first come from the cache only where the first did, and
    while they are no older than they were then. Safe to use from several threads; `caches` may be shared by many calls.
    """

    def __init__(self, collection: Collection, options: Options, caches: Caches | None = None) -> None:
        self._collection = collection
        self._ttl = options.ttl
        self._fresh = options.fresh or bool(options.since)
        self._began = time.time()
        self._is_first_cached: bool | None = None
        self._caches = {} if caches is None else caches

    def check(self, method: str, options: Options) -> None:
        """Raise UsageError where an action is to be cached or compared."""
        wanted = "--cache" if self._ttl else "--since" if options.since else ""
        if wanted and self._collection.policy(method, is_action=options.is_action).is_action:
            raise UsageError(
                f"{wanted} is for data calls, and {method} acts: it is sent each time. Where it only reads: "
                "--use-as data."
            )

    def through(self, request: httpx.Request, deliver: Deliver, *, is_first: bool = True) -> Sent:
        """The answer to `request`: a kept one, else what `deliver` brings, which is kept."""
        cache = self._cache(request) if self._ttl and not recording.is_replaying() else None
        if cache is None:
            return deliver(request)
        began, sent = time.monotonic(), None

        def send(asked: httpx.Request) -> httpx.Response:
            nonlocal sent
            sent = deliver(asked)
            return sent.response

        cached = cache.through(request, self._age_allowed(is_first), send, fresh=self._is_asked_anew())
        if is_first:
            self._is_first_cached = cached.stored_at is not None and not cached.confirmed
        if sent is None:
            sent = Sent(cached.response, 0, time.monotonic() - began)
        else:
            self._keep_for_new_account(cache, request, cached)
        return replace(
            sent,
            response=cached.response,
            stored_at=cached.stored_at,
            confirmed=cached.confirmed,
            note=cached.note and f"cache: {cached.note}",
        )

    def _is_asked_anew(self) -> bool:
        return self._fresh or recording.is_recording()

    def _age_allowed(self, is_first: bool) -> float:
        if is_first or self._is_first_cached is None:
            return self._ttl
        return self._ttl + time.time() - self._began if self._is_first_cached else 0.0

    def _keep_for_new_account(self, cache: Cache, request: httpx.Request, cached: Cached) -> None:
        """Where nobody's name is known, a renewed token is another account: it is to find the answer too."""
        again = self._cache(request)
        if again is not None and again is not cache and cached.response.is_success:
            again.put(request, cached.response)

    def _cache(self, request: httpx.Request) -> Cache | None:
        self._collection.slot.await_login()
        account = account_of(self._collection, request)
        if account is None:
            return None
        if account not in self._caches:
            self._caches[account] = Cache(self._collection.name, self._collection.environment, account)
        return self._caches[account]

    # ── the previous answer ────────────────────────────────────────────────────────────────────────────────────────

    def previous(self, request: httpx.Request, options: Options) -> tuple[pd.DataFrame, float] | None:
        """The table of the answer that was kept last, and when that was; None for the first time."""
        cache = self._cache(request)
        entries = cache.last(request, _view(options)) if cache is not None else ()
        if not entries:
            return None
        gathered = Gathering(replace(options, strict=False, columns=None))
        gathered.extend((each.content, dict(each.headers).get("content-type", "")) for each in entries)
        return gathered.table().frame, entries[0].stored_at

    def keep_last(self, request: httpx.Request, responses: Sequence[httpx.Response], options: Options) -> str:
        """Keep the whole answer as the previous one of the next time; "" or why not."""
        cache = self._cache(request)
        if cache is None:
            return "not kept: nobody is signed in"
        return cache.keep_last(request, responses, _view(options))


def _view(options: Options) -> str:
    """What else than the request makes it another answer: how many pages, where the rows are."""
    return json.dumps([options.pages, options.paginate, options.records, options.explode])
