"""Loads a function app folder: its settings, its host.json and the functions it declares.

What the host cannot serve is refused here, at start, naming the function.
"""

import importlib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.local import ROOT
from infra.local.errors import StartError
from infra.local.host.signatures import SignatureError, check_signature
from infra.local.settings_file import LocalSettings, read_json_object, read_local_settings

SUPPORTED_BINDINGS = {"http", "durableClient"}
SUPPORTED_TRIGGERS = {
    "httpTrigger",
    "blobTrigger",
    "timerTrigger",
    "orchestrationTrigger",
    "activityTrigger",
}


class HostError(StartError):
    """The app cannot be served; the text says why, for the person who started the host."""


@dataclass(frozen=True)
class Function:
    """A declared function: its trigger's binding, and how it wants to be called."""

    name: str
    trigger: dict[str, Any]
    handler: Callable[..., Any]
    client: str | None = None
    """The parameter of the durable client binding, if it has one."""
    client_hub: str | None = None

    @property
    def kind(self) -> str:
        """The trigger's type, such as `httpTrigger`."""
        return str(self.trigger["type"])

    @property
    def parameter(self) -> str:
        """The parameter the trigger's value is passed by."""
        return str(self.trigger["name"])

    @cached_property
    def is_async(self) -> bool:
        """Whether it runs on the event loop; anything else runs on a thread."""
        return inspect.iscoroutinefunction(self.handler)

    @cached_property
    def wants_context(self) -> bool:
        """Whether a parameter `context` is to get the invocation's `func.Context`."""
        taken = {self.parameter, self.client}
        return "context" in inspect.signature(self.handler).parameters and "context" not in taken


@dataclass(frozen=True)
class FunctionApp:
    """A loaded app folder."""

    folder: Path
    functions: list[Function]
    host: dict[str, Any] = field(default_factory=dict)
    cors: list[str] = field(default_factory=list)
    cors_credentials: bool = False

    def of_kind(self, kind: str) -> list[Function]:
        """The functions with that trigger type."""
        return [f for f in self.functions if f.kind == kind]

    @property
    def route_prefix(self) -> str:
        """host.json's HTTP route prefix, without slashes at its ends."""
        prefix = self.host.get("extensions", {}).get("http", {}).get("routePrefix", "api")
        return str(prefix).strip("/")

    @property
    def durable(self) -> dict[str, Any]:
        """host.json's durableTask section."""
        section: dict[str, Any] = self.host.get("extensions", {}).get("durableTask", {})
        return section

    @property
    def hub(self) -> str:
        """The task hub's name."""
        return resolve_settings(self.durable.get("hubName", "TestHubName"))

    @property
    def default_version(self) -> str | None:
        """The version of an instance that is started without one."""
        version = self.durable.get("defaultVersion")
        return None if version is None else str(version)


def apply_settings(settings: LocalSettings) -> None:
    """Make the settings environment variables; one that is set already wins."""
    for name, value in settings.values.items():
        os.environ.setdefault(name, value)


def load(folder: Path) -> FunctionApp:
    """Import the folder's function_app.py and read what it declares.

    Settings are in the environment before the app is imported, the working folder is the app's, as
    in Azure. Raises HostError for a folder that holds no app, or an app that is not supported.
    """
    if not (folder / "function_app.py").is_file():
        raise HostError(f"{folder} holds no function_app.py.")
    settings = read_local_settings(folder)
    apply_settings(settings)
    host = read_json_object(folder / "host.json")
    try:
        declared = _import_app(folder).get_functions()
    except ValueError as error:
        raise HostError(f"{folder}/function_app.py: {error}") from error
    functions = [_describe(f) for f in declared]
    _check_names(functions)
    return FunctionApp(folder, functions, host, [*settings.cors], settings.cors_credentials)


def resolve_settings(text: str, *, owner: str = "host.json") -> str:
    """Replace each `%NAME%` with that setting. Raises HostError when it is not set."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise HostError(f"{owner}: the setting {name} in '{text}' is not set.")
        return os.environ[name]

    return re.sub(r"%([^%]+)%", value, text)


def _hide_own_packages(folder: Path) -> None:
    """Let an app elsewhere find its own `shared` and the like, not this repository's.

    Raises HostError for an app with Python modules named `infra`, which is what runs here.
    """
    if folder == ROOT:
        return
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    if (folder / "infra.py").exists() or any((folder / "infra").rglob("*.py")):
        raise HostError(f"{folder} has Python modules named 'infra', as the local host has.")


def _import_app(folder: Path) -> Any:
    _hide_own_packages(folder)
    sys.path[:0] = [str(folder), str(folder / ".python_packages/lib/site-packages")]
    # The SDK reads a host.json of the working folder at import, and fails at a comment in it.
    os.chdir("/")
    importlib.import_module("azure.durable_functions")
    os.chdir(folder)
    try:
        module = importlib.import_module("function_app")
    except (Exception, SystemExit) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        raise HostError(
            f"{folder}/function_app.py cannot be imported: {type(error).__name__}: {error} "
            f"({where.filename}, line {where.lineno})"
        ) from error
    from azure.functions import FunctionRegister

    apps = [value for value in vars(module).values() if isinstance(value, FunctionRegister)]
    if len(apps) != 1:
        raise HostError(f"{folder}/function_app.py must hold one function app; found {len(apps)}.")
    return apps[0]


def _describe(declared: Any) -> Function:
    name = declared.get_function_name()
    bindings = [_plain(binding) for binding in declared.get_bindings_dict()["bindings"]]
    triggers = [b for b in bindings if b["type"].lower().endswith("trigger")]
    for binding in bindings:
        supported = SUPPORTED_TRIGGERS if binding in triggers else SUPPORTED_BINDINGS
        if binding["type"] not in supported:
            raise HostError(
                f"Function '{name}': the local host does not support '{binding['type']}'."
            )
    client = next((b for b in bindings if b["type"] == "durableClient"), {})
    trigger = triggers[0]
    own_name = trigger.get("orchestration") or trigger.get("activity") or name
    handler = declared.get_user_function()
    try:
        check_signature(handler, declared.get_bindings())
    except SignatureError as error:
        raise HostError(f"Function '{name}' cannot be loaded: {error}.") from error
    return Function(own_name, trigger, handler, client.get("name"), client.get("taskHub"))


def _plain(binding: dict[str, Any]) -> dict[str, Any]:
    """A binding with its enum members as their values."""
    return {
        key: [getattr(item, "value", item) for item in value]
        if isinstance(value, list)
        else getattr(value, "value", value)
        for key, value in binding.items()
    }


def _check_names(functions: list[Function]) -> None:
    seen: set[str] = set()
    for function in functions:
        if function.name.casefold() in seen:
            raise HostError(f"Two functions are named '{function.name}'.")
        seen.add(function.name.casefold())
