"""imported rosters

Undoing an import deletes what it made, so the numbers of people, places and units are never used
again: an old button or audit row would then mean somebody else.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision: str | None = "0012"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _rebuild("person", autoincrement=True)
    _rebuild("unit", autoincrement=True)
    _rebuild("membership", autoincrement=True)
    with op.batch_alter_table("membership", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("team_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_membership_team_id"), "unit", ["team_id"], ["id"])
        batch.create_index(op.f("ix_membership_team_id"), ["team_id"], unique=False)
    op.create_table(
        "roster_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohort.id"], name=op.f("fk_roster_import_cohort_id")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_roster_import_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_import")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_roster_import_cohort_id"), "roster_import", ["cohort_id"], unique=False
    )
    op.create_table(
        "roster_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=False),
        sa.Column("before", _JSON, nullable=True),
        sa.Column("after", _JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["roster_import.id"], name=op.f("fk_roster_change_import_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_roster_change_import_id"), "roster_change", ["import_id"], unique=False
    )
    op.create_table(
        "heading_meaning",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("heading", sa.String(length=80), nullable=False),
        sa.Column("meaning", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["office_id"], ["unit.id"], name=op.f("fk_heading_meaning_office_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heading_meaning")),
        sa.UniqueConstraint(
            "office_id", "heading", name=op.f("uq_heading_meaning_office_id_heading")
        ),
    )


def downgrade() -> None:
    op.drop_table("heading_meaning")
    op.drop_index(op.f("ix_roster_change_import_id"), table_name="roster_change")
    op.drop_table("roster_change")
    op.drop_index(op.f("ix_roster_import_cohort_id"), table_name="roster_import")
    op.drop_table("roster_import")
    with op.batch_alter_table("membership") as batch:
        batch.drop_index(op.f("ix_membership_team_id"))
        batch.drop_constraint(op.f("fk_membership_team_id"), type_="foreignkey")
        batch.drop_column("team_id")
    _rebuild("person", autoincrement=False)
    _rebuild("unit", autoincrement=False)
    _rebuild("membership", autoincrement=False)


def _rebuild(table: str, *, autoincrement: bool) -> None:
    """Make a table anew on SQLite, where only that changes how its numbers are given."""
    if op.get_bind().dialect.name == "sqlite":
        kwargs = {"sqlite_autoincrement": autoincrement}
        with op.batch_alter_table(table, recreate="always", table_kwargs=kwargs):
            pass
