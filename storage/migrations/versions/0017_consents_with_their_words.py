"""consents with their words

From which version of the words a guardian's consent was given, and by which way; the words
themselves. Of consents given before, neither is known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision: str | None = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent_text",
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_consent_text")),
    )
    with op.batch_alter_table("guardianship") as batch:
        for name, length in (("consent_version", 16), ("consent_way", 24)):
            batch.add_column(sa.Column(name, sa.String(length), nullable=False, server_default=""))
    with op.batch_alter_table("guardianship") as batch:
        for name in ("consent_version", "consent_way"):
            batch.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("guardianship") as batch:
        for name in ("consent_way", "consent_version"):
            batch.drop_column(name)
    op.drop_table("consent_text")
