"""Settings: data only. Defaults, then `rag.toml`, then `RAG_…` variables, then flags.

A variable names group and field: `RAG_RETRIEVAL_K=20` is `k` of `[retrieval]`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from rag.errors import SettingsError
from rag.i18n import say

DEFAULT_INDEX = Path("index/default")
DEFAULT_CONFIG = Path("rag.toml")
MAX_K = 1_000
# Variables with the prefix that are not settings; a key is read where it is used, never kept.
NOT_SETTINGS = {"RAG_QUIET", "RAG_API_KEY", "RAG_TOKEN"}


def _separated(value: object) -> object:
    return [name for name in value.split(",") if name] if isinstance(value, str) else value


_T = TypeVar("_T")
Listed = Annotated[tuple[_T, ...], BeforeValidator(_separated)]
"""A list, which a variable states with commas between."""
Address = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.:\[\]*-]+$")]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reading(_Group):
    """Files into documents."""

    max_file_bytes: int = Field(
        default=100_000_000, ge=1, description="larger files are skipped, bytes"
    )
    max_pages: int = Field(
        default=20_000, ge=1, description="files with more pages are skipped, pages"
    )
    max_seconds: float = Field(
        default=300,
        gt=0,
        description="reading one file, the pages that OCR reads left out, is ended after this, "
        "seconds",
    )
    max_page_seconds: float = Field(
        default=200, gt=0, description="OCR of one page is given up after this, seconds"
    )
    max_memory_bytes: int = Field(
        default=8_000_000_000, ge=1, description="reading one file takes at most this, bytes"
    )
    max_pixels: int = Field(
        default=80_000_000, ge=1, description="pictures with more are skipped, pixels"
    )
    max_unpacked_bytes: int = Field(
        default=1_000_000_000, ge=1, description="archives that unpack to more are skipped, bytes"
    )
    processes: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="processes that read files; if not set one for each core, and one for little",
    )


class Chunking(_Group):
    """Documents into chunks. Sizes in characters, white space not counted."""

    target_characters: int = Field(
        default=220, ge=40, description="a chunk is closed once it holds this"
    )
    max_characters: int = Field(default=350, ge=50, description="no chunk holds more")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.target_characters > self.max_characters:
            raise ValueError(
                f"target_characters ({self.target_characters}) must not exceed "
                f"max_characters ({self.max_characters})"
            )
        return self


class EncoderSettings(_Group):
    """The model that turns text into vectors."""

    name: str = Field(
        default="wenju", description="`wenju` (built in), or a sentence-transformers name or path"
    )
    query_prompt: str = Field(
        default="", description="put before a question, for models that want one"
    )
    batch_size: int = Field(default=64, ge=1, description="texts encoded at once by a named model")
    earlier: Listed[str] = Field(
        default=(),
        description="names or paths of encoders that made indexes of yours before: each answers "
        "until the new vectors are made; in a variable with commas between them",
    )


class Retrieval(_Group):
    """Questions into passages."""

    k: int = Field(default=20, ge=1, le=MAX_K, description="passages returned")
    vector_weight: float | None = Field(
        default=None, ge=0, description="weight of vectors beside words; by the encoder if not set"
    )
    candidates: int = Field(
        default=100, ge=1, le=10_000, description="chunks taken from each part before fusion"
    )
    reranker: str = Field(
        default="",
        description="sentence-transformers CrossEncoder by name or path: it orders the first hits; "
        "if empty, what they say and the reader",
    )


class Answering(_Group):
    """Passages into an answer."""

    max_sentences: int = Field(
        default=8, ge=1, le=20, description="sentences in an extractive answer at most"
    )
    max_characters: int = Field(
        default=450, ge=20, description="characters in an extractive answer at most"
    )
    reader: bool = Field(
        default=True, description="a reader orders the first hits and marks what answers in them"
    )
    reader_model: str = Field(
        default="wenju",
        description="`wenju` (built in), or a folder with the files of another such reader, as "
        "`python -m training reader` writes them",
    )
    min_confidence: float = Field(
        default=0.298, ge=0, le=1, description="refuse below this confidence"
    )


class Chat(_Group):
    """The chat model that writes answers. Its key is no setting: it comes from the variable
    `RAG_API_KEY` or `OPENAI_API_KEY`."""

    model: str = Field(
        default="",
        pattern=r"^$|^[a-z_]+:\S+$",
        description="PROVIDER:NAME, `openai:` for every OpenAI-compatible server; none if empty",
    )
    base_url: str = Field(
        default="", pattern=r"^$|^https?://\S+$", description="address of the server, with its /v1"
    )
    send_key: bool = Field(
        default=True, description="send the key of the environment, if there is one"
    )
    timeout_seconds: float = Field(
        default=60, gt=0, le=3600, description="longest silence of the server, seconds"
    )
    max_retries: int = Field(
        default=2, ge=0, le=10, description="further tries where trying again can help"
    )
    temperature: float = Field(
        default=0.0, ge=0, le=2, description="0 for the most likely words each time"
    )
    context_tokens: int = Field(
        default=8192, ge=512, description="tokens that the model takes in, its answer included"
    )
    margin: float = Field(
        default=0.15,
        ge=0,
        le=0.9,
        description="share of the context kept free: the count of tokens is an estimate",
    )
    max_answer_tokens: int = Field(default=800, ge=16, description="longest answer, tokens")
    max_reply_characters: int = Field(
        default=100_000,
        ge=100,
        description="a reply is ended after this, thinking included, characters",
    )
    max_reply_seconds: float = Field(
        default=900, gt=0, le=86_400, description="a reply is ended after this, seconds"
    )
    max_repeated_characters: int = Field(
        default=1_000,
        ge=100,
        description="a reply that says the same again and again is ended after this, characters",
    )
    fallback: bool = Field(
        default=False, description="where the model fails, give the extractive answer, marked"
    )
    strict: bool = Field(
        default=False, description="say only checked sentences, withhold unsupported ones"
    )
    prompts: Path | None = Field(
        default=None, description="TOML file of prompts, as `rag prompts` prints them"
    )


class PageSettings(_Group):
    """The page in the browser."""

    language: Literal["zh", "en"] = Field(
        default="zh", description="language of the page where a browser asks for none"
    )
    frames: Listed[Address] = Field(
        default=(),
        description="addresses (https://HOST) whose pages may show this one in a frame; none if "
        "empty; in a variable with commas between them",
    )


class Settings(_Group):
    """All settings. Unknown keys are refused."""

    index: Path = Field(default=DEFAULT_INDEX, description="the index folder")
    reading: Reading = Reading()
    chunking: Chunking = Chunking()
    encoder: EncoderSettings = EncoderSettings()
    retrieval: Retrieval = Retrieval()
    answering: Answering = Answering()
    chat: Chat = Chat()
    page: PageSettings = PageSettings()

    @classmethod
    def load(
        cls,
        config: Path | None = None,
        environ: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Settings:
        """Reads the settings: `config` (by default `rag.toml`, if there is one), then the
        variables of `environ` (by default the process's), then `overrides` (nested mappings).

        Raises:
            SettingsError: an unknown key, a value out of range, an unreadable file.
        """
        values: dict[str, Any] = {}
        path = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
        if path is not None:
            values = _merge(values, _read_toml(path))
        values = _merge(values, _from_environment(os.environ if environ is None else environ))
        values = _merge(values, overrides or {})
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(say("settings.unreadable", path=path, error=error)) from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in environ.items():
        if not name.startswith("RAG_") or name in NOT_SETTINGS:
            continue
        key = name.removeprefix("RAG_").lower()
        group, _, field = key.partition("_")
        if field and group in Settings.model_fields:
            values.setdefault(group, {})[field] = value
        else:
            values[key] = value
    return values


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = (
            _merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
        )
    return merged


def _explain(error: ValidationError) -> str:
    problems = []
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"]) or "settings"
        if item["type"] == "extra_forbidden":
            problems.append(f"unknown setting {name!r}; known: {', '.join(_known())}")
        else:
            problems.append(f"setting {name}: {item['msg']} (got {item['input']!r})")
    return "; ".join(problems)


def _known() -> list[str]:
    names = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += [f"{name}.{inner}" for inner in field.annotation.model_fields]
        else:
            names.append(name)
    return names
