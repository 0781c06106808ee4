"""``%config ApiConn``: where the file is, where tokens rest, how errors look."""

from __future__ import annotations

from typing import Any

from traitlets import Bool, Unicode, observe
from traitlets.config import Configurable

from apiconn_nb.errors import ApiConnError


class ApiConn(Configurable):
    """Settings of apiconn_nb."""

    file = Unicode("apiconn.toml", help="The collection file.").tag(config=True)
    token_file = Unicode("", help="Keep tokens in this file (0600) instead of the OS keyring or memory.").tag(
        config=True
    )
    public_url = Unicode("", help="The notebook server's address as the browser sees it, where it is not found.").tag(
        config=True
    )
    record = Unicode("", help="Keep redacted answers in this folder, so that the notebook can be replayed.").tag(
        config=True
    )
    replay = Unicode("", help="Answer calls from this folder of recordings: no network, no credentials.").tag(
        config=True
    )
    secrets_on_binder = Bool(
        False, help="Use real secrets on Binder, a public machine, all the same: revoke them afterwards."
    ).tag(config=True)
    short_errors = Bool(True, help="One line for an error; False: the full traceback, redacted.").tag(config=True)

    @observe("file", "token_file")
    def _move(self, change: Any) -> None:
        from apiconn_nb import workspace  # start-up cost: it imports httpx

        workspace.use(self.file, token_file=self.token_file)

    @observe("record", "replay")
    def _recordings(self, change: Any) -> None:
        from apiconn_nb import recording  # start-up cost: it imports httpx

        recording.use(record=self.record, replay=self.replay)

    @observe("secrets_on_binder")
    def _on_binder(self, change: Any) -> None:
        from apiconn_nb import binder  # start-up cost: it imports httpx

        binder.insist(self.secrets_on_binder)

    @observe("short_errors")
    def _errors(self, change: Any) -> None:
        ApiConnError.short = self.short_errors
