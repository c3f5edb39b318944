"""Detection of processes that make no progress: stopped by a signal, or hung in a system call."""

from __future__ import annotations

from pathlib import Path

_RUNNABLE = "R"  # it computes, or waits for a processor: the process is not to blame for a busy machine
_STOPPED = frozenset("Tt")  # by a signal or a debugger
_UTIME, _STIME = 11, 12  # fields of /proc/PID/stat behind the name of the program


class ProgressWatch:
    """Samples of one process. More than `most_idle` in a row without progress mean that it hangs.

    Samples are counted, not seconds. If the whole server is stopped and continued, no decoder is blamed for the pause.
    Without Linux's /proc, no process is ever reported as hung.
    """

    def __init__(self, pid: int, most_idle: int) -> None:
        self._path, self._most_idle = Path(f"/proc/{pid}/stat"), most_idle
        self._ticks, self._idle = -1, 0

    def hangs(self) -> bool:
        """Take a sample; return whether the process hangs."""
        state, ticks = self._sample()
        self._idle = 0 if state == _RUNNABLE or ticks != self._ticks else self._idle + 1
        self._ticks = ticks
        return state in _STOPPED or self._idle > self._most_idle

    def _sample(self) -> tuple[str, int]:
        """Return the state of the process and its processor time in clock ticks."""
        try:
            fields = self._path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended, which its socket shows, or the system has no /proc
            return _RUNNABLE, 0
        return fields[0], int(fields[_UTIME]) + int(fields[_STIME])
