"""The words of API answers: what providers call their rows, and what they put beside them.

Gathered from the documents named in ``tests/shapes/shapes.json``. All are compared in `word` form, lower case, letters
and digits only, so that ``nextPageToken``, ``next_page_token`` and ``@odata.nextLink`` need no entries of their own.
"""

from __future__ import annotations

import re
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Lists so named are the rows wherever there is a choice.
ROWS = _words(
    """
    items item results result data value records record rows row entries entry entities list lists hits docs
    documents edges observations bindings hydramember embedded objects
    """
)
# So are these, where there is none of the above.
LIKELY = _words(
    """
    values features children nodes node members member elements element series collection content payload
    resources resource response
    """
)
# Never the rows while there is anything better.
NEVER = _words(
    """
    errors error fielderrors validationerrors warnings warning warningmessages errormessages link links meta
    metadata included includes notices deprecations responsemetadata pagination paging pageinfo debug extensions
    context
    """
)
# Lists that describe an answer or one thing in it; rows only where nothing stands against them.
ASIDES = _words(
    """
    facets facet facetcounts aggregations aggs groupby filters filter suggestions suggest spelling sort order
    orderby normalized redirects converted params parameters columns fields schema schemas headers header
    defaultreminders dimensionheaders metricheaders tags labels roles categories genres keywords images photos
    media attachments authors contributors languages currencies addresses phones emails urls aliases permissions
    scopes options attributes properties topics types geocodedwaypoints units notes comments relationships
    seealso bbox index
    """
)
# Scalars that describe an answer, not a thing.
ENVELOPE = _words(
    """
    count total totalcount totalresults totalitems totalsize totalrecords totalrows totalpages pagecount
    numfound numfoundexact numresults resultcount recordcount resultsetsize resultsizeestimate approximatetotal
    page pagenumber pagesize perpage size limit offset skip start startat startindex itemsperpage maxresults
    maxitems end first last from to firstid lastid next nextpage nextpagetoken nextpageuri nextlink nexturl
    nextcursor nextpageurl nextrecordsurl nextsynctoken nexttoken previous prev previouspage previouspageuri
    previouspagetoken prevpage firstpageuri lastpageuri firstpageurl lastpageurl prevpageurl previouscursor
    cursor after before continue continuation continuationtoken hasmore hasnext hasnextpage hasprevious
    haspreviouspage more done ismore istruncated islast incompleteresults incompletesearch object kind type etag
    url uri self href status success ok code cod message cnt msg state result response error errors errormessage
    errorcode statuscode statusmessage requestid reqid traceid version apiversion copyright took tookms time
    elapsed duration querytime generatedin timedout timestamp cachets cached expires jsonrpc messagetype
    messageversion odatacontext odatacount odatanextlink odatadeltalink context expand scrollid maxscore format
    encoding help warning warnings query q search term attribution license batchcomplete path resultformat
    resulttype currentpage lastpage totalhits seq updateseq exceededtransferlimit processingtime
    processingtimems processtime queryid queryms serverid buildversion datacallname datacallstatus declaredtype
    scope nil globalscope typesubstituted truncated partial resource ispartial
    """
)
# Words that an answer in pages has; a thing of its own may have one as well.
PAGING = _words(
    """
    next cursor startat startindex pagesize perpage itemsperpage totalcount totalresults totalitems totalpages
    totalsize totalrecords totalrows resultcount numfound resultsizeestimate incompleteresults offset
    """
)
# Words that only an answer in pages has.
PAGES = _words(
    """
    nextpage nextpagetoken nextpageuri nextpageurl nextlink nexturl nextcursor nextrecordsurl nexttoken
    nextsynctoken previouspageuri firstpageuri hasmore hasnext hasnextpage odatanextlink continuationtoken
    paging pagination pageinfo responsemetadata exceededtransferlimit istruncated lastevaluatedkey
    """
)
# Keys by which a thing is told from another of its kind.
IDENTITY = _words(
    """
    id uid uuid guid gid key sku sha slug doi isbn ean login username nodeid objectid sid
    """
)
NAMES = _words("name title email fullname displayname firstname lastname label subject")
# Envelopes inside envelopes: descending through one of these costs nothing.
WRAPPERS = _words(
    """
    data result results response message body payload hits query embedded search content output return value
    list records feed channel d
    """
)

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_ID_KEY = re.compile(r".*[0-9].*|-[A-Za-z0-9_-]{8,}|[A-Z]{2,5}", re.DOTALL)
# "list", "SearchListResponse" is none; "PodList", "drive#fileList", "Bundle", "FeatureCollection", "hydra:Collection".
_LIST_TYPE = re.compile(r"list|bundle|.*[a-z]List|(.*[^a-z])?[Cc]ollection|.*[a-z]Collection")


@lru_cache(4096)
def word(key: str) -> str:
    """The key as these sets have it."""
    return _NOT_WORD.sub("", key.lower())


def looks_like_id(key: str) -> bool:
    """Whether an object's key is data (a number, a date, a code) rather than a field's name."""
    return _ID_KEY.fullmatch(key) is not None


def is_list_type(said: str) -> bool:
    """Whether what an object says it is (``"object": "list"``, ``"kind": "PodList"``) is a list of things."""
    return _LIST_TYPE.fullmatch(said) is not None or said.lower() == "bundle"
