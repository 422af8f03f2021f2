"""Reading a TOML file of checks: every unknown key and bad value is told, with its line where that can be had."""

from __future__ import annotations

import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from scraper.check.asking.config import Check, Conditions, Document, Group, Keys, Maintenance, Module, convert
from scraper.check.asking.keys import read_keys, unknown
from scraper.check.asking.places import Lines, Where
from scraper.errors import ConfigError
from scraper.printing import printable

__all__ = ["Found", "Read", "read_document"]

_MOST_BYTES = 64 * 1024 * 1024


class Found(NamedTuple):
    """A check as it was found.

    :ivar place: ``checks.toml:17``; ``where`` is ``[group.eu] check 3``.
    :ivar fields: of the target; those that its group and itself have said.
    """

    place: str
    where: str
    url: str
    fields: dict[str, Any]


class Read(NamedTuple):
    """A file as it was read.

    :ivar defaults: fields of targets.
    :ivar tables: what is for a watch: those of ``watch``, ``notify``, ``maintenance``, ``history``, ``web`` that are
        in the file; and of ``module``, as fields of targets.
    """

    defaults: dict[str, Any]
    checks: list[Found]
    tables: dict[str, Any]
    broken: bool


Complain = Callable[[str, str], None]
"""Takes a place and what is wrong there."""


def read_document(path: Path, complain: Complain) -> Read:
    """What the file at ``path`` holds; what is wrong in it is told, and left out.

    :raises ConfigError: when it cannot be read, or is no TOML.
    """
    text = _text(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    except RecursionError:
        raise ConfigError(f"{path} is no TOML that anybody wrote: it is nested too deep") from None
    return _Reader(str(path), raw, Lines(text), complain).read()


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the checks in {path}: {error.strerror or error}") from error
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"{path} is larger than {_MOST_BYTES // 1024**2} MiB: it is no file of checks")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 (byte 0x{content[error.start]:02x}); save it as UTF-8") from None


class _Reader:
    def __init__(self, name: str, raw: dict[str, Any], lines: Lines, complain: Complain) -> None:
        self._name, self._raw, self._lines, self._tell = name, raw, lines, complain
        self._broken = False

    def read(self) -> Read:
        raw = self._raw
        known = {field.encode_name: field for field in msgspec.structs.fields(Document)}
        for key in [key for key in raw if key not in known]:
            self._complain((key,), "", unknown(key, known).replace("unknown key", "unknown table"))
        defaults = self._fields(raw.get("defaults", {}), Keys, ("defaults",), "[defaults]")
        checks = [*self._checks(raw.get("check", []), ("check",), "check", {})]
        for name, group in self._table("group").items():
            checks += self._group(name, group)
        tables = {}
        for key in [key for key in raw if key in known and key not in ("defaults", "check", "group")]:
            own = {"maintenance": self._maintenance, "module": self._modules}.get(key)
            value = own(raw[key]) if own else self._one(key, raw[key], known[key].type)
            if value is not None:
                tables[key] = value
        return Read(defaults or {}, checks, tables, self._broken)

    def _table(self, key: str) -> dict[str, Any]:
        value = self._raw.get(key, {})
        if isinstance(value, dict):
            return value
        self._complain((key,), "", f"{key} is a table: write [{key}.NAME] and [[{key}.NAME.check]]")
        return {}

    def _group(self, name: str, raw: Any) -> list[Found]:
        where, path = f"[group.{printable(name)}]", ("group", name)
        if not isinstance(raw, dict):
            self._complain(path, where, "it is no table: write [group.NAME] and [[group.NAME.check]]")
            return []
        named, wrong = read_keys({"group": name})
        for text in wrong:
            self._complain(path, where, text)
        own = self._fields({key: value for key, value in raw.items() if key != "check"}, Group, path, where)
        if own is None or wrong:
            return []
        return [*self._checks(raw.get("check", []), (*path, "check"), f"{where} check", {**own, **named})]

    def _checks(self, raw: Any, path: tuple[str, ...], where: str, over: dict[str, Any]) -> Iterator[Found]:
        if not isinstance(raw, list):
            self._complain(path, "", f"a check is written under [[{'.'.join(path)}]], with double brackets")
            return
        sure = self._lines.count(path) == len(raw)
        for number, entry in enumerate(raw, 1):
            place: Where = (*path, number) if sure else path
            broken = self._broken
            found = self._check(entry, place, f"{where} {number}", over)
            self._broken = broken  # a single check can be gone on without
            if found:
                yield found

    def _check(self, raw: Any, path: Where, where: str, over: dict[str, Any]) -> Found | None:
        if "group" in over and isinstance(raw, dict) and "group" in raw:
            self._complain((*path, "group"), where, "group: the check stands in a group already")
            return None
        fields = self._fields(raw, Check, path, where)
        if fields is None:
            return None
        url = fields.pop("url")
        return Found(self._place(path), where, url, {**over, **fields})

    def _fields(self, raw: Any, kind: type[Conditions], path: Where, where: str) -> dict[str, Any] | None:
        """The fields of targets that a table with keys of checks sets; None when something is wrong there."""
        value = self._decoded(raw, kind, path, where)
        if value is None:
            return None
        given = {
            field.encode_name: getattr(value, field.name)
            for field in msgspec.structs.fields(value)
            if field.name != "check" and field.encode_name in raw and getattr(value, field.name) is not UNSET
        }
        url = {"url": given.pop("url")} if "url" in given else {}
        fields, wrong = read_keys(given)
        for text in wrong:
            self._complain((*path, text.partition(":")[0]), where, text)
        return None if wrong else {**fields, **url}

    def _maintenance(self, raw: Any) -> list[Maintenance] | None:
        if not isinstance(raw, list):
            self._complain(("maintenance",), "", "it is written under [[maintenance]], with double brackets")
            return None
        sure = self._lines.count(("maintenance",)) == len(raw)
        decoded = [
            self._decoded(
                entry, Maintenance, ("maintenance", number) if sure else ("maintenance",), f"maintenance {number}"
            )
            for number, entry in enumerate(raw, 1)
        ]
        return None if None in decoded else decoded

    def _modules(self, raw: Any) -> dict[str, dict[str, Any]] | None:
        if not isinstance(raw, dict):
            self._complain(("module",), "", "module is a table: write [module.NAME]")
            return None
        found = {
            name: self._fields(table, Module, ("module", name), f"[module.{printable(name)}]")
            for name, table in raw.items()
        }
        for name, fields in found.items():
            if fields and fields.get("method") == "head" and fields.keys() & {"texts", "patterns", "values"}:
                where = f"[module.{printable(name)}]"
                self._complain(("module", name), where, "method: an answer to HEAD has no body for match and json")
        return {name: fields for name, fields in found.items() if fields is not None}

    def _one(self, key: str, raw: Any, kind: Any) -> Any:
        return self._decoded(raw, kind, (key,), f"[{key}]")

    def _decoded(self, raw: Any, kind: type[msgspec.Struct], path: Where, where: str) -> Any:
        """``raw`` as ``kind``; None when it is not, which was told."""
        if not isinstance(raw, dict):
            self._complain(path, where, "it is no table")
            return None
        strange = [*_strange(raw, kind)]
        for keys, text in strange:
            self._complain((*path, *keys), where, text)
        if strange:
            return None
        try:
            return convert(raw, kind)
        except msgspec.ValidationError as error:
            keys, text = _plain(str(error))
            self._complain((*path, *keys), where, text)
            return None

    def _complain(self, path: Where, where: str, text: str) -> None:
        self._broken = True
        self._tell(self._place(path), f"{where}: {text}" if where else text)

    def _place(self, path: Where) -> str:
        line = self._lines.find(path)
        return f"{self._name}:{line}" if line else self._name


