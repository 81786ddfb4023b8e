"""What providers were used for and what it cost; their health; phrases kept on disk."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNTS = ("requests", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")


def _moment(name: str, *, is_now: bool = False, is_needed: bool = True) -> sa.Column:
    default = sa.text("now()") if is_now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not is_needed)


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("job", sa.String(length=64), nullable=True),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("audio_ms", sa.BigInteger(), nullable=False),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=True),
        sa.Column("is_estimated", sa.Boolean(), nullable=False),
        sa.Column("price_usd", sa.Numeric(precision=16, scale=10), nullable=True),
        sa.Column("priced_from", sa.Date(), nullable=True),
        _moment("at", is_now=True),
        sa.CheckConstraint("(call_id is null) = (job is not null)", name=op.f("ck_usage_payer")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_usage_call_id_calls"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["interview_id"], ["interviews.id"], name=op.f("fk_usage_interview_id_interviews"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage")),
        sa.UniqueConstraint("call_id", "sequence", name=op.f("uq_usage_call_id_sequence")),
    )
    op.create_index("ix_usage_interview_at", "usage", ["interview_id", "at"])
    op.create_index("ix_usage_at", "usage", ["at"])
    op.create_table(
        "provider_health",
        sa.Column("process", sa.String(length=128), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("port", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        _moment("last_error_at", is_needed=False),
        _moment("last_success_at", is_needed=False),
        _moment("at", is_now=True),
        sa.PrimaryKeyConstraint("process", "provider", "port", name=op.f("pk_provider_health")),
    )
    op.create_table(
        "spoken_phrases",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("voice", sa.String(length=128), nullable=False),
        sa.Column("text_kind", sa.String(length=16), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("last_used_at"),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        _moment("expires_at"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_spoken_phrases")),
    )
    op.create_index("ix_spoken_phrases_expires_at", "spoken_phrases", ["expires_at"])


def downgrade() -> None:
    op.drop_table("spoken_phrases")
    op.drop_table("provider_health")
    op.drop_table("usage")
