"""questions and answers of the offices"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("programme", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=2000), nullable=False),
        sa.Column("clause", sa.String(length=120), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_question_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["person.id"], name=op.f("fk_question_answered_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_question_account_id_state"), ["account_id", "state"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_question_state_programme"), ["state", "programme"], unique=False
        )

    op.create_table(
        "curated",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(length=60), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column(
            "asks", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("says", sa.String(length=2000), nullable=False),
        sa.Column("clause", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("written_by", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["published_by"], ["person.id"], name=op.f("fk_curated_published_by")
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_curated_question_id")
        ),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_curated_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_curated")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("curated", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_curated_question_id"), ["question_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_curated_state_programme"), ["state", "programme"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("curated", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_curated_state_programme"))
        batch_op.drop_index(batch_op.f("ix_curated_question_id"))

    op.drop_table("curated")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_state_programme"))
        batch_op.drop_index(batch_op.f("ix_question_account_id_state"))

    op.drop_table("question")
