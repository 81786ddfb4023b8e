"""What every table has in common: naming of constraints, types of columns, key and times."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import DateTime, MetaData, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ENDPOINT_RULES = {
    "endpoint_policy": "endpoint_policy in ('adaptive', 'fixed')",
    "endpoint_silence_ms": "endpoint_silence_ms between 200 and 10000",
    "endpoint_threshold_dbfs": "endpoint_threshold_dbfs between -90 and -10",
}
"""What may be said of the end of an answer: the same for interviews and templates."""
NOTICE_RULE = "notice_h is null or notice_h between 1 and 336"
"""How long ahead a candidate can be owed news of a call: up to two weeks."""


def one_of(column: str, values: type[StrEnum]) -> str:
    """The rule that a column holds a member of a closed list."""
    return f"{column} in ({', '.join(repr(member.value) for member in values)})"


class Base(DeclarativeBase):
    """What every table derives from: names of constraints, and how Python types become columns."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


class Stamped:
    """Key and times that every table of ours carries."""

    id: Mapped[uuid.UUID] = mapped_column(
        Uuid, primary_key=True, default=uuid.uuid4, server_default=func.gen_random_uuid()
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
