"""A model's own tokenizer and chat template, read from the files that come with its weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunestack.data.preparation.example import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import jinja2
    import tokenizers

    from tunestack.data.preparation.example import Example

_TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
"""Where publishers put the chat template, the newest habit first."""

_EXTRA = "exact counts need the tokenizer extra: pip install 'tunestack[tokenizer]'"


class TokenizerError(Exception):
    """A tokenizer or chat template that cannot be used, or an example that it does not take; says what to do."""


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
        self._render, self.template = _template_beside(self.path)

    def lengths(self, examples: Sequence[Example]) -> list[int]:
        """Returns the tokens of each example; images count nothing.

        Raises:
            TokenizerError: the chat template refuses an example; `index` says which.
        """
        if self._render is None:
            texts = [[part for turn in example for part in turn.parts if isinstance(part, str)] for example in examples]
            counts = iter(self._counts([text for each in texts for text in each]))
            return [sum(next(counts) for _ in each) for each in texts]
        rendered = []
        for index, example in enumerate(examples):
            try:
                rendered.append(self._render(_messages(example)))
            except Exception as error:
                raise TemplateRefusalError(index, f"{self.template} does not take it: {error}") from error
        return self._counts(rendered)

    def _counts(self, texts: list[str]) -> list[int]:
        # The template writes the special tokens itself; without one they are part of what it would add.
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


class TemplateRefusalError(TokenizerError):
    """An example that the chat template refuses.

    Args:
        index: of the example among those given.
        reason: what the template said.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


def _load(path: Path) -> tokenizers.Tokenizer:
    try:
        import tokenizers
    except ModuleNotFoundError:
        raise TokenizerError(_EXTRA) from None
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


def _template_beside(tokenizer: Path) -> tuple[Callable[[list[dict[str, Any]]], str] | None, str]:
    """Returns what writes messages as the model reads them, and its name; None where there is no template."""
    settings = _settings(tokenizer.with_name("tokenizer_config.json"))
    for name in _TEMPLATE_FILES:
        path = tokenizer.with_name(name)
        source = _read(path) if path.suffix == ".jinja" else _default(_settings(path).get("chat_template"))
        if source:
            return _renderer(path, source, settings), str(path)
    return None, ""


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TokenizerError(f"{path} cannot be read: {error}; mend or remove it") from error


def _settings(path: Path) -> dict[str, Any]:
    text = _read(path)
    try:
        settings = json.loads(text) if text else {}
    except ValueError as error:
        raise TokenizerError(f"{path} is no JSON: {error}; mend or remove it") from error
    return settings if isinstance(settings, dict) else {}


def _default(template: Any) -> str | None:
    """Returns the template of plain chats; some models have others for tools."""
    if isinstance(template, list):
        named = {each.get("name"): each.get("template") for each in template if isinstance(each, dict)}
        template = named.get("default")
    return template if isinstance(template, str) else None


def _renderer(path: Path, source: str, settings: dict[str, Any]) -> Callable[[list[dict[str, Any]]], str]:
    try:
        import jinja2
        from jinja2.ext import loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ModuleNotFoundError:
        raise TokenizerError(_EXTRA) from None
    # As the library that the templates are written for sets it up.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False, **options)
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _now
    try:
        template: jinja2.Template = environment.from_string(source)
    except jinja2.TemplateError as error:
        raise TokenizerError(f"the chat template of {path} cannot be read: {error}; mend or remove it") from error
    special = {name: text for name in ("bos_token", "eos_token", "pad_token") if (text := _text(settings.get(name)))}
    return lambda messages: template.render(messages=messages, add_generation_prompt=False, **special)


def _text(token: Any) -> str | None:
    """Returns a special token, which some files write as an object."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else None


def _refuse(reason: str) -> None:
    raise ValueError(reason)


def _now(pattern: str) -> str:
    import datetime

    return datetime.datetime.now(datetime.UTC).strftime(pattern)


def _messages(example: Example) -> list[dict[str, Any]]:
    return [{"role": turn.role, "content": _content(turn.parts)} for turn in example]


def _content(parts: Sequence[str | Image]) -> str | list[dict[str, str]]:
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return [{"type": "image"} if isinstance(part, Image) else {"type": "text", "text": part} for part in parts]
