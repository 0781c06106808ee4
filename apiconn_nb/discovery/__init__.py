"""``--discover URL``: what an API says about how it wants to be called, as a setup to be confirmed.

Where to look::

    proposal       asks, weighs what was found, and makes the collection
    challenges     the 401's WWW-Authenticate (RFC 9110 §11.6.1)
    servers        RFC 9728 protected-resource metadata, and the authorization server's own (RFC 8414, OpenID Connect)
    schemes        OpenAPI 3 securitySchemes and Swagger 2 securityDefinitions
    candidates     one way to call the API, and how much speaks for it
"""

from apiconn_nb.discovery.proposal import Proposal, propose

__all__ = ["Proposal", "propose"]
