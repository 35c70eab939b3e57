"""Acceptances of responsibility before passports are issued, and anchors of the access logs."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('responsibility_acceptance',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('maker_id', sa.String(length=64), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revocation_reason', sa.String(), nullable=True),
    sa.Column('statement', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_responsibility_acceptance_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'id', name=op.f('pk_responsibility_acceptance'))
    )
    with op.batch_alter_table('responsibility_acceptance', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_responsibility_acceptance_id'), ['id'], unique=False)
        batch_op.create_index(batch_op.f('ix_responsibility_acceptance_maker_id'), ['maker_id'], unique=False)
    op.create_table('access_anchor',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('log_index', sa.BigInteger(), nullable=False),
    sa.Column('anchored_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_access_anchor_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'sequence', name=op.f('pk_access_anchor'))
    )


def downgrade() -> None:
    op.drop_table('access_anchor')
    op.drop_table('responsibility_acceptance')
