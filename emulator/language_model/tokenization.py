"""Text to token ids and back: byte-level BPE, so that every text can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from emulator.language_model.contract import LanguageModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

TOKENIZER_FILE = "tokenizer.json"
END, PROMPT, COMPLETION = 0, 1, 2
SPECIAL_TOKENS = ("<|end|>", "<|prompt|>", "<|completion|>")


class Tokenization:
    """A tokenizer.json and the frame that examples are put in.

    An example is ``<|prompt|>`` prompt ``<|completion|>`` completion ``<|end|>``. The markers exist as ids only: the
    same characters inside a text are encoded as plain text and mean nothing.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path) -> Tokenization:
        """Reads the tokenizer of a checkpoint folder.

        Raises:
            LanguageModelError: There is none, or it cannot be read.
        """
        try:
            return cls(Tokenizer.from_file(str(folder / TOKENIZER_FILE)))
        except Exception as error:  # The library raises nothing more precise.
            raise LanguageModelError(f"{folder / TOKENIZER_FILE}: cannot be read as a tokenizer ({error})") from error

    @classmethod
    def learn(cls, texts: Iterable[str], vocab_size: int) -> Tokenization:
        """Learns the merges from texts; digits stay single, so that numbers are spelled out."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=list(SPECIAL_TOKENS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    def save(self, folder: Path) -> None:
        """Writes tokenizer.json."""
        self._tokenizer.save(str(folder / TOKENIZER_FILE))

    @property
    def size(self) -> int:
        """Number of token ids."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Encodes texts without any marker; half a surrogate pair, which JSON can spell, becomes a question mark."""
        writable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch(writable)]

    def decode(self, ids: Sequence[int]) -> str:
        """Decodes ids; bytes that form no character become the replacement character."""
        return str(self._tokenizer.decode(list(ids)))


def tokenizer_config(context: int) -> dict[str, Any]:
    """The tokenizer_config.json that goes with the tokenizer."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": SPECIAL_TOKENS[PROMPT],
        "eos_token": SPECIAL_TOKENS[END],
        "pad_token": SPECIAL_TOKENS[END],
        "additional_special_tokens": [SPECIAL_TOKENS[COMPLETION]],
        "model_max_length": context,
    }
