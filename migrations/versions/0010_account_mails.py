"""Mails to users about their account: tokens of their links, and a place in the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0010a"
branch_labels = None
depends_on = None

_BELONGS = (
    "touch in ('verification', 'password_reset', 'password_changed', 'account_locked', 'report_ready')"
    " or (appointment_id is not null and interview_id is not null)"
)


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("is_told_of_reports", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    # Whoever has an account already has been called for: nobody is locked out by a rule that comes later.
    op.execute("update users set verified_at = created_at where verified_at is null")
    op.create_table(
        "account_tokens",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_tokens_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_tokens_token_hash")),
    )
    op.create_index("ix_account_tokens_user_id", "account_tokens", ["user_id"])
    op.create_index("ix_account_tokens_expires_at", "account_tokens", ["expires_at"])
    op.alter_column("outbox_messages", "interview_id", nullable=True)
    op.alter_column("outbox_messages", "appointment_id", nullable=True)
    op.create_check_constraint(op.f("ck_outbox_messages_belongs"), "outbox_messages", _BELONGS)
    op.create_index(
        "uq_outbox_messages_report",
        "outbox_messages",
        ["interview_id"],
        unique=True,
        postgresql_where=sa.text("touch = 'report_ready'"),
    )


def downgrade() -> None:
    op.drop_index("uq_outbox_messages_report", table_name="outbox_messages")
    op.drop_constraint(op.f("ck_outbox_messages_belongs"), "outbox_messages")
    op.execute("delete from outbox_messages where appointment_id is null")
    op.alter_column("outbox_messages", "appointment_id", nullable=False)
    op.alter_column("outbox_messages", "interview_id", nullable=False)
    op.drop_table("account_tokens")
    op.drop_column("users", "is_told_of_reports")
