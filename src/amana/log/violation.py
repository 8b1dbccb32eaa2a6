"""What is wrong with a log, and where."""

from typing import final


@final
class Violation(Exception):  # noqa: N818 - a finding, not a failure
    """Something of a log is not as it must be.

    `path`: the file in the log's folder, empty for what the reader brought; `index`: of the first wrong entry, None where the whole
    file is; `reason`: a word of the catalogue, after `word.log.`.
    """

    def __init__(self, path: str, *, reason: str, index: int | None = None) -> None:
        super().__init__(path, reason, index)
        self.path, self.reason, self.index = path, reason, index
