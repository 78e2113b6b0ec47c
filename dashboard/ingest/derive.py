"""What is computed from the rows once, at import: orders and refunds, active days, a person's latest values."""

from __future__ import annotations

import numpy as np

from dashboard.jit import kernel
from dashboard.schema import NULL_DAY, NULL_TIME


@kernel
def orders(
    offsets: np.ndarray,
    order_id: np.ndarray,
    time: np.ndarray,
    amount: np.ndarray,
    gross: np.ndarray,
    label: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Order lines to orders and refunds.

    offsets: runs of lines by person, the last run are guests; order_id, time, amount (NaN = unknown value), gross
    (bool: quantity and price positive), label (code that the order takes from its first line): by line.
    An order id with a gross line is an order, one without and with a negative line is a refund; its value is the sum of
    its lines, its time that of its first dated line. Returns (person, time, net value, label, is_order).
    """
    n = len(order_id)
    people = np.empty(n, np.int32)
    times = np.empty(n, np.int64)
    values = np.empty(n, np.float64)
    labels = np.empty(n, np.int32)
    is_order = np.empty(n, np.bool_)
    found = 0
    for u in range(len(offsets) - 1):
        start, end = offsets[u], offsets[u + 1]
        if start == end:
            continue
        by_order = np.argsort(order_id[start:end], kind="mergesort")
        i = 0
        while i < end - start:
            first = start + by_order[i]
            total, sold, returned, when = 0.0, False, False, NULL_TIME
            j = i
            while j < end - start and order_id[start + by_order[j]] == order_id[first]:
                line = start + by_order[j]
                if amount[line] == amount[line]:
                    total += amount[line]
                    sold = sold or gross[line]
                    returned = returned or amount[line] < 0
                if when == NULL_TIME:
                    when = time[line]
                j += 1
            if sold or returned:
                people[found] = u
                times[found] = when
                values[found] = total
                labels[found] = label[first]
                is_order[found] = sold
                found += 1
            i = j
    return people[:found], times[:found], values[:found], labels[:found], is_order[:found]


@kernel
def active_days(offsets: np.ndarray, day: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct days per person. offsets: runs of rows by person; day: ascending inside a run, NULL_DAY is no day;
    active: bool by row, or empty when every row counts. Returns (offsets int64, days int32)."""
    everything = len(active) == 0
    result = np.zeros(len(offsets), np.int64)
    total = 0
    for u in range(len(offsets) - 1):
        last = NULL_DAY
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] != last and day[i] != NULL_DAY and (everything or active[i]):
                total += 1
                last = day[i]
        result[u + 1] = total
    days = np.empty(total, np.int32)
    at = 0
    for u in range(len(offsets) - 1):
        last = NULL_DAY
        for i in range(offsets[u], offsets[u + 1]):
            if day[i] != last and day[i] != NULL_DAY and (everything or active[i]):
                days[at] = day[i]
                at += 1
                last = day[i]
    return result, days


@kernel
def first_and_last(offsets: np.ndarray, time: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last active time per person, NULL_TIME without one; arguments as in :func:`active_days`."""
    everything = len(active) == 0
    n = len(offsets) - 1
    first = np.full(n, NULL_TIME)
    last = np.full(n, NULL_TIME)
    for u in range(n):
        for i in range(offsets[u], offsets[u + 1]):
            if time[i] != NULL_TIME and (everything or active[i]):
                first[u] = time[i]
                break
        for i in range(offsets[u + 1] - 1, offsets[u] - 1, -1):
            if time[i] != NULL_TIME and (everything or active[i]):
                last[u] = time[i]
                break
    return first, last


@kernel
def latest(offsets: np.ndarray, time: np.ndarray, code: np.ndarray, best: np.ndarray, best_time: np.ndarray) -> None:
    """Take over every person's last known code when it is later than the best so far (both changed in place)."""
    for u in range(len(offsets) - 1):
        for i in range(offsets[u + 1] - 1, offsets[u] - 1, -1):
            if code[i] >= 0:
                if best[u] < 0 or time[i] > best_time[u]:
                    best[u] = code[i]
                    best_time[u] = time[i]
                break


@kernel
def order_names(
    people: np.ndarray, people_starts: np.ndarray, user: np.ndarray, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Order ids for lines that have none: "<user id> <YYYY-MM-DD HH:MM:SS[.ffffff]>" in UTC, without the id for guests.

    people, people_starts: bytes and offsets of the ids by code; user: code, -1 = guest; time: µs UTC.
    Returns (bytes uint8, offsets int64).
    """
    n = len(user)
    offsets = np.zeros(n + 1, np.int64)
    for i in range(n):
        length = 27
        if user[i] >= 0:
            length += people_starts[user[i] + 1] - people_starts[user[i]]
        offsets[i + 1] = offsets[i] + length
    data = np.empty(offsets[n], np.uint8)
    at = 0
    for i in range(n):
        offsets[i] = at
        if user[i] >= 0:
            for j in range(people_starts[user[i]], people_starts[user[i] + 1]):
                data[at] = people[j]
                at += 1
        data[at] = 32
        at += 1
        if time[i] == NULL_TIME:
            continue
        day = time[i] // 86_400_000_000
        rest = time[i] - day * 86_400_000_000
        shifted = day + 719_468  # days since 0000-03-01: Howard Hinnant, chrono-compatible low-level date algorithms
        era = shifted // 146_097
        doe = shifted - era * 146_097
        yoe = (doe - doe // 1_460 + doe // 36_524 - doe // 146_096) // 365
        doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
        mp = (5 * doy + 2) // 153
        month = mp + 3 if mp < 10 else mp - 9
        year = yoe + era * 400 + (1 if month <= 2 else 0)
        seconds = rest // 1_000_000
        at = _digits(data, at, year, 4)
        data[at] = 45
        at = _digits(data, at + 1, month, 2)
        data[at] = 45
        at = _digits(data, at + 1, doy - (153 * mp + 2) // 5 + 1, 2)
        data[at] = 32
        at = _digits(data, at + 1, seconds // 3_600, 2)
        data[at] = 58
        at = _digits(data, at + 1, seconds // 60 % 60, 2)
        data[at] = 58
        at = _digits(data, at + 1, seconds % 60, 2)
        if rest % 1_000_000:
            data[at] = 46
            at = _digits(data, at + 1, rest % 1_000_000, 6)
    offsets[n] = at
    return data, offsets


@kernel
def _digits(data: np.ndarray, at: int, value: int, width: int) -> int:
    for k in range(width - 1, -1, -1):
        data[at + k] = 48 + value % 10
        value //= 10
    return at + width
