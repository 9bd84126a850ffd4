"""The exceptions of `bifrost`; a name that does not exist is a plain `KeyError` instead."""

from __future__ import annotations

from typing import Any


class ConfigError(Exception):
    """A configuration value exists, or could, but this call cannot have it.

    `code` is the daemon's stable word for what went wrong, such as `cannot-decrypt`.
    """

    def __init__(self, message: str, code: str = "internal") -> None:
        super().__init__(message)
        self.code = code


class DecryptionError(ConfigError):
    """The stored secret does not open with the present `BIFROST_SECRET_KEY`."""


class UnresolvedError(ConfigError):
    """The secret is kept elsewhere, in a variable, a file or behind a command, and could not be read from there."""


class AccessError(ConfigError, PermissionError):
    """This run may not use that scope."""


class InvalidConfigError(ConfigError, ValueError):
    """The name, the value or the combination of arguments cannot be stored."""


def from_code(code: str, message: str) -> ConfigError:
    """The exception for a failure that the daemon reported."""
    kinds = {
        "cannot-decrypt": DecryptionError,
        "reference-failed": UnresolvedError,
        "forbidden": AccessError,
        "bad-input": InvalidConfigError,
    }
    return kinds.get(code, ConfigError)(message, code)


class CallError(Exception):
    """An outgoing call got no answer, or its credential could not be used."""

    def __init__(self, message: str, code: str = "call-failed") -> None:
        super().__init__(message)
        self.code = code


class CallTimeout(CallError, TimeoutError):
    """The call took longer than its timeout."""


class CallRefused(CallError, PermissionError):
    """The credential is not for that host, or the call would go to the daemon itself."""


class InvalidCallError(CallError, ValueError):
    """The method, the address, a header or the timeout cannot be."""


class StatusError(CallError):
    """The answer's status is 400 or above; `response` is the whole answer."""

    def __init__(self, message: str, response: Any) -> None:
        super().__init__(message, "status")
        self.response = response


def call_error(code: str, message: str) -> Exception:
    """The exception for a failed call, or for a credential that does not exist."""
    if code == "not-found":
        return missing(message)
    kinds = {"call-timeout": CallTimeout, "forbidden": CallRefused, "bad-input": InvalidCallError}
    return kinds.get(code, CallError)(message, code)


class _Message(str):
    """A text that stays readable in `str(KeyError(text))`, which shows the `repr` of its argument."""

    __repr__ = str.__str__


def missing(message: str) -> KeyError:
    """For a name that does not exist."""
    return KeyError(_Message(message))
