"""Appointments and windows, who may be called, and the messages that go out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_refusals",
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("channel in ('call', 'email', 'sms')", name=op.f("ck_contact_refusals_channel")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_refusals")),
        sa.UniqueConstraint("channel", "address", name=op.f("uq_contact_refusals_channel_address")),
    )
    op.create_table(
        "calendar_feeds",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_calendar_feeds_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_calendar_feeds")),
    )
    op.create_table(
        "call_permissions",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("text_version", sa.String(length=32), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_call_permissions_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_permissions")),
    )
    op.create_index(
        "uq_call_permissions_open",
        "call_permissions",
        ["owner_id", "phone"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at is null"),
    )
    op.create_table(
        "recurring_series",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("rhythm", sa.String(length=16), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_wall_time", sa.DateTime(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_recurring_series_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurring_series")),
    )
    op.create_index(op.f("ix_recurring_series_owner_id"), "recurring_series", ["owner_id"], unique=False)
    op.create_table(
        "appointments",
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("wall_time", sa.DateTime(), nullable=True),
        sa.Column("which", sa.String(length=8), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zone_edition", sa.String(length=16), server_default="", nullable=False),
        sa.Column("length_min", sa.Integer(), nullable=False),
        sa.Column("answer_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edition", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("picked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state_reason", sa.String(length=64), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(substr(phone, 2)::bigint, substr(phone, 2)::bigint, '[]')"), "&&"),
            (sa.text("tstzrange(due_at, ends_at)"), "&&"),
            where=sa.text("state in ('booked', 'taken') and due_at is not null"),
            using="gist",
            name="ex_appointments_one_call_at_a_time",
        ),
        sa.CheckConstraint("kind in ('at', 'window', 'dial_in', 'now')", name=op.f("ck_appointments_kind")),
        sa.CheckConstraint(
            "state in ('open', 'booked', 'taken', 'kept', 'missed', 'cancelled')", name=op.f("ck_appointments_state")
        ),
        sa.CheckConstraint(
            "state not in ('booked', 'taken') or kind = 'dial_in' or due_at is not null",
            name=op.f("ck_appointments_has_hour"),
        ),
        sa.CheckConstraint("(due_at is null) = (ends_at is null)", name=op.f("ck_appointments_due_and_ends")),
        sa.CheckConstraint("length_min between 1 and 240", name=op.f("ck_appointments_length_min")),
        sa.ForeignKeyConstraint(
            ["interview_id"],
            ["interviews.id"],
            name=op.f("fk_appointments_interview_id_interviews"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_appointments_owner_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["recurring_series.id"],
            name=op.f("fk_appointments_series_id_recurring_series"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.UniqueConstraint("interview_id", name=op.f("uq_appointments_interview_id")),
    )
    op.create_index("ix_appointments_owner_due", "appointments", ["owner_id", "due_at"], unique=False)
    op.create_index("ix_appointments_state_due", "appointments", ["state", "due_at"], unique=False)
    op.create_table(
        "booking_windows",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("openings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("step_min", sa.Integer(), nullable=False),
        sa.Column("notice_min", sa.Integer(), nullable=False),
        sa.Column("buffer_min", sa.Integer(), nullable=False),
        sa.Column("most_a_day", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointments.id"],
            name=op.f("fk_booking_windows_appointment_id_appointments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_windows")),
        sa.UniqueConstraint("appointment_id", name=op.f("uq_booking_windows_appointment_id")),
    )
    op.create_table(
        "outbox_messages",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("touch", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("recipient", sa.String(length=255), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=True),
        sa.Column("provider_id", sa.String(length=128), nullable=True),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state in ('planned', 'sending', 'sent', 'delivered', 'failed', 'skipped', 'unknown')",
            name=op.f("ck_outbox_messages_state"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointments.id"],
            name=op.f("fk_outbox_messages_appointment_id_appointments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["interview_id"],
            ["interviews.id"],
            name=op.f("fk_outbox_messages_interview_id_interviews"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_outbox_messages_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_messages")),
        sa.UniqueConstraint(
            "appointment_id",
            "edition",
            "touch",
            "channel",
            name=op.f("uq_outbox_messages_appointment_id_edition_touch_channel"),
        ),
    )
    op.create_index(op.f("ix_outbox_messages_interview_id"), "outbox_messages", ["interview_id"], unique=False)
    op.create_index("ix_outbox_messages_owner_due", "outbox_messages", ["owner_id", "due_at"], unique=False)
    op.create_index("ix_outbox_messages_state_due", "outbox_messages", ["state", "due_at"], unique=False)
    op.create_index(
        "uq_outbox_messages_provider_id",
        "outbox_messages",
        ["provider_id"],
        unique=True,
        postgresql_where=sa.text("provider_id is not null"),
    )
    op.add_column("candidates", sa.Column("email", sa.String(length=255), nullable=True))


def downgrade() -> None:
    op.drop_column("candidates", "email")
    op.drop_index(
        "uq_outbox_messages_provider_id",
        table_name="outbox_messages",
        postgresql_where=sa.text("provider_id is not null"),
    )
    op.drop_index("ix_outbox_messages_state_due", table_name="outbox_messages")
    op.drop_index("ix_outbox_messages_owner_due", table_name="outbox_messages")
    op.drop_index(op.f("ix_outbox_messages_interview_id"), table_name="outbox_messages")
    op.drop_table("outbox_messages")
    op.drop_table("booking_windows")
    op.drop_index("ix_appointments_state_due", table_name="appointments")
    op.drop_index("ix_appointments_owner_due", table_name="appointments")
    op.drop_table("appointments")
    op.drop_index(op.f("ix_recurring_series_owner_id"), table_name="recurring_series")
    op.drop_table("recurring_series")
    op.drop_index(
        "uq_call_permissions_open", table_name="call_permissions", postgresql_where=sa.text("withdrawn_at is null")
    )
    op.drop_table("call_permissions")
    op.drop_table("calendar_feeds")
    op.drop_table("contact_refusals")
