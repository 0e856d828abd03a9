"""`make house`: the measures of a package's shape, and what adds most to them.

Read from the sources alone. Imports inside functions and through a package's `__init__` count.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHOWN = 12
"""Entries of a list that are printed at most."""


@dataclass(frozen=True, slots=True)
class House:
    """A package: lines by module, what each imports of it, its public classes' places.

    `__init__` modules are in `lines` under the name of their package, and count as lines, not as
    modules.
    """

    packages: frozenset[str]
    lines: Mapping[str, int]
    imports: Mapping[str, AbstractSet[str]]
    classes: Mapping[str, AbstractSet[str]]

    @property
    def modules(self) -> list[str]:
        """All modules that are no package, by name."""
        return sorted(set(self.lines) - self.packages)

    def names_twice(self) -> dict[str, list[str]]:
        """Last parts of module names that more than one module has."""
        places: dict[str, list[str]] = defaultdict(list)
        for module in self.modules:
            places[module.rpartition(".")[2]].append(module)
        return {stem: found for stem, found in sorted(places.items()) if len(found) > 1}

    def classes_twice(self) -> dict[str, list[str]]:
        """Names of public classes that more than one module defines."""
        return {n: sorted(found) for n, found in sorted(self.classes.items()) if len(found) > 1}

    def chain(self) -> tuple[list[str], list[str]]:
        """The longest chain of imports, and one `A → B` for each import that closes a cycle.

        The import that closes a cycle is left out of the chain, so that with cycles both depend
        on the order of the walk, which is that of the names.
        """
        tails: dict[str, list[str]] = {}
        under_way: set[str] = set()
        closing: list[str] = []

        def walk(module: str) -> list[str]:
            if module not in tails:
                under_way.add(module)
                longest: list[str] = []
                for target in sorted(self.imports[module]):
                    if target in under_way:
                        closing.append(f"{module} → {target}")
                    elif len(walk(target)) > len(longest):
                        longest = tails[target]
                under_way.discard(module)
                tails[module] = [module, *longest]
            return tails[module]

        sys.setrecursionlimit(10_000)
        return max((walk(module) for module in sorted(self.lines)), key=len, default=[]), closing

    def imported_once(self) -> dict[str, str]:
        """Modules that one other module imports, with that one: candidates to become part of it."""
        users: dict[str, list[str]] = defaultdict(list)
        for module, targets in self.imports.items():
            for target in targets:
                users[target].append(module)
        return {m: users[m][0] for m in self.modules if len(users[m]) == 1}


def measure(package: Path) -> House:
    """The shape of the package in a folder."""
    paths = {}
    for path in package.rglob("*.py"):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        paths[".".join(parts).removesuffix(".__init__")] = path
    lines: dict[str, int] = {}
    imports: dict[str, set[str]] = {}
    classes: dict[str, set[str]] = defaultdict(set)
    for module, path in paths.items():
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        lines[module] = len(source.splitlines())
        imports[module] = {name for name in _imported(tree) if name in paths} - {module}
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].add(module)
    packages = frozenset(m for m, path in paths.items() if path.name == "__init__.py")
    return House(packages, lines, imports, classes)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Every name that may be a module which `tree` imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def summary(house: House) -> str:
    """All measures in one line."""
    chain, closing = house.chain()
    return (
        f"{len(house.modules)} modules, {sum(house.lines.values())} lines, depth {len(chain)}, "
        f"cycles {len(closing)}, module names twice {len(house.names_twice())}, "
        f"public classes twice {len(house.classes_twice())}"
    )


def report(house: House) -> str:
    """The measures, and what adds most to each."""
    chain, closing = house.chain()
    folders: dict[str, list[int]] = defaultdict(list)
    for module in house.lines:
        folders[".".join(module.split(".")[:2])].append(house.lines[module])
    largest = sorted(folders.items(), key=lambda item: -sum(item[1]))
    once = sorted(house.imported_once().items(), key=lambda item: house.lines[item[0]])
    parts = {
        "lines by folder": [f"{sum(n):6} in {len(n):3}  {folder}" for folder, n in largest],
        "longest modules": [
            f"{house.lines[m]:6}  {m}" for m in sorted(house.modules, key=lambda m: -house.lines[m])
        ],
        "shortest modules that one other imports": [
            f"{house.lines[m]:6}  {m} ← {user}" for m, user in once
        ],
        "longest chain of imports": [" → ".join(chain)],
        "imports that close a cycle": closing,
        "module names twice": [f"{n}: {', '.join(m)}" for n, m in house.names_twice().items()],
        "public classes twice": [f"{n}: {', '.join(m)}" for n, m in house.classes_twice().items()],
    }
    lines = [summary(house)]
    for title, entries in parts.items():
        more = f" ({len(entries)}, {SHOWN} shown)" if len(entries) > SHOWN else ""
        lines += ["", f"{title}{more}", *(f"  {entry}" for entry in entries[:SHOWN])]
    return "\n".join(lines)


if __name__ == "__main__":
    print(report(measure(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "rag")))
