"""The outbox of the EU registry, and passports kept for others."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('registry_enrolment',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('verified_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('evidence', sa.String(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_registry_enrolment_operator')),
    sa.PrimaryKeyConstraint('operator_id', name=op.f('pk_registry_enrolment'))
    )
    op.create_table('registry_submission',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('correlation_id', sa.String(length=200), nullable=True),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_registry_submission_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'id', name=op.f('pk_registry_submission'))
    )
    with op.batch_alter_table('registry_submission', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_registry_submission_operator_id_state'), ['operator_id', 'state'], unique=False)

    op.create_table('registry_entry',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('passport_id', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('submission_id', sa.String(length=64), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('identifier', sa.String(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['operator_id', 'passport_id', 'version'], ['passport.operator_id', 'passport.id', 'passport.version'], name=op.f('fk_registry_entry_passport')),
    sa.ForeignKeyConstraint(['operator_id', 'submission_id'], ['registry_submission.operator_id', 'registry_submission.id'], name=op.f('fk_registry_entry_registry_submission')),
    sa.PrimaryKeyConstraint('operator_id', 'passport_id', 'version', name=op.f('pk_registry_entry'))
    )
    with op.batch_alter_table('registry_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_registry_entry_operator_id_state'), ['operator_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_registry_entry_operator_id_submission_id'), ['operator_id', 'submission_id'], unique=False)

    op.create_table('registry_proof',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('passport_id', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('registration_id', sa.String(length=200), nullable=False),
    sa.Column('passport_sha256', sa.String(length=64), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('downloadable_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['operator_id', 'passport_id', 'version'], ['passport.operator_id', 'passport.id', 'passport.version'], name=op.f('fk_registry_proof_passport')),
    sa.PrimaryKeyConstraint('operator_id', 'passport_id', 'version', name=op.f('pk_registry_proof'))
    )
    op.create_table('operator_continuity',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('base_url', sa.String(), nullable=True),
    sa.Column('archive_sha256', sa.String(length=64), nullable=True),
    sa.Column('archive_made_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('imported_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('audience', sa.String(length=16), nullable=True),
    sa.Column('trust', sa.String(length=16), nullable=True),
    sa.Column('ceased_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ceased_by', sa.String(length=64), nullable=True),
    sa.Column('ceased_reason', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_operator_continuity_operator')),
    sa.PrimaryKeyConstraint('operator_id', name=op.f('pk_operator_continuity'))
    )
    op.create_table('kept_log',
    sa.Column('origin', sa.String(length=300), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('checkpoint', sa.LargeBinary(), nullable=False),
    sa.Column('keys', sa.JSON(), nullable=False),
    sa.Column('trust', sa.String(length=16), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('origin', name=op.f('pk_kept_log'))
    )
    op.create_table('kept_log_tile',
    sa.Column('origin', sa.String(length=300), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('index', sa.BigInteger(), nullable=False),
    sa.Column('hashes', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('origin', 'level', 'index', name=op.f('pk_kept_log_tile'))
    )


def downgrade() -> None:
    for table in (
        'kept_log_tile',
        'kept_log',
        'operator_continuity',
        'registry_proof',
        'registry_entry',
        'registry_submission',
        'registry_enrolment',
    ):
        op.drop_table(table)
