"""entered on the platform

Which entries their learners have entered on the official platform as well.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision: str | None = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "platform_entry",
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_platform_entry_record_id")
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_platform_entry")),
    )


def downgrade() -> None:
    op.drop_table("platform_entry")
