"""The exceptions of `bifrost.config`; a name that does not exist is a plain `KeyError` instead."""


class ConfigError(Exception):
    """A configuration value exists, or could, but this call cannot have it.

    `code` is the daemon's stable word for what went wrong, such as `cannot-decrypt`.
    """

    def __init__(self, message: str, code: str = "internal") -> None:
        super().__init__(message)
        self.code = code


class DecryptionError(ConfigError):
    """The stored secret does not open with the present `BIFROST_SECRET_KEY`."""


class AccessError(ConfigError, PermissionError):
    """This run may not use that scope."""


class InvalidConfigError(ConfigError, ValueError):
    """The name, the value or the combination of arguments cannot be stored."""


def from_code(code: str, message: str) -> ConfigError:
    """The exception for a failure that the daemon reported."""
    kinds = {
        "cannot-decrypt": DecryptionError,
        "forbidden": AccessError,
        "bad-input": InvalidConfigError,
    }
    return kinds.get(code, ConfigError)(message, code)
