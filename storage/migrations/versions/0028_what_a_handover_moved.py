"""what a handover moved

The places and links that a handover ended and began, so that it can be taken back.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision: str | None = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("handover", sa.Column("moved", kind, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("handover", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_column("moved")
