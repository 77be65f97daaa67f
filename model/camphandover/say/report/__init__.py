"""A batch as one page to read, print and pass on."""

from camphandover.say.report.page import write_report

__all__ = ["write_report"]
