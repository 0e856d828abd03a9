"""What `rag` offers by name. A change here is a change of the contract."""

from __future__ import annotations

from importlib.metadata import entry_points, version

import pytest

import rag


def test_public_names() -> None:
    assert rag.__all__ == ["Answer", "Assistant", "Index", "RagError", "Settings"]
    assert [name for name in rag.__all__ if not isinstance(getattr(rag, name), type)] == []
    assert set(rag.__all__) <= set(dir(rag))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = rag.Nothing


def test_the_names_of_methods_that_applications_call() -> None:
    assert {"build", "open", "update", "remove", "verify", "documents"} <= set(dir(rag.Index))
    assert {"search", "ask", "stream"} <= set(dir(rag.Assistant))


def test_every_error_is_a_rag_error() -> None:
    from rag import errors

    found = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert all(issubclass(error, rag.RagError) for error in found.values())
    assert errors.__doc__ is not None
    assert [name for name in found if name not in errors.__doc__] == []


def test_the_distribution_is_wenju_and_the_command_rag() -> None:
    assert version("wenju") == rag.__version__
    (command,) = [e for e in entry_points(group="console_scripts") if e.name == "rag"]
    assert command.value == "rag.cli:main"
