"""Which tables a query reads: each is named in full, with its database and schema, so that what was
checked is what is read wherever the session stands."""

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake

from shared.errors import QueryFault, QueryRefused
from shared.sql.policy import Policy, TableName

_METADATA_SCHEMA = "INFORMATION_SCHEMA"

Found = dict[int, TableName]
"""The tables of a tree by the id of their nodes; without the references to its own WITH clauses."""


def qualify(tree: exp.Expr, policy: Policy) -> Found:
    """Name every table of the tree in full. Raises QueryRefused for one that is not allowed."""
    found: Found = {}
    for node in list(tree.find_all(exp.Table)):
        if not _is_cte(node):
            name = _complete_name(node, policy)
            _check(name, policy)
            found[id(node)] = name
            for part, text in zip(("catalog", "db"), name[:2], strict=True):
                if not node.args.get(part):
                    node.set(part, identifier(text))
    return found


def _is_cte(table: exp.Table) -> bool:
    """Whether a WITH clause around the name defines it, before the place where it is used."""
    if table.args.get("db"):
        return False
    inner: exp.Expr = table
    node = table.parent
    while node is not None:
        with_ = node.args.get("with_")
        if with_ and table.name in _visible(with_, inner):
            return True
        if isinstance(node, exp.With) and table.name in _visible(node, inner):
            return True
        inner, node = node, node.parent
    return False


def _visible(with_: exp.With, inner: exp.Expr) -> set[str]:
    """The names that can be used in `inner`: within the clause itself those before it, and its own
    when it is recursive."""
    names: set[str] = set()
    for cte in with_.expressions:
        if cte is inner:
            return names | ({cte.alias} if with_.recursive else set())
        names.add(cte.alias)
    return set() if inner is with_ else names


def _complete_name(node: exp.Table, policy: Policy) -> TableName:
    database, schema = node.catalog or policy.database, node.db or policy.schema
    if not (database and schema):
        raise QueryRefused(
            QueryFault.TABLE,
            f"The table {node.name[:100]} must be named with its database and schema.",
        )
    return TableName(database, schema, node.name)


def _check(name: TableName, policy: Policy) -> None:
    in_schemas = {name.schema, f"{name.database}.{name.schema}"} & policy.schemas
    allowed = name.database in policy.databases and (in_schemas or not policy.schemas)
    if not allowed or name.schema == _METADATA_SCHEMA:
        raise QueryRefused(
            QueryFault.TABLE, f"The schema {name.database}.{name.schema} may not be read."[:300]
        )
    if policy.tables is not None and name not in policy.tables:
        raise QueryRefused(QueryFault.TABLE, f"There is no table {name} here."[:300])


def identifier(name: str) -> exp.Identifier:
    """Quoted where Snowflake would otherwise take it for another name or a keyword."""
    plain = name.isascii() and name.isidentifier() and name.isupper()
    return exp.to_identifier(name, quoted=not plain or name in Snowflake.Tokenizer.KEYWORDS)
