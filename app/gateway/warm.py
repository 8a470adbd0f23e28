"""Which token a conversation without a name was served by last: its prompt cache is there."""

from __future__ import annotations

from collections import OrderedDict

#: Conversations that are remembered; beyond it the longest idle one is forgotten, which costs one cold read.
_KEPT = 4096


class WarmTokens:
    """By a conversation's name (see `Beginning`) the token that began to answer its last turn. In memory only.

    It is no session: clients without names also send thousands of single questions, which nobody wants listed, and what
    a chat holds can be read by any token.
    """

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, str] = OrderedDict()

    def get(self, name: str) -> str | None:
        """The token's id; None when it is not known."""
        return self._tokens.get(name)

    def note(self, name: str, token_id: str) -> None:
        """This token has begun to answer."""
        self._tokens[name] = token_id
        self._tokens.move_to_end(name)
        if len(self._tokens) > _KEPT:
            self._tokens.popitem(last=False)
