"""delegates

Who stands in for a mentor between two days, and for whom somebody stood in who reviewed or signed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision: str | None = "0013"
branch_labels = None
depends_on = None

STANDS_IN = (
    ("mentoring", "stands_in_for"),
    ("review", "stood_in_for"),
    ("evaluation_version", "stood_in_for"),
)


def upgrade() -> None:
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mentor_id", sa.Integer(), nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["membership.id"], name=op.f("fk_delegation_mentor_id")
        ),
        sa.ForeignKeyConstraint(
            ["delegate_id"], ["membership.id"], name=op.f("fk_delegation_delegate_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
        sqlite_autoincrement=True,
    )
    for column in ("mentor_id", "delegate_id", "last_day"):
        op.create_index(op.f(f"ix_delegation_{column}"), "delegation", [column], unique=False)
    for table, column in STANDS_IN:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column(column, sa.Integer(), nullable=True))
            batch.create_foreign_key(op.f(f"fk_{table}_{column}"), "membership", [column], ["id"])
            if table == "mentoring":
                batch.create_index(op.f(f"ix_{table}_{column}"), [column], unique=False)


def downgrade() -> None:
    # What stood in place of a mentor's own link ends with the table that says until when.
    op.execute(
        "UPDATE mentoring SET ended_at = CURRENT_TIMESTAMP "
        "WHERE stands_in_for IS NOT NULL AND ended_at IS NULL"
    )
    for table, column in reversed(STANDS_IN):
        with op.batch_alter_table(table) as batch:
            if table == "mentoring":
                batch.drop_index(op.f(f"ix_{table}_{column}"))
            batch.drop_constraint(op.f(f"fk_{table}_{column}"), type_="foreignkey")
            batch.drop_column(column)
    for column in ("last_day", "delegate_id", "mentor_id"):
        op.drop_index(op.f(f"ix_delegation_{column}"), table_name="delegation")
    op.drop_table("delegation")
