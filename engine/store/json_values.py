"""Values on their way into JSON columns."""

import math
from typing import Any


def storable(value: Any) -> Any:
    """The value as PostgreSQL keeps it and gives it back, so that what is stored can be compared with what is new.

    Tuples become lists; NUL and halves of surrogate pairs are replaced in texts; a number that is none becomes None.
    """
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
