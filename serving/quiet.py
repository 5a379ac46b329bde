"""One line in the log for each request that is not HTTP, as gunicorn and uvicorn write it."""

import logging


def quiet(logger: logging.Logger, invalid: type[Exception]) -> None:
    """Cut the records of `logger` to one line, without a traceback, if their exception is an `invalid` request."""

    def in_one_line(record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], invalid):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args, record.exc_info = "Invalid HTTP request received.", (), None
        return True

    logger.addFilter(in_one_line)
