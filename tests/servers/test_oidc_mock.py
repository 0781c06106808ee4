"""What other tests rely on oidc-provider-mock for."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx

from tests.servers.oidc_mock import OidcMock
from tests.servers.person import Person

REDIRECT_URI = "http://127.0.0.1:8765/callback"


def test_login_and_refresh_without_a_new_refresh_token(oidc_mock: OidcMock, person: Person) -> None:
    client = oidc_mock.register(REDIRECT_URI)
    asked = {
        "client_id": client.id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid email",
        "state": "s/1 +%",
    }
    answer = person.authorize(f"{oidc_mock.authorization_endpoint}?{urlencode(asked)}", REDIRECT_URI)
    assert answer["state"] == "s/1 +%"
    form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": REDIRECT_URI}
    with httpx.Client(trust_env=False, auth=(client.id, client.secret)) as http:
        tokens = http.post(oidc_mock.token_endpoint, data=form).raise_for_status().json()
        again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        renewed = http.post(oidc_mock.token_endpoint, data=again).raise_for_status().json()
    assert renewed["access_token"] != tokens["access_token"]
    assert "refresh_token" not in renewed
    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {renewed['access_token']}"}) as http:
        assert http.get(oidc_mock.userinfo_endpoint).json()["sub"] == "ada"
