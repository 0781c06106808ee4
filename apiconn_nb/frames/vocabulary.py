"""The words of API answers: what providers call their rows, and what they put beside them.

Gathered from the documents named in ``tests/shapes/shapes.json``. All are compared in `word` form: lower case, letters
and digits only, so that ``nextPageToken``, ``next_page_token`` and ``@odata.nextLink`` need no separate entries.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Lists so named are the rows wherever there is a choice.
ROWS = _words(
    "items item results result data value values records record rows row entries entry entities elements element "
    "objects list lists content hits docs documents nodes edges members features collection resources response "
    "embedded observations bindings payload children array series"
)
# Never the rows while there is anything better.
NEVER = _words(
    "errors error fielderrors validationerrors warnings warning link links meta metadata included includes notices "
    "deprecations responsemetadata pagination paging pageinfo pages debug messagesinfo extensions context"
)
# Lists that describe an answer or one thing in it; rows only where nothing stands against them.
ASIDES = _words(
    "facets facet facetcounts aggregations aggs groupby filters filter suggestions suggest spelling sort order orderby "
    "normalized redirects converted params parameters columns fields schema headers header defaultreminders "
    "tags labels roles categories genres keywords images photos media attachments authors contributors languages "
    "currencies addresses phones emails urls aliases permissions scopes options attributes properties topics types "
    "geocodedwaypoints units notes comments"
)
# Scalars that describe an answer, not a thing.
ENVELOPE = _words(
    "count total totalcount totalresults totalitems totalsize totalrecords totalrows totalpages pagecount numfound "
    "numresults resultcount recordcount resultsetsize resultsizeestimate approximatetotal page pagenumber pagesize "
    "perpage size limit offset skip start startat startindex itemsperpage maxresults maxitems end first last from to "
    "firstid lastid next nextpage nextpagetoken nextpageuri nextlink nexturl nextcursor nextpageurl nextrecordsurl "
    "nextsynctoken nexttoken previous prev previouspage previouspageuri previouspagetoken prevpage firstpageuri "
    "lastpageuri firstpageurl lastpageurl prevpageurl previouscursor cursor after before continue continuation "
    "continuationtoken hasmore hasnext hasnextpage hasprevious haspreviouspage more done ismore istruncated "
    "incompleteresults incompletesearch object kind type etag url uri self href status success ok code cod message "
    "cnt msg state result response error errors errormessage errorcode statuscode statusmessage requestid reqid "
    "traceid version apiversion copyright took tookms time elapsed duration querytime generatedin timedout "
    "timestamp cachets cached expires jsonrpc messagetype messageversion odatacontext odatacount odatanextlink "
    "odatadeltalink context expand scrollid maxscore format encoding help warning warnings query q search term "
    "attribution license batchcomplete path resultformat resulttype currentpage lastpage today nextaction "
    "dictsequenceid sincecontinuation currentversion exceededtransferlimit totalhits seq updateseq "
    "servedat processingtime processingtimems"
)
# Words that only an answer in pages has.
PAGING = _words(
    "next nextpage nextpagetoken nextpageuri nextlink nexturl nextcursor nextpageurl nextrecordsurl nexttoken "
    "nextsynctoken previouspageuri firstpageuri hasmore hasnext hasnextpage odatanextlink startat startindex cursor "
    "continuationtoken pagesize perpage itemsperpage totalcount totalresults totalitems totalpages totalsize "
    "incompleteresults totalrecords resultsizeestimate paging pagination pageinfo responsemetadata totalrows "
    "resultcount numfound exceededtransferlimit istruncated"
)
# Keys by which a thing is told from another of its kind.
IDENTITY = _words("id uid uuid guid key sku sha slug doi isbn ean login username nodeid objectid sid")
NAMES = _words("name title email fullname displayname firstname lastname label subject")
# Envelopes inside envelopes: descending through one of these costs nothing.
WRAPPERS = _words(
    "data result results response message body payload hits query embedded search content output return "
    "value content list records feed channel"
)

_NOT_WORD = re.compile(r"[^a-z0-9]+")


def word(key: str) -> str:
    """The key as these sets have it."""
    return _NOT_WORD.sub("", key.lower())


_ID_KEY = re.compile(r"[0-9]+|.*[0-9].*|-[A-Za-z0-9_-]{8,}|[A-Z]{2,5}", re.DOTALL)


def looks_like_id(key: str) -> bool:
    """Whether an object's key is data (a number, a date, a code) rather than a field's name."""
    return _ID_KEY.fullmatch(key) is not None
