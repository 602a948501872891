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
from services.gateway.tables.shares import PortfolioShare
from services.gateway.tables.sign_on import LinkedAccount, SignOnAttempt


@dataclass(frozen=True)
class Access:
    """What a user's transaction may do with a table.

    `statements`; `rows`: condition on rows that are found; None means every row. `changed`: on
    those that are updated or deleted; `left`: on those that are inserted, and what an update makes;
    `deleted`: on those that are deleted. Each is the one before it unless it says otherwise, and
    `deleted` is `changed`.
    """

    statements: str
    rows: str | None = None
    changed: str | None = None
    left: str | None = None
    deleted: str | None = None

    def policies(self) -> dict[str, str]:
        """The conditions of each command, as Postgres has them in a policy."""
        if self.rows is None:
            return {}
        changed = self.changed or self.rows
        left = self.left or changed
        if self.changed is None and self.deleted is None:
            return {"all": f"using ({self.rows}) with check ({left})"}
        return {
            "select": f"using ({self.rows})",
            "insert": f"with check ({left})",
            "update": f"using ({changed}) with check ({left})",
            "delete": f"using ({self.deleted or changed})",
        }


# what users' transactions run as; the gateway's own role is exempt from all this
USERS_ROLE = "gateway_user"
USER_SETTING = "sigmasight.user_id"
_EDIT = "select, insert, update, delete"
_MY_ID = f"nullif(current_setting('{USER_SETTING}', true), '')::uuid"
_MINE = f"user_id = {_MY_ID}"
# Each of these arrays is read once per statement. The last ones are those of portfolios that other
# users share with the user: most users have none.
_OWN = f"select portfolio_id from gateway.portfolios where {_MINE}"
_SHARED = f"select portfolio_id from gateway.portfolio_shares where {_MINE}"
_SHARED_TO_EDIT = f"{_SHARED} and role = 'editor'"
_SHARING = f"select owner_id from gateway.portfolio_shares where {_MINE}"
_READ = f"array({_OWN} union all {_SHARED})"
_EDITED = f"array({_OWN} union all {_SHARED_TO_EDIT})"
_IN_READ = f"portfolio_id = any ({_READ})"
_IN_EDITED = f"portfolio_id = any ({_EDITED})"
_OF_READ = f"portfolio_ids && {_READ}"
# A filter, no index to look a position's tags up by. Another's tag is found on positions that the
# user reads alone; they are looked up only where a tag is another's.
_MY_TAGS = f"tag_id in (select tag_id from gateway.tags where {_MINE})"
_HELD = (
    "exists (select from gateway.positions as held "
    "where held.position_id = position_tags.position_id{})"
)
_SEEN_TAGS = f"{_MY_TAGS} or tag_id in (select tag_id from gateway.tags) and {_HELD.format('')}"
_TAGS_TO_EDIT = f"({_SEEN_TAGS}) and {_HELD.format(f' and held.{_IN_EDITED}')}"
# What concerns a portfolio, but for alerts of its owner and what is for one user alone.
_NEWS = (
    f"coalesce(user_id = {_MY_ID}, true) and (portfolio_ids && array({_OWN}) "
    f"or kind <> 'alert' and portfolio_ids && array({_SHARED}))"
)
_MY_SHARE = f"{_MINE} or owner_id = {_MY_ID}"
# itself narrowed to the user's own
_MY_DRAFT = "draft_id = any (array(select draft_id from gateway.drafts))"
_REPORTED_TO_ME = (
    "exists (select from gateway.batch_items as item where item.run_id = batch_runs.run_id)"
)
# Every table is here: one that is not, users' transactions cannot touch, and a test says so.
ACCESS: dict[type[SQLModel], Access] = {
    # others: those who share with the user, and those whom the user shares with
    User: Access(
        "select (user_id, email, full_name, role, created_at, disabled_at)",
        f"{_MINE} or user_id = any (array({_SHARING} union all "
        f"select user_id from gateway.portfolio_shares where owner_id = {_MY_ID}))",
    ),
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
        left=_MINE,
    ),
    Portfolio: Access(
        _EDIT,
        f"{_MINE} or portfolio_id = any (array({_SHARED}))",
        changed=f"{_MINE} or portfolio_id = any (array({_SHARED_TO_EDIT}))",
        deleted=_MINE,
    ),
    # given by the owner alone, who is held to the portfolio's; the other user may leave it
    PortfolioShare: Access(_EDIT, _MY_SHARE, changed=f"owner_id = {_MY_ID}", deleted=_MY_SHARE),
    PortfolioRevision: Access(_EDIT, _IN_READ, changed=_IN_EDITED),
    Position: Access(_EDIT, _IN_READ, changed=_IN_EDITED),
    PositionSpan: Access(_EDIT, _IN_READ, changed=_IN_EDITED),
    # written once: nothing in a ledger is edited or deleted
    Transaction: Access("select, insert", _IN_READ, changed=_IN_EDITED),
    ImportProfile: Access(_EDIT, _MINE),
    # of another's portfolio only as long as it is shared
    Draft: Access(
        _EDIT,
        _MINE,
        left=f"{_MINE} and (shared_with = {_MY_ID} or base_id = any (array({_OWN})))",
    ),
    DraftTrade: Access(_EDIT, _MY_DRAFT),
    # of another's portfolio only as long as it is shared
    ReportRequest: Access(_EDIT, f"{_MINE} and shared_ids <@ {_READ}"),
    ReportSchedule: Access(_EDIT, _MINE),
    # an editor's new tags are the owner's; of a tag of theirs, the owner alone changes the words
    Tag: Access(
        _EDIT,
        f"{_MINE} or user_id = any (array({_SHARING}))",
        changed=_MINE,
        left=f"{_MINE} or user_id = any (array({_SHARING} and role = 'editor'))",
    ),
    PositionTag: Access(_EDIT, _SEEN_TAGS, changed=_TAGS_TO_EDIT),
    BatchRun: Access(
        "select, insert",
        f"requested_by = {_MY_ID} or {_REPORTED_TO_ME}",
        left=f"requested_by = {_MY_ID}",
    ),
    BatchItem: Access("select", _OF_READ),
    RunEvent: Access("select", _NEWS),
    EventTicket: Access("select, insert, delete", _MINE),
    DeadLetter: Access(""),
    OutboxRow: Access(
        "insert, select (event_id)"
    ),  # events may be left, and known again, but not read
    IdempotencyKey: Access(_EDIT, _MINE),
}
_OWN_ELSEWHERE = (
    f"select own.portfolio_id from gateway.published_portfolios as own where own.{_MINE}"
)
_SHARED_ELSEWHERE = (
    "select shared.portfolio_id from gateway.published_portfolio_shares as shared "
    f"where shared.{_MINE}"
)
# Which rows of another service's published view are the user's, by the first of these columns that
# it has. Limits are their owners' alone; what else is of a portfolio, its readers find.
OWN_ROWS_ELSEWHERE = {
    "user_id": _MINE,
    "limit_id": f"portfolio_id = any (array({_OWN_ELSEWHERE}))",
    "portfolio_id": (f"portfolio_id = any (array({_OWN_ELSEWHERE} union all {_SHARED_ELSEWHERE}))"),
}
