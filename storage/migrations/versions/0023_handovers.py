"""handovers

Places in a cohort that pass from one person to another on a day.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision: str | None = "0022"
branch_labels = None
depends_on = None

COLUMNS = {
    "place_id": "membership.id",
    "successor_id": "person.id",
    "made_by": "person.id",
    "to_id": "membership.id",
}


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("successor_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("to_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint([column], [of], name=op.f(f"fk_handover_{column}"))
            for column, of in COLUMNS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
        sqlite_autoincrement=True,
    )
    for column in (*COLUMNS, "first_day"):
        op.create_index(op.f(f"ix_handover_{column}"), "handover", [column], unique=False)


def downgrade() -> None:
    op.drop_table("handover")
