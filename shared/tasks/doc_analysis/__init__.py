"""Task type `doc_analysis`: what the files of a ticket say, each insight with quotes that the
program found in them.

    planning     every file → text with places → chunks, a blob each
    analysing    a chunk → claims with quotes; a quote that is not in the chunk is dropped
    gathering    all claims under numbers, a part for each chunk
    merging      parts → one part, whose points name claims by number: all parts at once if they
                 fit into a call, else groups of them, fewer with every round
    concluding   the last part → summary, insights, gaps, conflicts between files, with the quotes

`task_type` is the door.
"""

from shared.documents.extraction import Extractor
from shared.tasks.base import TaskType
from shared.tasks.call_sizes import CallSizes
from shared.tasks.doc_analysis import report, rounds
from shared.tasks.doc_analysis.analysing import ANALYSING
from shared.tasks.doc_analysis.merging import CONCLUDING, CONDENSING
from shared.tasks.doc_analysis.models import Result, TaskData
from shared.tasks.doc_analysis.planning import plan

task_type = TaskType(
    data=TaskData,
    result=Result,
    example={
        "analysis_type": "risk",
        "instructions": "Name every date by which something must be done.",
    },
    formats={"md": report.to_markdown, "csv": report.to_table},
    plan=plan,
    stages=(
        ANALYSING.then(rounds.after_analysis),
        CONDENSING.then(rounds.after_merge),
        CONCLUDING.then(rounds.after_merge),
    ),
    needs=(Extractor, CallSizes),
    misses_files=lambda _, filenames: not filenames,
    reuses_answers=True,
)
