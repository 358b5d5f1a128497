"""what is kept of people

Raw updates are emptied once they are handled, from here on and for those that were handled before.
The web chat's own lines have a table of their own. What was said there until now is not carried
over: whether it might be kept was not asked when it was written. A guardianship can end. What an
office publishes knows its office; what is there holds everywhere, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels = None
depends_on = None

OF_AN_OFFICE = ("question", "curated", "document")

update = sa.table("update", sa.column("state"), sa.column("raw"))
account = sa.table("account", sa.column("person_id"), sa.column("name"))


def upgrade() -> None:
    op.create_table(
        "said",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_said_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_said")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_said_account_id_at"), "said", ["account_id", "at"])
    at = sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("guardianship", at)
    op.add_column("file", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    for table in OF_AN_OFFICE:
        with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": True}) as changed:
            changed.add_column(sa.Column("office_id", sa.Integer(), nullable=True))
            changed.create_foreign_key(
                op.f(f"fk_{table}_office_id"), "unit", ["office_id"], ["id"]
            )
    here = op.get_bind()
    here.execute(update.update().where(update.c.state != "waiting").values(raw=""))
    here.execute(account.update().where(account.c.person_id.is_(None)).values(name=""))


def downgrade() -> None:
    for table in OF_AN_OFFICE:
        with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": True}) as changed:
            changed.drop_constraint(op.f(f"fk_{table}_office_id"), type_="foreignkey")
            changed.drop_column("office_id")
    op.drop_column("file", "expires_at")
    op.drop_column("guardianship", "ended_at")
    op.drop_index(op.f("ix_said_account_id_at"), table_name="said")
    op.drop_table("said")
