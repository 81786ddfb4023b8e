"""Calls that we place: the row before the request, the gates that were closed, tasks for users, the account's pace."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0008"
branch_labels = None
depends_on = None

_BEFORE = "'ringing', 'live', 'completed', 'dropped', 'no_answer', 'busy', 'declined', 'failed', 'cancelled'"
_AFTER = (
    "'dialling', 'ringing', 'live', 'completed', 'dropped', 'no_answer', 'busy', 'voicemail', 'declined', 'failed', "
    "'cancelled'"
)


def upgrade() -> None:
    op.add_column("users", sa.Column("transfer_phone", sa.String(length=20), nullable=True))
    op.add_column("users", sa.Column("office_opens", sa.Time(), nullable=True))
    op.add_column("users", sa.Column("office_closes", sa.Time(), nullable=True))
    op.add_column("appointments", sa.Column("closed_gate", sa.String(length=32), nullable=True))
    op.add_column("appointments", sa.Column("gate_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("calls", "call_sid", nullable=True)
    op.add_column("calls", sa.Column("appointment_id", sa.Uuid(), nullable=True))
    op.add_column("calls", sa.Column("appointment_edition", sa.Integer(), nullable=True))
    op.add_column("calls", sa.Column("try_number", sa.Integer(), nullable=True))
    op.add_column("calls", sa.Column("phone", sa.String(length=20), nullable=True))
    op.add_column("calls", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("calls", sa.Column("dialled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("calls", sa.Column("status_sequence", sa.Integer(), server_default=sa.text("-1"), nullable=False))
    op.add_column("calls", sa.Column("answered_by", sa.String(length=32), nullable=True))
    op.create_foreign_key(
        op.f("fk_calls_appointment_id_appointments"),
        "calls",
        "appointments",
        ["appointment_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_unique_constraint(
        op.f("uq_calls_appointment_id_appointment_edition_try_number"),
        "calls",
        ["appointment_id", "appointment_edition", "try_number"],
    )
    op.create_index(
        "ix_calls_under_way",
        "calls",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state in ('dialling', 'ringing', 'live')"),
    )
    op.drop_constraint(op.f("ck_calls_state"), "calls", type_="check")
    op.create_check_constraint(op.f("ck_calls_state"), "calls", f"state in ({_AFTER})")
    op.create_table(
        "dial_pace",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_dial_pace")),
    )
    op.create_table(
        "call_tasks",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('call_back', 'not_called', 'not_reached')", name=op.f("ck_call_tasks_kind")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_call_tasks_owner_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["interview_id"], ["interviews.id"], name=op.f("fk_call_tasks_interview_id_interviews"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_call_tasks_call_id_calls"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_tasks")),
    )
    op.create_index(
        "ix_call_tasks_open",
        "call_tasks",
        ["owner_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("done_at is null"),
    )
    op.create_index(
        "uq_call_tasks_open",
        "call_tasks",
        ["interview_id", "kind"],
        unique=True,
        postgresql_where=sa.text("done_at is null"),
    )


def downgrade() -> None:
    """Calls that an older version cannot describe become what it would have called them."""
    op.drop_table("call_tasks")
    op.drop_table("dial_pace")
    op.drop_constraint(op.f("ck_calls_state"), "calls", type_="check")
    op.execute("update calls set state = 'no_answer' where state = 'voicemail'")
    op.execute("delete from calls where call_sid is null")
    op.execute("update calls set state = 'ringing' where state = 'dialling'")
    op.create_check_constraint(op.f("ck_calls_state"), "calls", f"state in ({_BEFORE})")
    op.drop_index("ix_calls_under_way", table_name="calls")
    op.drop_constraint(op.f("uq_calls_appointment_id_appointment_edition_try_number"), "calls", type_="unique")
    op.drop_constraint(op.f("fk_calls_appointment_id_appointments"), "calls", type_="foreignkey")
    for column in (
        "answered_by", "status_sequence", "dialled_at", "due_at", "phone", "try_number", "appointment_edition",
        "appointment_id",
    ):  # fmt: skip
        op.drop_column("calls", column)
    op.alter_column("calls", "call_sid", nullable=False)
    op.drop_column("appointments", "gate_seen_at")
    op.drop_column("appointments", "closed_gate")
    for column in ("office_closes", "office_opens", "transfer_phone"):
        op.drop_column("users", column)
