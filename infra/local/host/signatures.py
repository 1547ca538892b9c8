"""Refuses at load what Azure's Python worker refuses: parameters and annotations that do not fit.

The rules and their order are those of `azure_functions_runtime.functions.Registry`; whether a type
fits a binding is asked of azure-functions' own converters, as the worker does.
"""

import inspect
import typing
from collections.abc import Callable
from typing import Any

import azure.functions as func
from azure.functions._thirdparty import typing_inspect

from infra.local.host.converters import converter_of, is_sdk_type, sdk_types

RETURN = "$return"


class SignatureError(Exception):
    """The worker would not load the function; the text says why."""


def check_signature(handler: Callable[..., Any], bindings: list[Any]) -> None:
    """Raise SignatureError when the worker would refuse the function."""
    try:
        annotations = typing.get_type_hints(handler)
        parameters = set(inspect.signature(handler).parameters)
        bound = {binding.name: binding for binding in bindings if binding.name != RETURN}
        if "context" in parameters - set(bound):
            parameters.remove("context")
            _check_context(annotations.get("context", func.Context))
        _check_names(parameters, set(bound))
        for name in parameters & set(annotations):
            _check_parameter(name, annotations[name], bound[name])
        if "return" in annotations:
            _check_return(annotations["return"], [b for b in bindings if b.name == RETURN])
    except (NameError, TypeError) as error:
        raise SignatureError(f"its annotations cannot be checked: {error}") from error


def _check_context(annotation: Any) -> None:
    if not isinstance(annotation, type) or annotation.__name__ != "Context":
        raise SignatureError(
            'the "context" parameter is expected to be of type azure.functions.Context, '
            f"got {annotation!r}"
        )


def _check_names(parameters: set[str], bound: set[str]) -> None:
    if unbound := sorted(parameters - bound):
        raise SignatureError(
            f"the following parameters are declared in Python but not by a decorator: {unbound}"
        )
    if missing := sorted(bound - parameters):
        raise SignatureError(
            f"the following parameters are declared as bindings but not in Python: {missing}"
        )


def _check_parameter(name: str, annotation: Any, binding: Any) -> None:
    if _is_out(annotation):
        raise SignatureError(
            f'binding {name} is declared to have the "in" direction, but its annotation is '
            "azure.functions.Out"
        )
    if not isinstance(annotation, type) and not _is_generic(annotation):
        raise SignatureError(f"binding {name} has invalid non-type annotation {annotation!r}")
    registry = sdk_types() if is_sdk_type(annotation) else None
    converter = registry.get(binding.type) if registry else converter_of(binding.type)
    plain = annotation in (str, bytes) and not converter.has_implicit_output()
    if not plain and not converter.check_input_type_annotation(annotation):
        raise SignatureError(
            f'type of {name} binding in the decorator "{binding.type}" does not match its Python '
            f'annotation "{annotation.__name__}"'
        )


def _check_return(annotation: Any, bindings: list[Any]) -> None:
    for binding in bindings:
        if not isinstance(annotation, type):
            raise SignatureError(f"it has invalid non-type return annotation {annotation!r}")
        converter = converter_of(binding.type)
        if not converter.check_output_type_annotation(annotation):
            raise SignatureError(
                f'its return annotation "{annotation.__name__}" does not match binding type '
                f'"{binding.type}"'
            )


def _is_out(annotation: Any) -> bool:
    origin = getattr(annotation, "__origin__", annotation)
    return isinstance(origin, type) and origin.__name__ == "Out"


def _is_generic(annotation: Any) -> bool:
    return bool(typing_inspect.is_generic_type(annotation))  # type: ignore[no-untyped-call]
