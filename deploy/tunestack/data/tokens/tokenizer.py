"""A model's own tokenizer, read from the file that comes with its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tunestack.data.tokens import chat_template
from tunestack.data.tokens.error import EXTRA, TemplateRefusalError, TokenizerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import tokenizers

    from tunestack.data.preparation.example import Example


class Tokenizer:
    """Counts the tokens of examples as the model would be given them.

    Args:
        path: `tokenizer.json`, or the folder that holds it; a chat template next to it is applied.

    Raises:
        TokenizerError: the file is no tokenizer, or a library that reads it is missing.
    """

    def __init__(self, path: Path | str) -> None:
        given = Path(path)
        self.path = given / "tokenizer.json" if given.is_dir() else given
        self._tokenizer = _load(self.path)
        self._chat_template = chat_template.beside(self.path)
        self.template = self._chat_template.name if self._chat_template else ""

    def lengths(self, examples: Sequence[Example]) -> list[int]:
        """Returns the tokens of each example; images count nothing.

        Raises:
            TokenizerError: the chat template refuses an example; `index` says which.
        """
        if self._chat_template is None:
            texts = [[part for turn in example for part in turn.parts if isinstance(part, str)] for example in examples]
            counts = iter(self._counts([text for each in texts for text in each]))
            return [sum(next(counts) for _ in each) for each in texts]
        rendered = []
        for index, example in enumerate(examples):
            try:
                rendered.append(self._chat_template.render(example))
            except Exception as error:
                raise TemplateRefusalError(index, f"{self.template} does not take it: {error}") from error
        return self._counts(rendered)

    def _counts(self, texts: list[str]) -> list[int]:
        # The template writes the special tokens itself; without one they are part of what it would add.
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def _load(path: Path) -> tokenizers.Tokenizer:
    try:
        import tokenizers
    except ModuleNotFoundError:
        raise TokenizerError(EXTRA) from None
    remedy = "write the path of the tokenizer.json that comes with the model's weights"
    try:
        with path.open("rb") as file:
            start = file.read(1)
    except OSError as error:
        raise TokenizerError(f"{path} cannot be read: {error.strerror or error}; {remedy}") from error
    if start != b"{":
        raise TokenizerError(f"{path} is no tokenizer.json but another kind of file; {remedy}")
    try:
        return tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more special
        raise TokenizerError(f"{path} is no tokenizer.json that can be read ({error}); {remedy}") from error
