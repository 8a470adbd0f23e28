"""Collects ERROR log records, so that a test fails on those it did not expect."""

import logging
import re


class ErrorLog(logging.Handler):
    """Keeps records of level ERROR and above, and the expressions that a test expects among them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []
        self._expected: list[re.Pattern[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def expect(self, *patterns: str) -> None:
        """Allow records whose text matches one of the expressions; without any, allow all."""
        self._expected += [re.compile(pattern, re.DOTALL) for pattern in patterns or ("",)]

    def unexpected(self) -> list[str]:
        """The records that nobody expected, formatted with their tracebacks."""
        formatter = logging.Formatter("%(name)s %(levelname)s %(message)s")
        texts = [formatter.format(record) for record in self.records]
        return [text for text in texts if not any(expected.search(text) for expected in self._expected)]
