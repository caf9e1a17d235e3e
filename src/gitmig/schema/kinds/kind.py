"""What a kind of object is: where it stands in the catalogs, what is read of it, and the statements about it.

Each kind is one subclass of `Definition`, in the module of its family: its fields carry the SQL that reads them, its
`QUERY` says from where, its methods write the statements that make, change and drop an object. Its name, and its place
in the order of making, are in `ObjectKind`. The clauses that many statements share stand below.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from msgspec import Struct, field

from gitmig.schema.names import literal, quoted
from gitmig.schema.scope import NO_ADDRESS, comment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from typing_extensions import Self as Self  # noqa: PLC0414 - it is imported from here
    from typing_extensions import dataclass_transform

    from gitmig.schema.decompose import Model
    from gitmig.schema.kinds.privileges import Rights
    from gitmig.schema.model import ObjectKind, ObjectName, Tie
else:
    Self = Any

    def dataclass_transform(**_: object) -> Callable[[type], type]:
        """For type checkers alone."""
        return lambda cls: cls


Names: TypeAlias = "tuple[str, ...]"
Statements: TypeAlias = "Iterable[str]"
# What jsonb becomes: the one place where values have no type yet.
Json: TypeAlias = Any


class Instead(Enum):
    """What to do where no ALTER helps."""

    REPLACE = "drop it and make it again"
    LEAVE = "leave it, and say so"


class Impact(Enum):
    """What a change of an object means for those that need it; every kind includes the ones before it."""

    NONE = 0
    VIEWS = 1  # views, rules, policies, triggers and the like have to go and come back
    EXPRESSIONS = 2  # so have defaults, foreign keys, checks, and indexes with an expression or a condition


class Context(Struct, frozen=True, kw_only=True):
    """What a statement may depend on beside the object it is about."""

    found: Model
    wanted: Model
    retired: frozenset[str] = frozenset()  # types that are being swapped for new ones of the same name
    merged: Mapping[ObjectName, Sequence[ObjectName]] = field(default_factory=dict)  # what is made together with what
    together: frozenset[ObjectName] = frozenset()  # everything that is made together with something else
    taken_over: Mapping[str, str] = field(default_factory=dict)  # by new table the one whose rows it takes over


NO_DEFAULT = object()


class Read(NamedTuple):
    """How a field is read: in SQL, since the version of PostgreSQL that has it, as 150000."""

    sql: str
    since: int
    default: object


def sql(expression: str, *, since: int = 0, default: object = NO_DEFAULT) -> Any:
    """A field that is read from the catalogs. Fields of newer versions have a default and come last."""
    return Read(expression, since, default)


class Query(NamedTuple):
    """A query whose rows are objects: kind, name, definition, address (three columns) and, with `part_of`, one more.

    A definition is the array of the fields, then privileges and comment, as far as the kind has them; or it is `text`.
    """

    name: str
    source: str  # what stands behind FROM
    of: str = ""  # the catalog and its alias: where pg_depend and pg_description find the object; empty: nowhere
    oid: str = "oid"
    part: str = "0"
    kind: str = ""  # only where the rows are of several kinds
    grants: str = ""
    commented: bool = True
    text: str = ""
    part_of: str = ""  # the name of what an object is a part of, where its own name does not begin with that
    rare: str = ""  # unless this is true, which is quicker to ask, the query need not be sent
    since: int = 0

    @property
    def comment(self) -> str:
        """The comment on the object; empty if there is none on objects of the kind."""
        catalog, _, alias = self.of.partition(" ")
        return comment(catalog, f"{alias}.{self.oid}", self.part) if self.of and self.commented else ""

    @property
    def address(self) -> str:
        """Three columns: where pg_depend finds the object."""
        catalog, _, alias = self.of.partition(" ")
        return f"'{catalog}'::regclass::oid, {alias}.{self.oid}, {self.part}" if self.of else NO_ADDRESS


@dataclass_transform(frozen_default=True, field_specifiers=(sql,))
class Definition:
    """What an object is, apart from its privileges and its comment. Names in it are quoted already.

    Subclasses are made here, and no structs as other values are: a struct takes what stands behind a field's name for
    its default, and cannot be told how it is read.
    """

    KIND: ClassVar[ObjectKind]
    QUERY: ClassVar[Query | None] = None  # None: a thing of the model that is no object of the catalogs
    WORD: ClassVar[str] = ""  # what SQL calls the kind, if not as we do
    ON_TABLE: ClassVar[bool] = False  # whether SQL calls it `TRIGGER g ON s.t`
    RIGHTS: ClassVar[Rights | None] = None  # what can be granted on it
    COVERED: ClassVar[bool] = True  # see `is_covered`
    SPACES: ClassVar[
        tuple[str, ...]
    ] = ()  # in which of PostgreSQL's spaces of names its name has to differ from others
    IN_THE_WAY: ClassVar[bool] = False  # whether a column that it needs cannot change as long as it is there
    HAS_OLD_NAMES: ClassVar[bool] = False  # whether it is made again where a rename is to show in its text
    FIELDS: ClassVar[Mapping[str, Read | None]] = MappingProxyType({})  # None: not read, but made from what was

    def __init_subclass__(cls) -> None:
        own = {name: vars(cls).get(name) for name in cls.__annotations__}
        cls.FIELDS = {**cls.FIELDS, **{name: read if isinstance(read, Read) else None for name, read in own.items()}}
        for name, read in own.items():
            if isinstance(read, Read):
                delattr(cls, name)
                if read.default is not NO_DEFAULT:
                    setattr(cls, name, read.default)

    def __init__(self, *values: Json, **named: Json) -> None:
        given = {**dict(zip(self.FIELDS, values)), **named}
        missing = [name for name in self.FIELDS if name not in given and not hasattr(type(self), name)]
        if missing or len(given) != len(values) + len(named) or not given.keys() <= self.FIELDS.keys():
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(self.FIELDS)}")
        vars(self).update((name, given[name] if name in given else getattr(self, name)) for name in self.FIELDS)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def replaced(self, **changes: Json) -> Self:
        """The same with other values of some fields."""
        is_same = all(value == vars(self).get(name, NO_DEFAULT) for name, value in changes.items())
        return self if is_same else type(self)(**{**vars(self), **changes})

    @classmethod
    def query(cls, server_version: int) -> str:
        """The text of its query."""
        query = cls.QUERY
        assert query is not None
        array = [read.sql for read in cls.FIELDS.values() if read and server_version >= read.since]
        array += [text for text in (query.grants, query.comment) if text]
        definition = query.text or f"jsonb_build_array({', '.join(array)})::text"
        columns = [query.kind or f"'{cls.KIND.value}'", query.name, definition, query.address]
        return f"SELECT {', '.join([*columns, *([query.part_of] if query.part_of else [])])}\nFROM {query.source}"

    @classmethod
    def read(cls, values: Json) -> Self:
        """From the array of the fields."""
        return cls(*map(_frozen, values))

    @classmethod
    def read_text(cls, text: str) -> Self:
        """From the query's `text`."""
        return cls(*[text][: len(cls.FIELDS)])

    @classmethod
    def word(cls) -> str:
        """What SQL calls the kind."""
        return cls.WORD or cls.KIND.value.upper()

    @classmethod
    def subject(cls, name: ObjectName) -> str:
        """What COMMENT ON and DROP call an object."""
        return f"{cls.word()} {f'{name.last} ON {name.parent}' if cls.ON_TABLE else name.name}"

    def is_covered(self) -> bool:
        """Whether it can be made and dropped; what cannot is left alone, and told."""
        return self.COVERED

    def needs(self, name: ObjectName, items: Collection[ObjectName]) -> Iterator[tuple[ObjectName, Tie]]:
        """What it needs by its nature, whatever pg_depend says; if that is there."""
        yield from ()

    def create(self, name: ObjectName, context: Context) -> Statements:
        """Make it."""
        raise NotImplementedError

    def settings(self, name: ObjectName, context: Context) -> Statements:
        """Give it what a newly made object needs beyond `create`, also when it was made together with another one."""
        return ()

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        """Turn the old one into this one."""
        return Instead.REPLACE

    def drop(self, name: ObjectName, context: Context) -> Statements:
        """Drop it."""
        return (f"DROP {self.subject(name)}",)

    def impact(self, old: Self) -> Impact:
        """What it means for others that the old one becomes this one."""
        return Impact.NONE

    def texts(self) -> Iterator[str]:
        """Every text in it."""
        for value in vars(self).values():
            yield from _texts(value)

    def mapped(self, change: Callable[[str], str]) -> Self:
        """The same with every text changed."""
        return self.replaced(**{name: _mapped(value, change) for name, value in vars(self).items()})


