"""What the doctor says of a look that failed."""

from __future__ import annotations

from tunestack.cli.calls import RefusedError
from tunestack.cli.doctor.finding import Finding, problem, warning
from tunestack.cli.stack import StackError
from tunestack.late_identities import NOBODYS_PROJECTS
from tunestack.service_errors import explain


def refused(check: str, error: RefusedError) -> Finding:
    """Returns the line of a check whose call a service refused."""
    if error.code == 401:
        return problem(check, f"the credentials were refused: {error}", "gcloud auth application-default login")
    charged = error.facts.get("consumer", "").rpartition("/")[2]
    if error.reason == "SERVICE_DISABLED" and charged in NOBODYS_PROJECTS:
        says = "calls are charged to a project of Google's own, in which no API can be enabled"
        command = f"gcloud auth application-default set-quota-project {error.connection.project}"
        return problem(check, says, command)
    if error.reason == "SERVICE_DISABLED":
        return warning(check, f"not looked at: {error.facts.get('service', 'its API')} is not enabled; see APIs")
    if error.reason == "BILLING_DISABLED":
        return warning(check, "not looked at: the project is not billed; see billing")
    if error.code == 403:
        return warning(check, f"not looked at, for want of a permission: {error}")
    return warning(check, f"not looked at: {error}")


def trouble(check: str, error: Exception) -> Finding:
    """Returns the line for a look that failed in a way that no check has words for."""
    if isinstance(error, RefusedError):
        return refused(check, error)
    if said := explain(error):
        return problem(check, said)
    said = str(error) if isinstance(error, StackError) else f"{type(error).__name__}: {error}"
    return warning(check, f"not looked at: {said}")
