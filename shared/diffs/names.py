"""Names in Python that nothing brings into a file."""

import ast
import builtins
import warnings

_ALWAYS = frozenset(dir(builtins)) | {"__file__", "__name__", "__path__", "__class__"}


def find_unbound(text: str) -> frozenset[str] | None:
    """Names that are read and nowhere imported, defined or assigned, whatever the scope; None where
    that cannot be told, as after `import *`. Nothing of the text is run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    bound = {name for node in nodes for name in _bind(node)}
    read = {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    return None if "*" in bound else frozenset(read - bound - _ALWAYS)


def _bind(node: ast.AST) -> list[str]:
    """The names that a node brings in."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [(one.asname or one.name).partition(".")[0] for one in names]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.arg(arg=name) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.ExceptHandler(name=str(name)) | ast.MatchMapping(rest=str(name)):
            return [name]
        case ast.Global(names=several) | ast.Nonlocal(names=several):
            return several
    # Type parameters, where this Python has them.
    is_type_parameter = type(node).__name__ in ("TypeVar", "ParamSpec", "TypeVarTuple")
    return [str(getattr(node, "name", ""))] if is_type_parameter else []
