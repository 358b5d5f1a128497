"""the cohorts' offices

From here on a coordinator sees what is at or below their unit. Until now each saw the whole of
their cohort, and goes on to: a cohort without an office gets that of its coordinators, where they
have one in common; a coordinator whose unit is not an office has none from now on. What each unit
was stays in the audit. New kinds of units, and the role of an auditor, are words in columns that
take any.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None

unit = sa.table("unit", sa.column("id"), sa.column("kind"))
cohort = sa.table("cohort", sa.column("id"), sa.column("office_id"))
membership = sa.table(
    "membership",
    sa.column("id"),
    sa.column("cohort_id"),
    sa.column("role"),
    sa.column("unit_id"),
    sa.column("ended_at"),
)
audit = sa.table(
    "audit",
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("verb"),
    sa.column("object"),
    sa.column("object_id"),
    sa.column("refused"),
    sa.column("detail", sa.JSON()),
)


OVERSEE = ("office", "province", "city")


def upgrade() -> None:
    here = op.get_bind()
    coordinators = sa.and_(membership.c.role == "coordinator", membership.c.unit_id == unit.c.id)
    offices = (
        sa.select(membership.c.cohort_id, sa.func.min(unit.c.id))
        .where(coordinators, unit.c.kind == "office", membership.c.ended_at.is_(None))
        .group_by(membership.c.cohort_id)
        .having(sa.func.min(unit.c.id) == sa.func.max(unit.c.id))
    )
    for cohort_id, office_id in here.execute(offices).all():
        here.execute(
            cohort.update()
            .where(cohort.c.id == cohort_id, cohort.c.office_id.is_(None))
            .values(office_id=office_id)
        )
    elsewhere = sa.select(membership.c.id, unit.c.id).where(
        coordinators, unit.c.kind.not_in(OVERSEE)
    )
    for member_id, unit_id in here.execute(elsewhere).all():
        here.execute(membership.update().where(membership.c.id == member_id).values(unit_id=None))
        here.execute(
            audit.insert().values(
                at=sa.func.current_timestamp(),
                verb="leave_unit",
                object="membership",
                object_id=member_id,
                refused="",
                detail={"unit": unit_id},
            )
        )


def downgrade() -> None:
    """What was filled in is true before as well; words that the version before does not know are
    given the nearest that it knows, and an auditor's place ends."""
    here = op.get_bind()
    here.execute(unit.update().where(unit.c.kind.in_(OVERSEE)).values(kind="office"))
    here.execute(unit.update().where(unit.c.kind == "team").values(kind="school"))
    here.execute(
        membership.update()
        .where(membership.c.role == "auditor")
        .values(ended_at=sa.func.current_timestamp())
    )
