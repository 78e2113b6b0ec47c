"""Refusals about a file's bytes, whoever reads them."""

from __future__ import annotations

from dashboard.errors import UserError
from dashboard.ingest.limits import Limits


def damaged() -> UserError:
    return UserError(
        "damaged_gzip", "This gzip file is damaged or cut off.", "Pack it again, or upload the unpacked table."
    )


def inflates_too_much(limits: Limits) -> UserError:
    return UserError(
        "inflates_too_much",
        f"This gzip file unpacks to more than {limits.packed_ratio} times its size. Such files are not opened.",
        "Unpack it yourself and upload the table.",
    )


def too_large(limits: Limits) -> UserError:
    return UserError(
        "too_large",
        f"The file holds more than {limits.file_bytes / (1 << 30):,.3g} GiB of data, which is the limit.",
        "Split it into several files, or raise the limit in the settings.",
    )
