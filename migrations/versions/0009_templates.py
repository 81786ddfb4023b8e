"""Templates and drafts of interviews; what an interview owes its candidate beforehand and answers when asked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0011"
branch_labels = None
depends_on = None

_NOTICE_RULE = "notice_h is null or notice_h between 1 and 336"


def _stamps() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


def _owner(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_owner_id_users")
    return sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    no_faq = sa.text("'[]'::jsonb")
    op.create_table(
        "interview_templates",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("topics", json, nullable=False),
        sa.Column("question_count", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=16), server_default="en", nullable=False),
        sa.Column("rubric", sa.String(length=64), nullable=False),
        sa.Column("notice_h", sa.Integer(), nullable=True),
        sa.Column("faq", json, server_default=no_faq, nullable=False),
        *_stamps(),
        sa.CheckConstraint("level in ('junior', 'mid', 'senior')", name=op.f("ck_interview_templates_level")),
        sa.CheckConstraint("question_count between 1 and 30", name=op.f("ck_interview_templates_question_count")),
        sa.CheckConstraint(_NOTICE_RULE, name=op.f("ck_interview_templates_notice_h")),
        _owner("interview_templates"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interview_templates")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_interview_templates_owner_id_name")),
    )
    op.create_table(
        "interview_drafts",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("typed", json, nullable=False),
        sa.Column("reached", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("interview_id", sa.Uuid(), nullable=True),
        *_stamps(),
        _owner("interview_drafts"),
        sa.ForeignKeyConstraint(
            ["interview_id"],
            ["interviews.id"],
            name=op.f("fk_interview_drafts_interview_id_interviews"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interview_drafts")),
    )
    op.create_index("ix_interview_drafts_owner_updated", "interview_drafts", ["owner_id", "updated_at"])
    op.create_index(op.f("ix_interview_drafts_interview_id"), "interview_drafts", ["interview_id"])
    op.add_column("interviews", sa.Column("notice_h", sa.Integer(), nullable=True))
    op.add_column("interviews", sa.Column("faq", json, server_default=no_faq, nullable=False))
    op.create_check_constraint(op.f("ck_interviews_notice_h"), "interviews", _NOTICE_RULE)
    op.add_column("users", sa.Column("own_phone", sa.String(length=20), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "own_phone")
    op.drop_constraint(op.f("ck_interviews_notice_h"), "interviews", type_="check")
    op.drop_column("interviews", "faq")
    op.drop_column("interviews", "notice_h")
    op.drop_table("interview_drafts")
    op.drop_table("interview_templates")
