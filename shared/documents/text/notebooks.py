"""Reading Jupyter notebooks (nbformat 1 to 4): sources and the text that came out, without images.

Before nbformat 4, cells lay in worksheets, and headings were cells of their own.
"""

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from shared.documents.extract import Block, Extract
from shared.documents.text.json import parse_json
from shared.documents.text.plain import MAX_BLOCKS, plain
from shared.models import Model

# A text, or its lines.
_Text = Annotated[str, BeforeValidator(lambda text: "".join(text) if _is_lines(text) else text)]


class _Data(Model):
    text: _Text = Field("", alias="text/plain")


class _Output(Model):
    text: _Text = ""
    data: _Data = _Data()
    ename: str = ""
    evalue: str = ""

    def words(self) -> str:
        error = ": ".join(filter(None, (self.ename, self.evalue)))
        return self.text or self.data.text or error


class _Cell(Model):
    source: _Text = Field("", validation_alias=AliasChoices("source", "input", "code", "text"))
    outputs: list[_Output] = []
    level: int = Field(0, ge=0, le=6)

    def words(self) -> str:
        return f"{'#' * self.level} {self.source}" if self.level else self.source


class _Notebook(Model):
    cells: list[_Cell] = Field(max_length=MAX_BLOCKS)

    @model_validator(mode="before")
    @classmethod
    def join_worksheets(cls, notebook: Any) -> Any:
        """The cells of all worksheets, where there are any."""
        match notebook:
            case {"worksheets": [*sheets]}:
                return {"cells": [cell for sheet in sheets for cell in sheet.get("cells", [])]}
        return notebook


def read_notebook(text: str) -> Extract:
    """The cells; places are `cell 3` and `cell 3, output`."""
    try:
        notebook = _Notebook.model_validate(parse_json(text))
    except (ValueError, TypeError, AttributeError):
        return plain(text, "This file is not a proper notebook; it was read as plain text.")
    blocks = []
    for number, cell in enumerate(notebook.cells, 1):
        outputs = "\n".join(filter(None, (output.words() for output in cell.outputs)))
        for part, words in ((f"cell {number}", cell.words()), (f"cell {number}, output", outputs)):
            if words.strip():
                blocks.append(Block(text=f"{words.rstrip()}\n\n", part=part))
    return Extract(blocks=blocks)


def _is_lines(text: Any) -> bool:
    return isinstance(text, list) and all(isinstance(line, str) for line in text)
