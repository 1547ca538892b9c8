"""Forms of a result that its steps make, such as pictures, saved as artifacts of the attempt."""

from base64 import b64decode, b64encode

from shared.tasks.base import Artifacts


async def save_format(artifacts: Artifacts, form: str, content: bytes) -> None:
    await artifacts.save(_name(form), b64encode(content).decode())


async def load_format(artifacts: Artifacts, form: str) -> bytes | None:
    """None where this result cannot be had in the form."""
    saved = await artifacts.load(_name(form))
    return None if saved is None else b64decode(saved)


def _name(form: str) -> str:
    return f"result-{form}"
