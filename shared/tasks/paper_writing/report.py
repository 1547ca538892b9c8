"""A paper in the forms that it can be had in."""

from shared.tasks.paper_writing.models import Result


def to_markdown(result: Result) -> str:
    return result.paper_content


def to_word(result: Result) -> bytes:
    from shared.documents.export.paper import to_paper_docx

    return to_paper_docx(result.paper_content, result.template)


def to_web(result: Result) -> str:
    from shared.documents.export.page import to_page

    return to_page(result.paper_content, result.title)
