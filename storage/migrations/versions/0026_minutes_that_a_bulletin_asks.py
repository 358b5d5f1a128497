"""minutes that a bulletin asks

How long reading a bulletin, and doing what it says, takes whoever gets it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision: str | None = "0025"
branch_labels = None
depends_on = None
NEVER_AGAIN = {"sqlite_autoincrement": True}


def upgrade() -> None:
    with op.batch_alter_table("bulletin", table_kwargs=NEVER_AGAIN) as batch:
        batch.add_column(sa.Column("minutes", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("bulletin", table_kwargs=NEVER_AGAIN) as batch:
        batch.alter_column("minutes", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("bulletin", table_kwargs=NEVER_AGAIN) as batch:
        batch.drop_column("minutes")
