"""Whether the providers take the keys and know the models that the settings name: asked once, beside the start.

A key that is refused is one line at the level of an error, which names the variable. A provider that cannot be reached
is a warning: a start does not depend on the network, and calls have other engines to go to.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.errors import RequestNotTaken, UpstreamRefused, UpstreamUnavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """One question to a provider."""

    key_variable: str
    model_variable: str
    ask: Callable[[], str | None]
    """Says what is wrong with the model, if something is. Raises UpstreamUnavailable."""


def check_keys(checks: Iterable[KeyCheck]) -> list[str]:
    """Ask all of them, one after the other; logs what is wrong, and returns the errors."""
    faults: list[str] = []
    refused: set[str] = set()
    for check in checks:
        if check.key_variable in refused:
            continue
        try:
            fault = check.ask()
        except RequestNotTaken as error:
            fault = f"{check.model_variable} cannot be used: {error}"
        except UpstreamRefused as error:
            refused.add(check.key_variable)
            fault = f"{check.key_variable} cannot be used: {error}"
        except UpstreamUnavailable as error:
            logger.warning("%s could not be checked: %s", check.key_variable, error)
            continue
        if fault is not None:
            faults.append(fault)
            logger.error("%s", fault)
    return faults


def check_keys_beside_the_start(checks: Callable[[], Iterable[KeyCheck]]) -> threading.Thread:
    """The same on a thread of its own. checks: called there, since the vendors' packages take long to load."""
    thread = threading.Thread(target=lambda: check_keys(checks()), name="key-check", daemon=True)
    thread.start()
    return thread
