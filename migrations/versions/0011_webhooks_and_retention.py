"""Webhooks to users' systems; how long recordings and words are kept, and what was deleted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0008b"
branch_labels = None
depends_on = None

_STAMPS = ("created_at", "updated_at")


def _stamped() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
            for name in _STAMPS
        ),
    ]


def upgrade() -> None:
    op.add_column("users", sa.Column("recording_days", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_users_recording_days"), "users", "recording_days > 0")
    op.add_column("interviews", sa.Column("kept_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("interviews", sa.Column("kept_reason", sa.String(length=255), nullable=True))
    op.add_column("interviews", sa.Column("words_removed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("recordings", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("recordings", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "deletions",
        *_stamped(),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("interview_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("amounts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.CheckConstraint("what in ('recording', 'words')", name=op.f("ck_deletions_what")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_deletions_owner_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletions")),
    )
    op.create_index("ix_deletions_owner_id", "deletions", ["owner_id"])
    op.create_index("ix_deletions_interview_id", "deletions", ["interview_id"])
    op.create_table(
        "webhook_endpoints",
        *_stamped(),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("events", postgresql.JSONB(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_webhook_endpoints_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index("ix_webhook_endpoints_owner_id", "webhook_endpoints", ["owner_id"])
    op.create_table(
        "webhook_deliveries",
        *_stamped(),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('waiting', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_state")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_id_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "endpoint_id", "event", "subject", name=op.f("uq_webhook_deliveries_endpoint_id_event_subject")
        ),
    )
    op.create_index("ix_webhook_deliveries_endpoint_created", "webhook_deliveries", ["endpoint_id", "created_at"])


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
    op.drop_table("deletions")
    for table, columns in {
        "recordings": ("erased_at", "removed_at"),
        "interviews": ("words_removed_at", "kept_reason", "kept_since"),
    }.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_constraint(op.f("ck_users_recording_days"), "users", type_="check")
    op.drop_column("users", "recording_days")
