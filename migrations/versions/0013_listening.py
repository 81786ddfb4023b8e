"""How an interview is listened to, and breaks that the user orders."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = ("interviews", "interview_templates")
_CHECKS = {
    "endpoint_policy": "endpoint_policy in ('adaptive', 'fixed')",
    "endpoint_silence_ms": "endpoint_silence_ms between 200 and 10000",
    "endpoint_threshold_dbfs": "endpoint_threshold_dbfs between -90 and -10",
}


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("endpoint_policy", sa.String(length=16), nullable=True))
        op.add_column(table, sa.Column("endpoint_silence_ms", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column("endpoint_threshold_dbfs", sa.Float(), nullable=True))
        for name, rule in _CHECKS.items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)
    _allow_commands("'end', 'add_time', 'skip', 'pause', 'note'")


def downgrade() -> None:
    op.execute("delete from call_commands where command = 'pause'")
    _allow_commands("'end', 'add_time', 'skip', 'note'")
    for table in _TABLES:
        for name in _CHECKS:
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
            op.drop_column(table, name)


def _allow_commands(names: str) -> None:
    op.drop_constraint(op.f("ck_call_commands_command"), "call_commands", type_="check")
    op.create_check_constraint(op.f("ck_call_commands_command"), "call_commands", f"command in ({names})")
