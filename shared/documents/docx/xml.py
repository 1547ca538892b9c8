"""Small questions to WordprocessingML, asked by local names: Transitional and Strict documents
differ in their namespaces and in nothing that is read here."""

import re

from lxml import etree

Element = etree._Element

_NUMBER = re.compile(r"-?[0-9]{1,9}")


def local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def child(element: Element | None, name: str) -> Element | None:
    if element is None:
        return None
    return next((inner for inner in element if local(inner) == name), None)


def attribute(element: Element, name: str) -> str | None:
    for key, value in element.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None


def value(element: Element | None, name: str) -> str | None:
    """`w:val` of a child, None where there is no such child."""
    found = child(element, name)
    return None if found is None else attribute(found, "val")


def number(text: str | None, otherwise: int = 0) -> int:
    return int(text) if text and _NUMBER.fullmatch(text) else otherwise


def switch(element: Element | None, name: str) -> bool | None:
    """An on-off property among the children, None where it is not set."""
    found = child(element, name)
    return None if found is None else attribute(found, "val") not in ("0", "false", "off")
