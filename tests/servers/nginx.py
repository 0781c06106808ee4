"""nginx (Debian): client certificates required and optional; keys in URL and header, Basic, 429, redirects."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from tests.needs import require_tool
from tests.servers.certificates import Certificates
from tests.servers.launch import ThirdParty, answers, free_port

KEY = "k-123+/= x"
USERNAME, PASSWORD = "alice", "wonder:land+%1 é"


class Nginx:
    """URLs without a slash at the end.

    `url` is plain HTTP: ``/url-key`` (parameter ``api_key``), ``/header-key`` (``X-Api-Key``),
    ``/authorization-key`` (``Authorization: ApiKey …``), all `KEY`; ``/basic`` (`USERNAME`, `PASSWORD`); ``/limited``
    (one request a second, then 429); ``/redirect`` to ``/echo`` of another origin.
    `required_url` wants a client certificate, `optional_url` takes one: ``/public``, ``/alice``.
    """

    def __init__(self, third_party: ThirdParty, certificates: Certificates) -> None:
        program = require_tool("nginx", "apt-get install -y --no-install-recommends nginx-light")
        process = third_party.process("nginx")
        required, optional, plain = free_port(), free_port(), free_port()
        # As root, nginx would change to a user who cannot read the files of the test.
        values = {
            "RUN": process.folder,
            "CERTIFICATES": certificates.folder,
            "USER": "user root;" if os.geteuid() == 0 else "",
            "REQUIRED": required,
            "OPTIONAL": optional,
            "PLAIN": plain,
        }
        text = Path(__file__).with_name("nginx.conf.in").read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        (process.folder / "nginx.conf").write_text(text)
        # A plain password would end at its colon.
        digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
        (process.folder / "htpasswd").write_text(f"{USERNAME}:{{SHA}}{digest}\n")
        self.url = f"http://127.0.0.1:{plain}"
        self.required_url = f"https://127.0.0.1:{required}"
        self.optional_url = f"https://127.0.0.1:{optional}"
        errors = process.folder / "error.log"
        config = process.folder / "nginx.conf"
        process.start(program, "-e", errors, "-c", config, ready=answers(f"{self.url}/echo"))
