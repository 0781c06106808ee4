"""Certificates of a collection as Python source."""

from __future__ import annotations

from apiconn_nb.exporters.plan import Plan
from apiconn_nb.exporters.python_auth import Library
from apiconn_nb.exporters.python_text import text_literal
from apiconn_nb.exporters.recipe import Certificate
from apiconn_nb.exporters.references import Needs, python
from apiconn_nb.secrets import Secret


def tls_of(plan: Plan, library: Library, prefix: str, needs: Needs) -> str:
    """``tls()`` for httpx, ``OPTIONS`` for requests."""
    assert plan.settings is not None
    settings = plan.settings.settings
    found = plan.recipe if isinstance(plan.recipe, Certificate) else _beside(plan)
    authority = settings.value("ca_certificate") or getattr(plan.settings.method, "ca_certificate", "")
    proxy = settings.value("proxy")
    if library == "requests":
        return _requests(found, authority, proxy, prefix, needs)
    if found is None and not authority:
        return ""
    needs.imports.add("ssl")
    lines = ["", "def tls():", '    """The TLS context: whom we trust, and how we prove ourselves."""']
    lines.append("    context = ssl.create_default_context()")
    if authority:
        lines.append(f"    context.load_verify_locations({_text_or_file(authority, needs, cadata=True)})")
    if found is not None:
        needs.imports |= {"os", "tempfile"}
        lines += [
            "    with tempfile.TemporaryDirectory() as folder:  # the ssl module reads keys from files alone",
            '        path = os.path.join(folder, "both.pem")',
            "        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), 'w') as file:",
            f"            file.write({_pem(found.pem, needs)} + '\\n')",
            f"            file.write({python(found.key, f'{prefix}_CERTIFICATE_KEY', needs)})",
            f"        context.load_cert_chain(path{_password(found, prefix, needs)})",
        ]
    return "\n".join([*lines, "    return context"])


def _beside(plan: Plan) -> Certificate | None:
    assert plan.settings is not None
    settings = plan.settings.settings
    if not settings.value("certificate"):
        return None
    password = settings.value("certificate_key_password")
    return Certificate(settings.value("certificate"), settings.value("certificate_key"), password)


def _password(found: Certificate, prefix: str, needs: Needs) -> str:
    if not found.password:
        return ""
    return f", password={python(found.password, f'{prefix}_CERTIFICATE_KEY_PASSWORD', needs)}"


def _pem(text: str, needs: Needs) -> str:
    if text.startswith("file:"):
        return python(Secret.from_reference(text), "", needs)
    return text_literal(text)


def _text_or_file(text: str, needs: Needs, *, cadata: bool) -> str:
    if text.startswith("file:"):
        return text_literal(text.removeprefix("file:"))
    return f"cadata={text_literal(text)}" if cadata else text_literal(text)


def _requests(found: Certificate | None, authority: str, proxy: str, prefix: str, needs: Needs) -> str:
    """requests takes certificates as files; what is a text is put into one for as long as the script runs."""
    members = ['"timeout": 60']
    lines: list[str] = []
    if authority or found is not None:
        needs.imports |= {"atexit", "os", "tempfile"}
        lines += [
            "", "def pem(text):", '    """A file with a PEM text in it, gone when the script ends."""',
            '    handle, path = tempfile.mkstemp(suffix=".pem")  # mode 0600',
            '    with os.fdopen(handle, "w") as file:', "        file.write(text)",
            "    atexit.register(os.unlink, path)", "    return path", "", "",
        ]  # fmt: skip
    if authority:
        shown = _text_or_file(authority, needs, cadata=False)
        members.append(f'"verify": {shown if authority.startswith("file:") else f"pem({shown})"}')
    if found is not None:
        key = python(found.key, f"{prefix}_CERTIFICATE_KEY", needs)
        members.append(f'"cert": (pem({_pem(found.pem, needs)}), pem({key}))')
    if proxy:
        members.append(f'"proxies": {{"http": {text_literal(proxy)}, "https": {text_literal(proxy)}}}')
    return "\n".join([*lines, "OPTIONS = {" + ", ".join(members) + "}"])
