"""Task type `paper_writing`: a paper of the length that was asked for, whose numbers, quotes and
references the program found in the task or in its sources.

    sources      every source → text with places → chunks, before the model is asked for anything
    outlining    what each section is for, its share of the words, what it alone says
    asking       on request people are shown the outline, and it goes on with what they send back
    reading      a chunk of a source → claims with quotes; the program gives each section its own
    writing      a section; what is wrong with it is told by the program (checks)
    judging      which requirements are met, by which sentence
    repairing    sections with faults, at most twice each
    polishing    what is still invented is left out; then terms and references between sections
    fronting     title and abstract, of what was written
    assembling   the paper in Markdown, its references, and an account of what it was held to

`task_type` is the door.
"""

from shared.clients.source_pages import SourcePages
from shared.documents.extraction import Extractor
from shared.papers.code import CodeParsers
from shared.tasks.base import TaskType
from shared.tasks.call_sizes import CallSizes
from shared.tasks.paper_writing import report, rounds
from shared.tasks.paper_writing.asking import check_outline
from shared.tasks.paper_writing.assembling import assemble_partial
from shared.tasks.paper_writing.fronting import FRONTING
from shared.tasks.paper_writing.judging import CHECKING
from shared.tasks.paper_writing.models import Result
from shared.tasks.paper_writing.outlining import OUTLINING
from shared.tasks.paper_writing.polishing import POLISHING
from shared.tasks.paper_writing.reading import READING
from shared.tasks.paper_writing.sources import find_url_fault, plan
from shared.tasks.paper_writing.task_data import TaskData
from shared.tasks.paper_writing.writing import REPAIRING, WRITING

task_type = TaskType(
    data=TaskData,
    result=Result,
    example={
        "topic": "How a harbour plans its berths",
        "paper_type": "technical_report",
        "target_audience": "harbour masters",
        "length": "short",
        "requirements": ["Explain how a berth is booked.", "Name what causes delays."],
    },
    formats={"md": report.to_markdown, "docx": report.to_word, "html": report.to_web},
    plan=plan,
    stages=(
        OUTLINING.then(rounds.after_outline),
        READING.then(rounds.after_reading),
        WRITING.then(rounds.after_writing),
        CHECKING.then(rounds.after_checking),
        REPAIRING.then(rounds.after_writing),
        POLISHING.then(rounds.after_polishing),
        FRONTING.then(rounds.after_front),
    ),
    needs=(Extractor, CallSizes, SourcePages, CodeParsers),
    misses_files=lambda data, filenames: bool(data.find_missing_files(filenames)),
    find_fault=find_url_fault,
    partial=assemble_partial,
    check_answer=check_outline,
    reuses_answers=True,
)
