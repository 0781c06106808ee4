"""httpbin (PyPI) under gunicorn: keys, Basic, bearer, redirects, delays; and a port that wants a client certificate."""

from __future__ import annotations

from tests.servers.certificates import Certificates
from tests.servers.install import python_with
from tests.servers.launch import ThirdParty, answers, free_port


class Httpbin:
    """`url` speaks HTTP, `tls_url` HTTPS with a required client certificate; no slash at the end of either."""

    def __init__(self, third_party: ThirdParty, certificates: Certificates) -> None:
        self._third_party = third_party
        self._certificates = certificates
        self.url = self._serve("httpbin")
        self._tls_url = ""

    @property
    def tls_url(self) -> str:
        """Started when first asked for. A missing, foreign or expired certificate ends the TLS handshake."""
        if not self._tls_url:
            path = self._certificates.path
            self._tls_url = self._serve(
                "httpbin-tls",
                *("--certfile", str(path("server.pem")), "--keyfile", str(path("server.key"))),
                *("--ca-certs", str(path("ca.pem")), "--cert-reqs", "2"),
            )
        return self._tls_url

    @property
    def other_url(self) -> str:
        """The same server as another origin: a redirect to it leaves the origin of `url`."""
        return self.url.replace("127.0.0.1", "localhost")

    def _serve(self, name: str, *tls: str) -> str:
        address = f"127.0.0.1:{free_port()}"
        url = ("https://" if tls else "http://") + address
        verify = {"verify": self._certificates.context("alice")} if tls else {}
        command = (python_with("httpbin"), "-m", "gunicorn", "--no-control-socket", "--threads", "8", "--bind", address)
        process = self._third_party.process(name)
        process.start(*command, *tls, "httpbin:app", ready=answers(f"{url}/get", **verify))
        return url