def _strange(raw: Mapping[str, Any], kind: type[msgspec.Struct]) -> Iterator[tuple[Where, str]]:
    """The keys that ``kind`` does not know, and that the tables in it do not, with what to say of each."""
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, value in raw.items():
        if key not in known:
            yield (key,), unknown(key, known)
            continue
        inner = _struct_in(known[key].type)
        if inner is None:
            continue
        for where, entry in _entries(key, value):
            yield from (((*where, *keys), f"{key}: {text}") for keys, text in _strange(entry, inner))


def _entries(key: str, value: Any) -> Iterator[tuple[Where, dict[str, Any]]]:
    """The tables that ``value`` is or holds, each with its place."""
    if isinstance(value, dict):
        yield (key,), value
    elif isinstance(value, list):
        yield from (((key, number), each) for number, each in enumerate(value, 1) if isinstance(each, dict))


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The struct of ``list[Webhook]``; None where there is none."""
    for inner in (kind, *typing.get_args(kind)):
        if isinstance(inner, type) and not isinstance(inner, types.GenericAlias) and issubclass(inner, msgspec.Struct):
            return inner
    return None


_ERROR = re.compile(r"(.*) - at `\$\.?(.*)`\Z", re.DOTALL)
_WORDS = {
    "`str`": "a text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "a table",
    "`null`": "nothing",
}


def _plain(text: str) -> tuple[tuple[str, ...], str]:
    """The path, and the message of msgspec in words for those who write the file."""
    found = _ERROR.fullmatch(text)
    message, path = (found[1], found[2]) if found else (text, "")
    if missing := re.fullmatch(r"Object missing required field `(.*)`", message):
        return (), f"it has no {missing[1]}"
    if got := re.fullmatch(r"Expected `(.*)`, got `(.*)`", message):
        wanted = " or ".join(_WORDS.get(f"`{word}`", word) for word in got[1].split(" | "))
        message = f"expected {wanted}, not {_WORDS.get(f'`{got[2]}`', got[2])}"
    message = re.sub(r"Expected `(\w+)`", lambda found: f"expected {_WORDS.get(f'`{found[1]}`', found[1])}", message)
    keys = tuple(key for key in re.split(r"[.\[]", path) if re.fullmatch(r"[\w-]+", key))
    shown = re.sub(r"\[\d*\]|\[\.\.\.\]", "", path)
    return keys, f"{shown}: {message}" if shown else message
