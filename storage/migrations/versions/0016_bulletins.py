"""bulletins

Notices that an office sends to many, their files and recipients, and who has confirmed them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision: str | None = "0015"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_TIME = sa.DateTime(timezone=True)
_INDEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("bulletin", ("cohort_id",)),
    ("bulletin", ("by_id",)),
    ("bulletin", ("state", "not_before")),
    ("bulletin_file", ("file_id",)),
    ("bulletin_recipient", ("person_id",)),
    ("bulletin_recipient", ("membership_id",)),
    ("bulletin_recipient", ("state", "id")),
    ("bulletin_recipient", ("bulletin_id", "state", "id")),
)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to + ".id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "bulletin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(120), nullable=False),
        sa.Column("words", sa.String(2000), nullable=False),
        sa.Column("asks_receipt", sa.Boolean(), nullable=False),
        sa.Column("audience", _JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", _TIME, nullable=True),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("not_before", _TIME, nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("reminded_at", _TIME, nullable=True),
        sa.Column("reminding", sa.Boolean(), nullable=False),
        _refers("bulletin", "cohort_id", "cohort"),
        _refers("bulletin", "by_id", "membership"),
        _refers("bulletin", "confirmed_by", "person"),
        _refers("bulletin", "approved_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "bulletin_file",
        sa.Column("bulletin_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        _refers("bulletin_file", "bulletin_id", "bulletin"),
        _refers("bulletin_file", "file_id", "file"),
        sa.PrimaryKeyConstraint("bulletin_id", "file_id", name=op.f("pk_bulletin_file")),
    )
    op.create_table(
        "bulletin_recipient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bulletin_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("received_at", _TIME, nullable=True),
        sa.Column("reminded_at", _TIME, nullable=True),
        _refers("bulletin_recipient", "bulletin_id", "bulletin"),
        _refers("bulletin_recipient", "person_id", "person"),
        _refers("bulletin_recipient", "membership_id", "membership"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin_recipient")),
        sa.UniqueConstraint(
            "bulletin_id",
            "person_id",
            name=op.f("uq_bulletin_recipient_bulletin_id_person_id"),
        ),
        sqlite_autoincrement=True,
    )
    for table, columns in _INDEXES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def downgrade() -> None:
    for table in ("bulletin_recipient", "bulletin_file", "bulletin"):
        op.drop_table(table)
