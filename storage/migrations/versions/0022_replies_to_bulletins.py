"""replies to bulletins

What recipients reply to a bulletin, and what the office answers. Rows are only added.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision: str | None = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulletin_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(24), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"],
            ["bulletin_recipient.id"],
            name=op.f("fk_bulletin_reply_recipient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_bulletin_reply_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin_reply")),
        sqlite_autoincrement=True,
    )
    for columns in (["recipient_id", "id"], ["person_id"]):
        name = op.f(f"ix_bulletin_reply_{'_'.join(columns)}")
        op.create_index(name, "bulletin_reply", columns, unique=False)


def downgrade() -> None:
    op.drop_table("bulletin_reply")
