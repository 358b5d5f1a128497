"""what a message is shown as"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("shown", sa.String(length=64), nullable=True))
    op.drop_table("card")


def downgrade() -> None:
    op.create_table(
        "card",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_card_account_id")),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_card")),
    )
    op.drop_column("outbox", "shown")
