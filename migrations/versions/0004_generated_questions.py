"""Questions that a language model wrote, by role, level and topic, and which interviews they were given to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LEVELS = "('junior', 'mid', 'senior')"
_TOPICS = "('python', 'javascript', 'algorithms', 'databases', 'system_design', 'devops', 'react', 'nodejs')"
_DIFFICULTIES = "('easy', 'medium', 'hard')"


def upgrade() -> None:
    op.create_table(
        "generated_questions",
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("difficulty", sa.String(length=16), nullable=False),
        sa.Column("question_id", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column(
            "rubric_hints",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(f"level in {_LEVELS}", name=op.f("ck_generated_questions_level")),
        sa.CheckConstraint(f"topic in {_TOPICS}", name=op.f("ck_generated_questions_topic")),
        sa.CheckConstraint(f"difficulty in {_DIFFICULTIES}", name=op.f("ck_generated_questions_difficulty")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generated_questions")),
    )
    op.create_index(
        "uq_generated_questions_set",
        "generated_questions",
        ["role", "level", "language", "question_id"],
        unique=True,
    )
    op.create_index("ix_generated_questions_expires_at", "generated_questions", ["expires_at"], unique=False)
    op.create_table(
        "given_questions",
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("generated_question_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interview_id"],
            ["interviews.id"],
            name=op.f("fk_given_questions_interview_id_interviews"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["generated_question_id"],
            ["generated_questions.id"],
            name=op.f("fk_given_questions_generated_question_id_generated_questions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("interview_id", "generated_question_id", name=op.f("pk_given_questions")),
    )
    op.create_index(
        op.f("ix_given_questions_generated_question_id"),
        "given_questions",
        ["generated_question_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("given_questions")
    op.drop_table("generated_questions")
