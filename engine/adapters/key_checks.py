"""Whether the providers take the keys and know the models that the settings name: asked once, beside the start.

A key that is refused is one line at the level of an error, which names the variable, and its engines are left alone
from then on as after any refusal. A provider that cannot be reached is a warning: a start does not depend on the
network, and calls have other engines to go to.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.adapters.provider_health import HealthBoard
from engine.errors import RequestNotTaken, UpstreamRefused, UpstreamUnavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """One question to a provider."""

    key_variable: str
    model_variable: str
    engines: tuple[str, ...]
    """Those that need the key, as the health board names them."""
    ask: Callable[[], str | None]
    """Says what is wrong with the model, if something is. Raises UpstreamUnavailable."""


def check_keys(checks: Iterable[KeyCheck], board: HealthBoard) -> list[str]:
    """Ask all of them, one after the other; logs what is wrong, tells the board, and returns the errors."""
    faults: list[str] = []
    refused: dict[str, UpstreamRefused] = {}
    for check in checks:
        if check.key_variable in refused:
            _tell(board, check, refused[check.key_variable])
            continue
        try:
            fault = check.ask()
        except RequestNotTaken as error:
            fault = f"{check.model_variable} cannot be used: {error}"
            _tell(board, check, error)
        except UpstreamRefused as error:
            refused[check.key_variable] = error
            _tell(board, check, error)
            fault = f"{check.key_variable} cannot be used: {error}"
        except UpstreamUnavailable as error:
            logger.warning("%s could not be checked: %s", check.key_variable, error)
            continue
        if fault is not None:
            faults.append(fault)
            logger.error("%s", fault)
    return faults


def _tell(board: HealthBoard, check: KeyCheck, error: UpstreamUnavailable) -> None:
    for engine in check.engines:
        board.failed(engine, error)


def check_keys_beside_the_start(checks: Callable[[], Iterable[KeyCheck]], board: HealthBoard) -> threading.Thread:
    """The same on a thread of its own. checks: called there, since the vendors' packages take long to load."""
    thread = threading.Thread(target=lambda: check_keys(checks(), board), name="key-check", daemon=True)
    thread.start()
    return thread
