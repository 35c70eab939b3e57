"""The class of the reason for which a passport was suspended or revoked."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('passport_status_change', schema=None) as batch_op:
        batch_op.add_column(sa.Column('reason_class', sa.String(length=16), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('passport_status_change', schema=None) as batch_op:
        batch_op.drop_column('reason_class')
