"""What ties one turn to the tokens that issued parts of it, and what can be done about it.

Sealed reasoning and the turn state can be left out; compactions, files and kept responses cannot (see `sealed`).
"""

from __future__ import annotations

from app.core.sealed import SealedItems
from app.core.session import Session, with_owners
from app.core.token import Token

#: Stands for the issuer of what the token refused that was thought to have issued it: somebody else, nobody knows who.
UNKNOWN = ""
# Kept by each turn: a new one takes 216 bytes.
_NO_PLACES: frozenset[int] = frozenset()


class Ties:
    """Of one turn. What nobody is known to have issued came from the token that served the session when it arrived."""

    def __init__(self, sealed: SealedItems) -> None:
        self._sealed = sealed
        self._issuer: str | None = None
        self._bare = False
        self._refused_by: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether moving the turn to another account would lose something."""
        return self._sealed.any

    def arrived(self, session: Session) -> None:
        """The turn belongs to a session that has been served before."""
        self._issuer = session.current_token_id

    def nothing_elsewhere(self, session: Session) -> bool:
        """Whether all that the turn may hold is of the session's current token: then nobody need look through it."""
        return not session.owners and self._issuer in (None, session.current_token_id)

    def readers(self, session: Session | None) -> frozenset[str] | None:
        """The tokens that may be able to read what cannot be left out; None: any may try."""
        if session is None or self._issuer is None or not self._sealed.kept:
            return None
        if self._refused_by:
            issuers = frozenset((session.home_token_id, self._issuer, *session.owners.values()))
            return issuers.difference(self._refused_by)
        issuers = frozenset(session.owners.get(item, self._issuer) for item in self._sealed.kept)
        return issuers if len(issuers) == 1 else frozenset()

    def refused(self, session: Session | None, token_id: str) -> bool | None:
        """A token cannot read it, though we thought that it could.

        Returns:
            True: it can be tried there once more, with less; None: another token may read it, or nobody does; False:
            it is not for want of the right token, so what upstream says is the answer.
        """
        if not self._bare and (self._sealed.reasoning or self._sealed.turn_state):
            self._bare = True
            return True
        if not self._sealed.kept:
            return False
        self._refused_by += (token_id,)
        # A conversation that has always been here got it from nobody else.
        return False if session is not None and self._issuer is not None and not session.moves else None

    def noted(self, session: Session, token: Token) -> Session:
        """The session with what is known now of the issuers, before the turn goes to this token."""
        sealed, issuer = self._sealed, self._issuer
        if issuer is not None and not (issuer == session.current_token_id == token.id):
            items = (*(item for _, item in sealed.reasoning), *sealed.kept)
            session = with_owners(session, dict.fromkeys(items, issuer))
        corrected = {item: UNKNOWN for _, item in sealed.reasoning} if self._bare else {}
        if self._refused_by:
            corrected |= dict.fromkeys(sealed.kept, token.id)
        if not corrected:
            return session
        others = {item: owner for item, owner in session.owners.items() if item not in corrected}
        return with_owners(session._replace(owners=others), corrected)

    def leave_out(self, session: Session | None, token: Token) -> frozenset[int]:
        """Places of sealed reasoning that this token cannot read."""
        if self._bare:
            return frozenset(place for place, _ in self._sealed.reasoning)
        if session is None or not session.owners:
            return _NO_PLACES
        owners = session.owners
        return frozenset(place for place, item in self._sealed.reasoning if owners.get(item, token.id) != token.id)

    def drop_turn_state(self, owner: str | None, session: Session | None, token: Token, *, elsewhere: bool) -> bool:
        """Whether the client's turn state must not go to this token.

        Args:
            owner: whom it was issued to, if that is remembered.
            session: of the turn.
            token: that serves it.
            elsewhere: the turn has been tried on another token.
        """
        if self._sealed.turn_state is None:
            return False
        if self._bare or owner is not None:
            return self._bare or owner != token.id
        # After a restart nobody remembers; a session that never moved has it from its only token.
        return elsewhere or session is None or session.moves > 0
