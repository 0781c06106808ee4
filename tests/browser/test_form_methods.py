"""Every method set up by the form alone in a real browser, saved, the kernel restarted, a call made.

In JupyterLab against servers that nobody here wrote, with secrets in an OS keyring; in Notebook 7 against the demo,
with
secrets in the kernel's memory, typed again when a call asks for them. Afterwards every file is searched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.form_page import FormPage, restart, save_widget_state
from tests.browser.vault import vault
from tests.canary import Canary
from tests.needs import need
from tests.servers import django_oauth as django
from tests.servers import jwt_bearer as jwt
from tests.servers import nginx as web
from tests.servers import oidc_provider as op

Fill = Callable[[FormPage], None]


class Case:
    """One method: how somebody fills the form, the call that is made after the restart, and what they type secretly."""

    def __init__(self, label: str, base_url: str, call: str, fill: Fill, *typed: str, sign_in: Any = None) -> None:
        self.label = label
        self.base_url = base_url
        self.call = call
        self.fill = fill
        self.typed = typed
        self.sign_in = sign_in
        self.name = re.sub(r"\W+", "-", label.lower()).strip("-")


def third_party_cases(request: pytest.FixtureRequest, demo: Any) -> Iterator[Case]:
    """The methods at nginx, httpbin, django-oauth-toolkit, oidc-provider, Authlib; one at the demo."""
    httpbin, nginx, certificates = (request.getfixturevalue(each) for each in ("httpbin", "nginx", "certificates"))
    oauth, oidc, bearer = (request.getfixturevalue(each) for each in ("django_oauth", "oidc", "jwt_bearer"))

    yield Case("None or self-handled", httpbin.url, "GET /get", lambda form: None)

    def key_in_url(form: FormPage) -> None:
        form.fill("Key name", "api_key")
        form.secret("Private key", web.KEY)

    yield Case("Private key in URL", nginx.url, "GET /url-key", key_in_url, web.KEY)

    def key_in_header(form: FormPage) -> None:
        form.fill("Key name", "X-Api-Key")
        form.secret("Private key", web.KEY)

    yield Case("Private key in header", nginx.url, "GET /header-key", key_in_header, web.KEY)

    def basic(form: FormPage) -> None:
        form.fill("Username", web.USERNAME)
        form.secret("Password", web.PASSWORD)

    yield Case("HTTP Basic Auth", nginx.url, "GET /basic", basic, web.PASSWORD)

    def password(form: FormPage) -> None:
        form.fill("Username", "alice")
        form.secret("Password", django.USERS["alice"])
        form.fill("Token endpoint (POST)", oauth.token_endpoint)
        form.unfold("Advanced")
        form.fill("Client ID", django.PASSWORD.id)
        form.secret("Client secret", django.PASSWORD.secret)

    typed = (django.USERS["alice"], django.PASSWORD.secret)
    yield Case("OAuth2 Password Flow", oauth.orders_url.rpartition("/")[0], "GET /orders", password, *typed)

    def login(form: FormPage) -> None:
        form.fill("App ID", op.NATIVE_BASIC.id)
        form.secret("App Secret", op.NATIVE_BASIC.secret)
        form.fill("Scope", "openid email offline_access")
        form.check("Requesting an access token uses Basic Auth")
        form.fill("Login dialog redirect", f"{oidc.authorization_endpoint}?prompt=consent")
        form.fill("Access token endpoint", oidc.token_endpoint)
        form.fill("User profile endpoint", oidc.userinfo_endpoint)
        form.fill("User ID key path", "sub")

    base = oidc.orders_url.rpartition("/")[0]
    secret = op.NATIVE_BASIC.secret
    yield Case("OAuth2 User-Agent Flow", base, "GET /orders", login, secret, sign_in=at_oidc_provider)

    yield custom_token(demo)

    def service(form: FormPage) -> None:
        form.fill("Iss (account email)", jwt.ISSUER)
        form.fill("Access token endpoint", bearer.token_endpoint)
        form.secret("Private key", bearer.private_key)

    base = bearer.orders_url.rpartition("/")[0]
    yield Case("JSON Web Token (JWT)", base, "GET /orders", service, bearer.private_key)

    def mutual_tls(form: FormPage) -> None:
        form.fill("Certificate file content", certificates.text("alice.pem"))
        form.secret("Key file content", certificates.text("alice.key"))
        form.unfold("Advanced")
        form.fill("CA certificate", certificates.text("ca.pem"))

    key = certificates.text("alice.key")
    yield Case("Client-side SSL certificate", nginx.required_url, "GET /alice", mutual_tls, key)

    def machine(form: FormPage) -> None:
        form.fill("Client ID", op.MACHINE_BASIC.id)
        form.secret("Client secret", op.MACHINE_BASIC.secret)
        form.fill("Token endpoint (POST)", oidc.token_endpoint)
        form.check("Requesting an access token uses Basic Auth")

    base = oidc.orders_url.rpartition("/")[0]
    yield Case("OAuth2 Client Credentials", base, "GET /orders", machine, op.MACHINE_BASIC.secret)


def custom_token(demo: Any) -> Case:
    account = demo.credentials.live

    def fill(form: FormPage) -> None:
        form.fill("Token endpoint (POST)", f"{demo.url}/custom/token")
        form.add_row("Add header", "X-Tenant", account.tenant)
        form.fill("Body", '{"app": "<app>", "secret": "<app_secret>"}')
        form.add_row("Add parameter", "app", account.app)
        form.add_row("Add parameter", "app_secret", account.app_secret, is_secret=True)

    return Case(
        "OAuth2 Custom Token", f"{demo.url}/oauth2-custom-token", "GET /orders?limit=3", fill, account.app_secret
    )


def at_oidc_provider(tab: Any) -> None:
    tab.locator("input[name=login]").fill("alice")
    tab.locator("input[name=password]").fill("x")
    tab.locator("button[type=submit]").first.click()
    tab.get_by_role("button", name="Continue").click()
    tab.wait_for_url(re.compile(r"/callback"))


def set_up(page: Any, number: int, case: Case) -> FormPage:
    """Fill the form of the cell, save, sign in where the method does, and test."""
    form = FormPage.opened(page, number)
    form.fill("Base URL", case.base_url)
    form.choose("Authentication", case.label)
    case.fill(form)
    form.press("Save")
    form.see("Saved in apiconn.toml.")
    if case.sign_in is not None:
        case.sign_in(form.sign_in_page())
        form.see(re.compile("signed in", re.IGNORECASE))
    return form


@pytest.fixture(scope="module")
def demo() -> Iterator[Any]:
    need("flask")
    from apiconn_nb import demo as embedded  # Flask is an extra

    with embedded.serve() as running:
        yield running


@pytest.fixture
def chromium_home(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What Chromium wrote."""
    return list(tmp_path_factory.getbasetemp().glob("chromium*"))


