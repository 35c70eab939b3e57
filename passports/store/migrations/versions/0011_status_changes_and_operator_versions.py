"""What was said of passports' status, and versions of operators' data."""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('passport_status_change',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('passport_id', sa.String(length=64), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.String(length=64), nullable=False),
    sa.Column('acting_id', sa.String(length=64), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_passport_status_change_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'passport_id', 'sequence', name=op.f('pk_passport_status_change'))
    )
    with op.batch_alter_table('passport_status_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_passport_status_change_passport_id'), ['passport_id'], unique=False)
    op.create_table('operator_version',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor_id', sa.String(length=64), nullable=True),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_operator_version_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'version', name=op.f('pk_operator_version'))
    )


def downgrade() -> None:
    op.drop_table('operator_version')
    op.drop_table('passport_status_change')
