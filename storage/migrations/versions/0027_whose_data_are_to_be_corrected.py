"""whose data are to be corrected

What somebody asks of an office about a person's data stands among the questions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision: str | None = "0026"
branch_labels = None
depends_on = None
NEVER_AGAIN = {"sqlite_autoincrement": True}


def upgrade() -> None:
    with op.batch_alter_table("question", table_kwargs=NEVER_AGAIN) as batch:
        batch.add_column(sa.Column("about_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_question_about_id"), "person", ["about_id"], ["id"])
        batch.create_index(op.f("ix_question_about_id"), ["about_id"])


def downgrade() -> None:
    with op.batch_alter_table("question", table_kwargs=NEVER_AGAIN) as batch:
        batch.drop_index(op.f("ix_question_about_id"))
        batch.drop_constraint(op.f("fk_question_about_id"), type_="foreignkey")
        batch.drop_column("about_id")