@pytest.mark.timeout(420)
def test_every_method_in_jupyterlab(
    lab: Any, request: pytest.FixtureRequest, demo: Any, canary: Canary, chromium_home: list[Path]
) -> None:
    cases = list(third_party_cases(request, demo))
    with vault() as (keyring, kept):
        forms = [f"%apiconn_auth {case.name}" for case in cases]
        calls = [f"%apicall {case.name} {case.call}" for case in cases]
        page = lab.open("methods.ipynb", f"%load_ext apiconn_nb\n{keyring}", *forms, *calls)
        save_widget_state(page, True)
        page.run_cell(0)
        for number, case in enumerate(cases, 1):
            set_up(page, number, case)
        saved_with_widgets(page, web.USERNAME)
        restart(page)
        page.run_cell(0)
        for number in range(len(cases) + 1, 2 * len(cases) + 1):
            page.run_cell(number)
        page.save()
        save_widget_state(page, False)
    assert page.errors() == []
    secrets = {each for case in cases for each in case.typed}
    assert {each.strip() for each in secrets} <= {each.strip() for each in kept.values()}
    search(lab, canary, secrets, *chromium_home)


def saved_with_widgets(page: Any, value: str) -> None:
    """Save; the saved notebook has the widgets' state, where a secret would be if it were part of it."""
    state = page.save()["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]
    assert value in repr(state), "the widget state was not saved: searching it would prove nothing"


def search(bench: Any, canary: Canary, secrets: set[str], *more: Path) -> None:
    """No secret stands in any file that Jupyter, the kernel or the browser wrote, nor in what pages logged."""
    for each in secrets:
        for line in each.splitlines() if each.startswith("-----BEGIN") else [each]:
            if len(line) >= 8 and not line.startswith("-----"):
                canary.watch(line)
    canary.assert_absent(bench.server.root.parent, repr(bench.console), bench.server.log(), *more)


def demo_cases(demo: Any) -> Iterator[Case]:
    """Every method at the demo's doors."""
    account, token = demo.credentials.live, f"{demo.url}/oauth/token"

    yield Case("None or self-handled", f"{demo.url}/none", "GET /orders?limit=3", lambda form: None)

    def key_in_url(form: FormPage) -> None:
        form.fill("Key name", "api_key")
        form.secret("Private key", account.api_key)

    yield Case("Private key in URL", f"{demo.url}/key-in-url", "GET /orders?limit=3", key_in_url, account.api_key)

    def key_in_header(form: FormPage) -> None:
        form.secret("Private key", f"Bearer {account.api_key}")

    bearer = f"Bearer {account.api_key}"
    yield Case("Private key in header", f"{demo.url}/key-in-header", "GET /orders?limit=3", key_in_header, bearer)

    def basic(form: FormPage) -> None:
        form.fill("Username", account.username)
        form.secret("Password", account.password)

    yield Case("HTTP Basic Auth", f"{demo.url}/basic", "GET /orders?limit=3", basic, account.password)

    def password(form: FormPage) -> None:
        basic(form)
        form.fill("Token endpoint (POST)", token)
        form.unfold("Advanced")
        form.fill("Client ID", account.client_id)
        form.secret("Client secret", account.client_secret)

    typed = (account.password, account.client_secret)
    yield Case("OAuth2 Password Flow", f"{demo.url}/oauth2-password", "GET /orders?limit=3", password, *typed)

    yield custom_token(demo)

    def service(form: FormPage) -> None:
        form.secret("Private key", account.service_account)

    yield Case("JSON Web Token (JWT)", f"{demo.url}/jwt", "GET /orders?limit=3", service, account.service_account)

    def mutual_tls(form: FormPage) -> None:
        form.fill("Certificate file content", account.certificate)
        form.secret("Key file content", account.certificate_key)
        form.unfold("Advanced")
        form.fill("CA certificate", demo.credentials.certificates.ca)

    base = f"{demo.credentials.mtls_url}/client-certificate"
    yield Case("Client-side SSL certificate", base, "GET /orders?limit=3", mutual_tls, account.certificate_key)

    def machine(form: FormPage) -> None:
        form.fill("Client ID", account.service_client_id)
        form.secret("Client secret", account.service_client_secret)
        form.fill("Token endpoint (POST)", token)

    base = f"{demo.url}/oauth2-client-credentials"
    yield Case("OAuth2 Client Credentials", base, "GET /orders?limit=3", machine, account.service_client_secret)

    def login(form: FormPage) -> None:
        form.fill("App ID", account.client_id)
        form.secret("App Secret", account.client_secret)
        form.fill("Login dialog redirect", f"{demo.url}/oauth/authorize")
        form.fill("Access token endpoint", token)

    def at_demo(tab: Any) -> None:
        tab.get_by_label("Password").fill(account.password)
        tab.get_by_role("button", name="Sign in and allow").click()
        tab.wait_for_url(re.compile(r"/callback"))

    base = f"{demo.url}/oauth2-user-agent"
    yield Case("OAuth2 User-Agent Flow", base, "GET /orders?limit=3", login, account.client_secret, sign_in=at_demo)


def answer_hidden(page: Any, number: int, value: str) -> None:
    """Answer the newest getpass() of a running cell, which may ask twice."""
    box = page.cell(number).locator(".jp-Stdin-input").last.element_handle()
    assert box.get_attribute("type") == "password"
    box.fill(value)
    box.press("Enter")
    box.wait_for_element_state("hidden")


@pytest.mark.timeout(420)
def test_every_method_in_notebook_7(notebook7: Any, demo: Any, canary: Canary, chromium_home: list[Path]) -> None:
    cases = list(demo_cases(demo))
    forms = [f"%apiconn_auth {case.name}" for case in cases]
    calls = [f"%apicall {case.name} {case.call}" for case in cases]
    page = notebook7.open("methods.ipynb", "%load_ext apiconn_nb", *forms, *calls)
    save_widget_state(page, True)
    page.run_cell(0)
    for number, case in enumerate(cases, 1):
        form = set_up(page, number, case)
        form.press("Test")
        form.see("Works. GET")
    saved_with_widgets(page, demo.credentials.live.username)
    restart(page)
    page.run_cell(0)
    first_call = len(cases) + 1
    for number, case in enumerate(cases[:-1], first_call):
        page.run_cell(number, wait=False)
        for typed in case.typed:  # what was in the old kernel's memory alone is asked for, hidden
            answer_hidden(page, number, " ".join(typed.splitlines()))
        page.wait_idle()
    # The login's token was in memory too: somebody signs in again, at the same form.
    form = FormPage.opened(page, len(cases))
    form.secret("App Secret", cases[-1].typed[0])
    cases[-1].sign_in(form.sign_in_page())
    form.see(re.compile("signed in", re.IGNORECASE))
    page.run_cell(first_call + len(cases) - 1)
    page.save()
    save_widget_state(page, False)
    assert page.errors() == []
    search(notebook7, canary, {each for case in cases for each in case.typed}, *chromium_home)
