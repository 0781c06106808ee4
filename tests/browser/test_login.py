"""Signing in, in a real browser, at a real provider on another origin: click, the line changes, the call goes on."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.servers.oidc_provider import DEVICE, NATIVE_PKCE

# The cells of every test: set up, sign in, and a call that needs it.
LOAD, SET_UP, LOGIN, CALL = range(4)


def cells(oidc: Any, client_id: str, *options: str, login: str = "") -> list[str]:
    """A notebook that signs in at `oidc`: prompt=consent gives the refresh token that offline_access asks for."""
    set_up = [
        "%apiconn_auth shop oauth2-user-agent",
        f"--base-url {oidc.issuer}/api",
        f"--issuer {oidc.issuer}",
        f"--client-id {client_id}",
        '--scope "openid email offline_access"',
        "--extra-authorization-params prompt=consent",
        "--profile-id-path sub",
        *options,
    ]
    return [
        "%load_ext apiconn_nb",
        " \\\n    ".join(set_up),
        f"%apiconn_auth shop --login {login}".strip(),
        "%%apicall shop -o orders\nGET /orders",
        "orders",
    ]


def sign_in(tab: Any) -> None:
    """What a person does at the provider's pages (oidc-provider's own forms)."""
    tab.locator("input[name=login]").fill("alice")
    tab.locator("input[name=password]").fill("x")
    tab.locator("button[type=submit]").first.click()
    tab.get_by_role("button", name="Continue").click()


def run_all(page: Any) -> None:
    """Run All, without waiting for its end."""
    page.js("app.commands.execute('notebook:run-all-cells')")


def check_signed_in(page: Any, oidc: Any) -> None:
    """The line says who, the waiting call has its table, one login was made, and nothing of it is in the saved file."""
    page.see(
        LOGIN, re.compile(r"signed in as alice@example.test \(id alice\) · live · until \d\d:\d\d, renews by itself")
    )
    page.wait_idle()
    assert page.errors() == []
    assert page.kernel("len(orders)") >= 1
    assert oidc.token_requests()["authorization_code"] == 1
    asked = oidc.requests("token")[0]["body"]
    saved = str(page.save())
    for private in (asked["code"], asked["code_verifier"], "access_token=", "state="):
        assert private not in saved


def test_loopback_in_jupyterlab(lab: Any, oidc: Any) -> None:
    """The browser is on the kernel's machine: the answer comes to the receiver on loopback."""
    page = lab.open("login.ipynb", *cells(oidc, NATIVE_PKCE.id))
    run_all(page)
    page.see(LOGIN, "Sign in")
    tab = page.click_link("Sign in")
    sign_in(tab)
    tab.wait_for_url(re.compile(r"http://127\.0\.0\.1:\d+/"))
    check_signed_in(page, oidc)


def test_loopback_in_notebook_7(notebook7: Any, oidc: Any) -> None:
    """The same in Notebook 7."""
    page = notebook7.open("login.ipynb", *cells(oidc, NATIVE_PKCE.id))
    run_all(page)
    page.see(LOGIN, "Sign in")
    sign_in(page.click_link("Sign in"))
    check_signed_in(page, oidc)


def test_through_the_hub(hub: Any, oidc: Any) -> None:
    """On a JupyterHub the answer comes through /user/NAME/proxy/PORT/, an address learnt by the bounce."""
    hub_address = urlsplit(hub.server.url)
    redirect = f"{hub_address.scheme}://{hub_address.netloc}{hub_address.path}proxy/8765/callback"
    oidc.add_client("hub-app", "hub-secret", redirect_uris=[redirect], application_type="web")
    notebook = cells(oidc, "hub-app", "--client-secret env:HUB_SECRET", "--client-auth-basic")
    page = hub.open("login.ipynb", *notebook)
    (hub.folder / ".env").write_text("HUB_SECRET=hub-secret\n")
    run_all(page)
    page.see(LOGIN, "Sign in")
    tab = page.click_link("Sign in")
    sign_in(tab)
    tab.wait_for_url(f"{redirect}*")
    check_signed_in(page, oidc)


@pytest.mark.parametrize("busy", [False, True], ids=["idle kernel", "waiting call"])
def test_paste_where_the_browser_cannot_reach_the_kernel(lab: Any, oidc: Any, busy: bool) -> None:
    """The page that the provider sends the browser to does not load; its address is pasted into the field."""
    page = lab.open("login.ipynb", *cells(oidc, NATIVE_PKCE.id, login="--via paste"))
    # The kernel is elsewhere: nothing that the browser asks of its loopback ports arrives.
    lab.context.route(re.compile(r"http://127\.0\.0\.1:\d+/callback"), lambda route: route.abort())
    for cell in (LOAD, SET_UP, LOGIN):
        page.run_cell(cell)
    page.see(LOGIN, "Sign in")
    tab = page.click_link("Sign in")
    with tab.expect_event("requestfailed", lambda request: "/callback" in request.url) as failed:
        sign_in(tab)
    copied = failed.value.url
    if busy:
        page.run_cell(CALL, wait=False)  # waits for the login, and asks for the address in its own cell
        page.answer(CALL, copied)
    else:
        field = page.cell(LOGIN).locator("input").first
        field.fill(copied)
        field.press("Enter")
        page.see(LOGIN, "signed in as")
        page.run_cell(CALL)
    check_signed_in(page, oidc)
    assert copied not in str(page.save())


def test_paste_of_another_logins_answer_is_refused(lab: Any, oidc: Any) -> None:
    """A wrong state is refused in words, and the wait goes on."""
    page = lab.open("login.ipynb", *cells(oidc, NATIVE_PKCE.id, login="--via paste"))
    for cell in (LOAD, SET_UP, LOGIN):
        page.run_cell(cell)
    page.see(LOGIN, "Sign in")
    field = page.cell(LOGIN).locator("input").first
    field.fill("http://127.0.0.1:8765/callback?code=abc&state=of-another-login")
    field.press("Enter")
    page.see(LOGIN, re.compile("another|does not belong|state", re.IGNORECASE))
    page.see(LOGIN, "Sign in")
    assert "of-another-login" not in str(page.save())


@pytest.mark.timeout(200)
def test_device_code(lab: Any, oidc: Any) -> None:
    """RFC 8628: the code is shown large beside the link; the browser may be anywhere."""
    page = lab.open("login.ipynb", *cells(oidc, DEVICE.id, login="--via device"))
    run_all(page)
    code = page.cell(LOGIN).get_by_text(re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}")).first
    code.wait_for()
    user_code = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", code.inner_text())
    assert user_code
    tab = lab.context.new_page()
    tab.goto(f"{oidc.issuer}/device")
    tab.locator("input[name=user_code]").fill(user_code[0])
    tab.get_by_role("button", name="Continue").click()
    tab.get_by_role("button", name=re.compile("Continue|Confirm")).first.click()
    sign_in(tab)
    page.see(LOGIN, "signed in as alice@example.test")
    page.wait_idle()
    assert page.errors() == []
    assert page.kernel("len(orders)") >= 1
