"""Lines that hold an expression.

Run as a program it reads one request as JSON from its input and writes the answer as JSON, within
two seconds of processor time. It imports nothing else of mltrack, so that it starts in no time.
"""

import json
import re
import sys

CPU_MAX_S = 2
# Of one line: what is beyond them is not marked.
MATCHES_MAX = 20
_MEMORY_BYTES_MAX = 1 << 30


def find(
    expression: str, *, ignores_case: bool, lines: list[tuple[int, str]]
) -> tuple[list[int], list[int], list[int]]:
    """Return the numbers of the lines that hold *expression*, and where in them.

    Args:
        expression: As the module `re` writes it.
        ignores_case: Whether letters match those of the other case.
        lines: Each with its number.

    Returns:
        Of each match the number of its line, its first character and the one behind it: of a line
        the first 20, from the left; those without a character only where a line has no other.

    Raises:
        re.error: It is no expression.
    """
    finditer = re.compile(expression, re.IGNORECASE if ignores_case else 0).finditer
    numbers, starts, ends = [], [], []
    for number, text in lines:
        count = 0
        for found in finditer(text):
            start, end = found.span()
            if count and start == end:
                continue
            numbers.append(number)
            starts.append(start)
            ends.append(end)
            count += 1
            if count == MATCHES_MAX:
                break
    return numbers, starts, ends


def _bound() -> None:
    """Let the system end this process once it has used too much; where it can."""
    try:
        import resource
    except ImportError:  # Windows: there is the caller's time limit
        return
    for what, bound in (
        (resource.RLIMIT_CPU, CPU_MAX_S),
        (resource.RLIMIT_AS, _MEMORY_BYTES_MAX),
    ):
        try:
            resource.setrlimit(what, (bound, bound))
        except (OSError, ValueError):  # not on this system, or there is a lower one already
            continue


def main() -> None:
    """Answer one request."""
    _bound()
    request = json.load(sys.stdin)
    try:
        answer: object = find(**request)
    except (re.error, OverflowError, RecursionError) as error:
        answer = {"error": str(error), "at": getattr(error, "pos", None)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
