"""notices with a reason and a condition"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None

NEW = ("why", "condition", "offers")


def upgrade() -> None:
    for name in NEW:
        kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
        op.add_column("outbox", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    # The version before knows neither state: for it, such a message is one that failed.
    op.execute("UPDATE outbox SET state = 'failed' WHERE state IN ('dropped', 'aside')")
    for name in reversed(NEW):
        op.drop_column("outbox", name)
