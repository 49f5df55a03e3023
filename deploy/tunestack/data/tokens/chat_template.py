"""A model's chat template, which writes a conversation as the model reads it: read from the files with its weights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tunestack.data.preparation.example import Image
from tunestack.data.tokens.error import EXTRA, TokenizerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import jinja2

    from tunestack.data.preparation.example import Example

_FILES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
"""Where publishers put the chat template, the newest habit first."""


class ChatTemplate:
    """Writes examples as the model reads them.

    Args:
        path: the file that it stands in.
        source: in Jinja.
        settings: of the tokenizer, which name its special tokens.

    Raises:
        TokenizerError: it cannot be read, or the library that reads it is missing.
    """

    def __init__(self, path: Path, source: str, settings: Mapping[str, Any]) -> None:
        self.name = str(path)
        self._template = _parsed(path, source)
        names = ("bos_token", "eos_token", "pad_token")
        self._special = {name: text for name in names if (text := _text(settings.get(name)))}

    def render(self, example: Example) -> str:
        """Returns an example's text; raises whatever the template does of one that it does not take."""
        return self._template.render(messages=_messages(example), add_generation_prompt=False, **self._special)


def beside(tokenizer: Path) -> ChatTemplate | None:
    """Returns the template that lies next to a tokenizer, if there is one."""
    settings = _settings(tokenizer.with_name("tokenizer_config.json"))
    for name in _FILES:
        path = tokenizer.with_name(name)
        source = _read(path) if path.suffix == ".jinja" else _default(_settings(path).get("chat_template"))
        if source:
            return ChatTemplate(path, source, settings)
    return None


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


def _parsed(path: Path, source: str) -> jinja2.Template:
    try:
        import jinja2
        from jinja2.ext import loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ModuleNotFoundError:
        raise TokenizerError(EXTRA) from None
    # As the library that the templates are written for sets it up.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False, **options)
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _now
    try:
        return environment.from_string(source)
    except jinja2.TemplateError as error:
        raise TokenizerError(f"the chat template of {path} cannot be read: {error}; mend or remove it") from error


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
