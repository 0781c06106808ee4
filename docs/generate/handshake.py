"""What a collection shows in the TLS handshake: one is made in memory, with a server that asks for a certificate."""

from __future__ import annotations

import ssl

from apiconn_nb.demo.certificates import Certificates

_SERVER = "localhost"


def shown(context: ssl.SSLContext, made: Certificates) -> str:
    """The subject of the certificate that a client with `context` presents; empty for none."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.server.certificate_file, made.server.private_key_file)
    server.load_verify_locations(cadata=made.ca)
    server.verify_mode = ssl.CERT_OPTIONAL
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = context.wrap_bio(to_client, to_server, server_hostname=_SERVER)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    _shake(asking, answering)
    presented = answering.getpeercert() or {}
    parts = [pair for part in presented.get("subject", ()) for pair in part]
    return ", ".join(f"{name}={value}" for name, value in parts)


def _shake(*sides: ssl.SSLObject) -> None:
    waiting = list(sides)
    while waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue  # the other side's turn
