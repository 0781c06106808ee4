"""Proof of identity: one file per method; a new method is one new file here (see CONTRIBUTING)."""

from apiconn_nb.auth.base import Action, AuthMethod, build, method, methods

__all__ = ["Action", "AuthMethod", "build", "method", "methods"]
