"""The job queue's tables, as procrastinate 3.10.0 brings them along."""

import sqlalchemy as sa
from alembic import op
from procrastinate.metadata import extract_metadata
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WRITTEN_FOR = "3.10.0"

_EVERYTHING = """
do $$
declare item record;
begin
    for item in select tablename as name from pg_tables
        where schemaname = current_schema() and tablename like 'procrastinate\\_%' loop
        execute format('drop table %I cascade', item.name);
    end loop;
    for item in select p.oid::regprocedure as name from pg_proc p
        where p.pronamespace = current_schema()::regnamespace and p.proname like 'procrastinate\\_%' loop
        execute format('drop function %s cascade', item.name);
    end loop;
    for item in select t.typname as name from pg_type t
        where t.typnamespace = current_schema()::regnamespace and t.typname like 'procrastinate\\_%' loop
        execute format('drop type %I cascade', item.name);
    end loop;
end $$
"""


def upgrade() -> None:
    installed = extract_metadata()["version"]
    if installed != WRITTEN_FOR:
        raise RuntimeError(
            f"This revision lays procrastinate {WRITTEN_FOR}'s tables, but {installed} is installed. "
            "Install the pinned version; to move to another one, add a revision with the steps of that release."
        )
    op.get_bind().connection.cursor().execute(SchemaManager.get_schema())


def downgrade() -> None:
    op.execute(sa.text(_EVERYTHING))
