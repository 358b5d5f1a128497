"""proofs of hours, and keys that were stolen

A proof of hours is a certificate of a member who teaches: it names what it proves, rests on no
evaluation, and has a series of numbers of its own. A key knows since when it may have been stolen.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision: str | None = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("signing_key") as batch:
        batch.add_column(sa.Column("stolen_on", sa.Date(), nullable=True))
    with op.batch_alter_table("certificate") as batch:
        batch.add_column(sa.Column("proof", sa.String(24), nullable=False, server_default=""))
        batch.alter_column("evaluation_id", existing_type=sa.Integer(), nullable=True)
        batch.alter_column("student_id", new_column_name="member_id")
        batch.drop_constraint(op.f("uq_certificate_cohort_id_nth"), type_="unique")
        batch.drop_constraint(op.f("uq_certificate_student_id_issue"), type_="unique")
        batch.drop_constraint(op.f("fk_certificate_student_id"), type_="foreignkey")
    with op.batch_alter_table("certificate") as batch:
        batch.alter_column("proof", server_default=None)
        batch.create_unique_constraint(
            op.f("uq_certificate_cohort_id_proof_nth"), ["cohort_id", "proof", "nth"]
        )
        batch.create_unique_constraint(
            op.f("uq_certificate_member_id_proof_issue"), ["member_id", "proof", "issue"]
        )
        batch.create_foreign_key(
            op.f("fk_certificate_member_id"), "membership", ["member_id"], ["id"]
        )


def downgrade() -> None:
    # What the earlier tables cannot hold goes: what was signed verifies by its signature still.
    op.execute(
        "DELETE FROM revocation WHERE certificate_id IN"
        " (SELECT id FROM certificate WHERE proof <> '')"
    )
    op.execute("DELETE FROM certificate WHERE proof <> ''")
    with op.batch_alter_table("certificate") as batch:
        batch.drop_constraint(op.f("uq_certificate_cohort_id_proof_nth"), type_="unique")
        batch.drop_constraint(op.f("uq_certificate_member_id_proof_issue"), type_="unique")
        batch.drop_constraint(op.f("fk_certificate_member_id"), type_="foreignkey")
        batch.alter_column("member_id", new_column_name="student_id")
        batch.alter_column("evaluation_id", existing_type=sa.Integer(), nullable=False)
        batch.drop_column("proof")
    with op.batch_alter_table("certificate") as batch:
        batch.create_unique_constraint(op.f("uq_certificate_cohort_id_nth"), ["cohort_id", "nth"])
        batch.create_unique_constraint(
            op.f("uq_certificate_student_id_issue"), ["student_id", "issue"]
        )
        batch.create_foreign_key(
            op.f("fk_certificate_student_id"), "membership", ["student_id"], ["id"]
        )
    with op.batch_alter_table("signing_key") as batch:
        batch.drop_column("stolen_on")
