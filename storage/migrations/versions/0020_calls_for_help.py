"""calls for help

A learner's calls for help to named adults, and what became of each. Rows are only added.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision: str | None = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "help_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("learner_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["membership.id"], name=op.f("fk_help_call_learner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_call")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_help_call_learner_id"), "help_call", ["learner_id"], unique=False)
    op.create_table(
        "help_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(2000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["help_call.id"], name=op.f("fk_help_step_call_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_help_step_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_step")),
        sqlite_autoincrement=True,
    )
    for column in ("call_id", "person_id"):
        op.create_index(op.f(f"ix_help_step_{column}"), "help_step", [column], unique=False)
    for table in TABLES:
        _only_added(table)


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        for table in TABLES:
            op.execute(f"DROP TRIGGER {table}_unchanged ON {table}")
        op.execute("DROP FUNCTION help_refuse()")
    # A table's triggers go with it on SQLite.
    for table in reversed(TABLES):
        op.drop_table(table)


TABLES = ("help_call", "help_step")
SAID = "calls for help are only added to"


def _only_added(table: str) -> None:
    """Refuse every change of a row; rows may be added, and erased."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_unchanged BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION help_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{SAID}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_unchanged BEFORE UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION help_refuse()"
    )
