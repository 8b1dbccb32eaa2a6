"""What a refusal is known by: a number, and the exit class of the command line."""

from dataclasses import dataclass
from enum import IntEnum
from typing import final


class Exit(IntEnum):
    """Exit codes of the command line, one for each class of refusal."""

    FINE = 0
    FAULT = 1
    USAGE = 2
    QUESTION = 10  # the SQL cannot be answered as written
    BUDGET = 11  # the loss or precision cannot be afforded
    RULES = 12  # the custodian's file or tables
    PERMISSION = 13
    SETTINGS = 14
    LOG = 15  # a public log is not as it must be


@final
@dataclass(frozen=True, slots=True)
class Code:
    number: int
    exit: Exit
