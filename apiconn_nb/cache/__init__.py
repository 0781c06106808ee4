"""Answers of `data` calls that survive a kernel restart, each for one account only.

::

    cache = Cache("github", "live", account=fingerprint(key))
    cached = cache.through(request, parse_ttl("1h"), send, fresh=False)
    cached.response, cached.stored_at      # None: just fetched; else as_of(cached.stored_at) for the status line
    cached.note                            # why it could not be kept, "" when it was

For ``--since last``: `Cache.last` before the call, `Cache.keep_last` after it, `apiconn_nb.changes.compare` between.
"""

from apiconn_nb.cache.account import fingerprint
from apiconn_nb.cache.answers import Cache, Cached
from apiconn_nb.cache.entry import Entry, as_of
from apiconn_nb.cache.folder import cache_folder
from apiconn_nb.cache.ttl import parse_ttl

__all__ = ["Cache", "Cached", "Entry", "as_of", "cache_folder", "fingerprint", "parse_ttl"]
