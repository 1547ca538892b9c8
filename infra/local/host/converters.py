"""azure-functions' own converters between bindings and Python values, which Azure's worker uses."""

import json
import sys
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum


def converter_of(binding_type: str) -> Any:
    """The converter of a binding type, such as `httpTrigger`."""
    return func.get_binding_registry().get(binding_type)  # type: ignore[no-untyped-call]


def sdk_types() -> Any:
    """The registry of the SDKs' types as parameters; None when the app imports none of them."""
    base = sys.modules.get("azurefunctions.extensions.base")
    return base.get_binding_registry() if base else None


def is_sdk_type(annotation: Any) -> bool:
    """Whether a parameter of that type is a client of an SDK, to which no content is handed."""
    types = sdk_types()
    return types is not None and bool(types.check_supported_type(annotation))


def trigger_value(trigger_type: str, datum: Datum, **metadata: Any) -> Any:
    """The value that a function is called with; `metadata` is what JSON can hold."""
    texts = {name: Datum(json.dumps(value), "json") for name, value in metadata.items()}
    return converter_of(trigger_type).decode(datum, trigger_metadata=texts)
