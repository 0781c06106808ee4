"""The form on a JupyterHub: opened, a secret typed, the redirect URL that it names registered, signed in, called."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from tests.browser.form_page import FormPage, save_widget_state
from tests.browser.test_login import sign_in
from tests.canary import Canary


def test_the_form_on_a_hub(hub: Any, oidc: Any, canary: Canary) -> None:
    """The answer comes back through /user/NAME/proxy/PORT/; what was typed is in no file of the user's server."""
    address = urlsplit(hub.server.url)
    redirect = f"{address.scheme}://{address.netloc}{address.path}proxy/8765/callback"
    secret = canary("hub-secret")
    oidc.add_client("hub-form", secret, redirect_uris=[redirect], application_type="web")
    page = hub.open("form.ipynb", "%load_ext apiconn_nb", "%apiconn_auth shop", "%apicall shop GET /orders")
    save_widget_state(page, True)
    page.run_cell(0)
    form = FormPage.opened(page, 1)
    form.fill("Base URL", f"{oidc.issuer}/api")
    form.choose("Authentication", "OAuth2 User-Agent Flow")
    form.see(redirect)
    form.fill("App ID", "hub-form")
    form.secret("App Secret", secret)
    form.fill("Scope", "openid email offline_access")
    form.check("Requesting an access token uses Basic Auth")
    form.fill("Login dialog redirect", f"{oidc.authorization_endpoint}?prompt=consent")
    form.fill("Access token endpoint", oidc.token_endpoint)
    form.fill("User profile endpoint", oidc.userinfo_endpoint)
    form.fill("User ID key path", "sub")
    form.press("Save")
    form.see("Saved in apiconn.toml.")
    tab = form.sign_in_page()
    sign_in(tab)
    tab.wait_for_url(f"{redirect}*")
    form.see(re.compile("signed in as alice@example.test", re.IGNORECASE))
    page.run_cell(2)
    assert page.errors() == []
    page.save()
    save_widget_state(page, False)
    canary.assert_absent(hub.server.root.parent.parent, repr(hub.console), hub.server.log())
