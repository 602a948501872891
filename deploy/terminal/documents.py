"""Documents of reports: requested and waited for."""

import time
from collections.abc import Callable

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
