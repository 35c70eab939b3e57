"""Who calls: an operator, narrowed to what its key, its token or its authorisation lets it do.

Everything that asks an operator whether it may do something asks a caller the same way, so a narrowing
holds wherever it is asked.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from passports.authority.roles import Action, actions_of
from passports.errors import AccessDeniedError, Finding
from passports.operators import EconomicOperator


class Caller(EconomicOperator):
    """An operator as it calls.

    Attributes:
        actions: What it may do here: what its roles let it do, narrowed.
        credential_id: The API key, or the issuer and subject of the token, that came along.
        ends_at: When the API key ends; None: never, or it is no key.
        narrowed_to: What the credential is for, where that is said; None: for all that the roles let it do.
        actor_id: Who acts: the operator itself, or whom it has authorised to act for it.
        authorisation_id: The written authorisation under which another acts.
    """

    actions: frozenset[Action]
    credential_id: str
    narrowed_to: frozenset[Action] | None
    actor_id: str
    authorisation_id: str | None = None
    ends_at: datetime | None = None

    @classmethod
    def of(
        cls,
        operator: EconomicOperator,
        credential_id: str,
        narrowed_to: Iterable[Action] | None = None,
        ends_at: datetime | None = None,
    ) -> Self:
        """Return an operator as it calls with a credential of its own."""
        actions = actions_of(operator.roles)
        kept = None if narrowed_to is None else frozenset(narrowed_to)
        return cls(
            **operator.model_dump(),
            actions=actions if kept is None else actions & kept,
            credential_id=credential_id,
            narrowed_to=kept,
            actor_id=operator.id,
            ends_at=ends_at,
        )

    @property
    def acting_id(self) -> str | None:
        """Who acts for the operator, where it is another one."""
        return self.actor_id if self.actor_id != self.id else None

    def require(self, action: Action) -> None:
        """Let pass who may do this.

        Raises:
            AccessDeniedError: it may not, by its roles or by what its credential is for.
        """
        if not self.may(action):
            reason = f"neither its roles nor its key let it do this ({action.value})"
            finding = Finding("Authorization", self.id, reason, "Use another key.")
            raise AccessDeniedError(
                "This is not for this operator, or not for this key.", [finding]
            )

    def may(self, action: Action) -> bool:
        """Tell whether it may do something here."""
        return action in self.actions
