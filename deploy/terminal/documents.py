"""Documents of reports: requested, waited for, and written to files."""

import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.errors import Explained
from sigmasight_client import SigmaSight
from sigmasight_client.models import NewReport, ReportOut

WAIT_SECONDS = 120.0
LOOK_SECONDS = 0.3
ENDED = ("rendered", "failed", "cancelled", "expired")


def rendered(
    api: SigmaSight, wanted: NewReport, sleep: Callable[[float], None] = time.sleep
) -> ReportOut:
    """The report once it is rendered; raises `Explained` when it fails, or takes too long."""
    report = api.generate_report(wanted)
    deadline = time.monotonic() + WAIT_SECONDS
    while report["state"] not in ENDED:
        if time.monotonic() > deadline:
            raise Explained(
                f"the report {report['report_id']} is still {report['state']}: is the service "
                "reports running? `sigmasight status` shows that"
            )
        sleep(LOOK_SECONDS)
        report = api.get_report_status(report["report_id"])
    if report["state"] != "rendered":
        reason = report["reason"]
        raise Explained(f"the report is {report['state']}" + (f": {reason}" if reason else ""))
    return report


def written(api: SigmaSight, report: ReportOut, output: Path | None) -> Path:
    """The file that the document is written to: a name, or its name in a folder."""
    target = output or Path()
    path = target / report["file_name"] if target.is_dir() else target
    try:
        path.write_bytes(api.download_report(report["report_id"]))
    except OSError as error:
        raise Explained(f"{path} cannot be written ({error.strerror}): name another") from error
    return path
