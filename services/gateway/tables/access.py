"""What users' transactions may do with each table, and with published views."""

from dataclasses import dataclass

from sqlmodel import SQLModel

from services.gateway.tables.drafts import Draft, DraftTrade
from services.gateway.tables.imports import ImportProfile
from services.gateway.tables.people import (
    EXPORTED,
    AuditEntry,
    EventTicket,
    IdempotencyKey,
    LoginAttempt,
    PersonalToken,
    RecoveryCode,
    RefreshToken,
    SecondFactor,
    User,
    UserPreferences,
)
from services.gateway.tables.portfolios import (
    Portfolio,
    PortfolioRevision,
    Position,
    PositionSpan,
    PositionTag,
    Tag,
    Transaction,
)
from services.gateway.tables.reports import ReportRequest, ReportSchedule
from services.gateway.tables.runs import BatchItem, BatchRun, DeadLetter, OutboxRow, RunEvent
from services.gateway.tables.sign_on import LinkedAccount, SignOnAttempt


@dataclass(frozen=True)
class Access:
    """What a user's transaction may do with a table.

    `statements`; `rows`: condition on rows that are found, and left unless `left` says otherwise;
    None means every row.
    """

    statements: str
    rows: str | None = None
    left: str | None = None


# what users' transactions run as; the gateway's own role is exempt from all this
USERS_ROLE = "gateway_user"
USER_SETTING = "sigmasight.user_id"
_EDIT = "select, insert, update, delete"
_MY_ID = f"nullif(current_setting('{USER_SETTING}', true), '')::uuid"
_MINE = f"user_id = {_MY_ID}"
_MY_PORTFOLIOS = (
    "array(select portfolio_id from gateway.portfolios)"  # itself narrowed to the user's own
)
_IN_MY_PORTFOLIOS = f"portfolio_id = any ({_MY_PORTFOLIOS})"
_OF_MY_PORTFOLIOS = f"portfolio_ids && {_MY_PORTFOLIOS}"
# a filter, no index to look a position's tags up by
_MY_TAGS = "tag_id in (select tag_id from gateway.tags)"
_MY_POSITION = (
    "exists (select from gateway.positions as held "
    "where held.position_id = position_tags.position_id)"
)
# itself narrowed to the user's own
_MY_DRAFT = "draft_id = any (array(select draft_id from gateway.drafts))"
_REPORTED_TO_ME = (
    "exists (select from gateway.batch_items as item where item.run_id = batch_runs.run_id)"
)
# Every table is here: one that is not, users' transactions cannot touch, and a test says so.
ACCESS: dict[type[SQLModel], Access] = {
    User: Access("select (user_id, email, full_name, role, created_at, disabled_at)", _MINE),
    UserPreferences: Access(_EDIT, _MINE),
    # all but the hash, which the edge alone reads
    PersonalToken: Access(
        "select (token_id, user_id, name, hint, scopes, created_at, expires_at, last_used_at, "
        "revoked_at), insert, update",
        _MINE,
    ),
    RefreshToken: Access(""),
    # whether there is one, and how many codes are left: never the secret
    SecondFactor: Access("select (user_id, begun_at, confirmed_at)", _MINE),
    RecoveryCode: Access("select (user_id)", _MINE),
    # written by the log-in alone: a user who could write one would become whom it names
    LinkedAccount: Access("select", _MINE),
    SignOnAttempt: Access(""),
    LoginAttempt: Access(""),
    # written only, but for the user's own exports, which are listed
    AuditEntry: Access(
        "insert, select (audit_id, user_id, occurred_at, action, target, details)",
        f"{_MINE} and action = '{EXPORTED}'",
        _MINE,
    ),
    Portfolio: Access(_EDIT, _MINE),
    PortfolioRevision: Access(_EDIT, _IN_MY_PORTFOLIOS),
    Position: Access(_EDIT, _IN_MY_PORTFOLIOS),
    PositionSpan: Access(_EDIT, _IN_MY_PORTFOLIOS),
    # written once: nothing in a ledger is edited or deleted
    Transaction: Access("select, insert", _IN_MY_PORTFOLIOS),
    ImportProfile: Access(_EDIT, _MINE),
    Draft: Access(_EDIT, _MINE),
    DraftTrade: Access(_EDIT, _MY_DRAFT),
    ReportRequest: Access(_EDIT, _MINE),
    ReportSchedule: Access(_EDIT, _MINE),
    Tag: Access(_EDIT, _MINE),
    PositionTag: Access(_EDIT, _MY_TAGS, f"{_MY_TAGS} and {_MY_POSITION}"),
    BatchRun: Access(
        "select, insert",
        f"requested_by = {_MY_ID} or {_REPORTED_TO_ME}",
        f"requested_by = {_MY_ID}",
    ),
    BatchItem: Access("select", _OF_MY_PORTFOLIOS),
    RunEvent: Access("select", _OF_MY_PORTFOLIOS),
    EventTicket: Access("select, insert, delete", _MINE),
    DeadLetter: Access(""),
    OutboxRow: Access(
        "insert, select (event_id)"
    ),  # events may be left, and known again, but not read
    IdempotencyKey: Access(_EDIT, _MINE),
}
# Which rows of another service's published view are the user's, by the first of these columns that
# it has.
OWN_ROWS_ELSEWHERE = {
    "user_id": _MINE,
    "portfolio_id": (
        "portfolio_id = any (array("
        "select own.portfolio_id from gateway.published_portfolios as own "
        f"where own.{_MINE}))"
    ),
}