def _frozen(value: Json) -> Json:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, Definition):
        yield from value.texts()


def _mapped(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str) and not isinstance(value, Enum):
        return change(value)
    if isinstance(value, tuple):
        values = [_mapped(one, change) for one in value]
        return value._make(values) if hasattr(value, "_make") else tuple(values)
    return value.mapped(change) if isinstance(value, Definition) else value


class Setting(Definition):
    """A property of another object, for which there is one statement whether it is set or changed."""

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements:
        return self.create(name, context)


def commented(subject: str, comment: str | None) -> str:
    """The statement that sets a comment, or takes it away."""
    return f"COMMENT ON {subject} IS {'NULL' if comment is None else literal(comment)}"


def option_list(options: Iterable[str]) -> str:
    """Options as `a=1` the way WITH and SET take them."""
    return ", ".join(f"{name}={_value(value)}" for name, _, value in (option.partition("=") for option in options))


def _value(value: str) -> str:
    return value if value.replace("_", "").isalnum() else literal(value)


def option_changes(subject: str, old: Iterable[str] | None, new: Iterable[str] | None) -> Iterator[str]:
    """SET and RESET of options; `subject` is as `ALTER TABLE t`."""
    before, after = set(old or ()), set(new or ())
    gone = {option.partition("=")[0] for option in before} - {option.partition("=")[0] for option in after}
    if after - before:
        yield f"{subject} SET ({option_list(sorted(after - before))})"
    if gone:
        yield f"{subject} RESET ({', '.join(sorted(gone))})"


def foreign_options(options: Iterable[str] | None) -> str:
    """OPTIONS (…) for a new object, with a space ahead; nothing if there are none."""
    pairs = [option.partition("=") for option in options or ()]
    texts = [f"{_option_name(name)} {literal(value)}" for name, _, value in pairs]
    return f" OPTIONS ({', '.join(texts)})" if texts else ""


def _option_name(name: str) -> str:
    """A foreign option may be called anything, but keywords need no quotes there."""
    return quoted(name)


def foreign_option_changes(subject: str, old: Iterable[str] | None, new: Iterable[str] | None) -> Iterator[str]:
    """ADD, SET and DROP of a foreign object's options."""
    before, after = (
        {_option_name(name): value for name, _, value in (option.partition("=") for option in options or ())}
        for options in (old, new)
    )
    changes = [f"ADD {name} {literal(after[name])}" for name in after if name not in before]
    changes += [f"SET {name} {literal(value)}" for name, value in after.items() if before.get(name, value) != value]
    changes += [f"DROP {name}" for name in before if name not in after]
    if changes:
        yield f"{subject} OPTIONS ({', '.join(changes)})"
