"""The device grant (RFC 8628) of the demo's provider: for a kernel whose address no browser can reach."""
# Authlib ships no types, so its classes are Any to mypy.
# mypy: disable-error-code="misc"

from __future__ import annotations

import time
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant

from .answers import whole
from .clients import User
from .grants import AUTH_METHODS
from .state import State
from .store import DeviceCode


class Device(DeviceCodeGrant):
    """RFC 8628 §3.4."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def query_device_credential(self, device_code: str) -> DeviceCode:
        state: State = self.server.state
        device = state.store.devices.get(device_code)
        if device is None:
            raise InvalidGrantError("The device code is unknown or was used before.")
        return device

    def query_user_grant(self, user_code: str) -> tuple[User | None, bool] | None:
        state: State = self.server.state
        device = next(each for each in state.store.devices.values() if each.user_code == user_code)
        return (device.user, device.user is not None) if device.decided else None

    def should_slow_down(self, credential: DeviceCode) -> bool:
        now, before = time.monotonic(), credential.polled_at
        credential.polled_at = now
        # A tenth of tolerance: a client that waits exactly the interval is not told off for the network's jitter.
        if now - before >= credential.interval * 0.9:
            return False
        credential.interval += 5
        return True

    def create_token_response(self) -> Any:
        answer = super().create_token_response()
        self.server.state.store.devices.pop(self.request.credential.device_code, None)
        return answer


class DeviceAuthorization(DeviceAuthorizationEndpoint):
    """RFC 8628 §3.1."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    @property
    def EXPIRES_IN(self) -> float:  # noqa: N802 - Authlib's name
        return whole(self.server.state.settings.device_lifetime)

    @property
    def INTERVAL(self) -> float:  # noqa: N802 - Authlib's name
        return whole(self.server.state.settings.device_interval)

    def get_verification_uri(self) -> str:
        return f"{self.server.state.url}/oauth/device"

    def save_device_credential(self, client_id: str, scope: str | None, data: dict[str, Any]) -> None:
        state: State = self.server.state
        with state.store.lock:
            state.store.devices[data["device_code"]] = DeviceCode(
                device_code=data["device_code"],
                user_code=data["user_code"],
                client_id=client_id,
                scope=scope,
                expires_at=time.time() + state.settings.device_lifetime,
                interval=state.settings.device_interval,
            )
