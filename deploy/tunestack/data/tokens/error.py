"""What can go wrong with a tokenizer and its chat template."""

from __future__ import annotations

EXTRA = "exact counts need the tokenizer extra: pip install 'tunestack[tokenizer]'"


class TokenizerError(Exception):
    """A tokenizer or chat template that cannot be used, or an example that it does not take; says what to do."""


class TemplateRefusalError(TokenizerError):
    """An example that the chat template refuses.

    Args:
        index: of the example among those given.
        reason: what the template said.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
