"""The gateway's tables, the views it publishes, and who may do what with them."""

from services.gateway.tables.access import (
    ACCESS,
    OWN_ROWS_ELSEWHERE,
    USER_SETTING,
    USERS_ROLE,
    Access,
)
from services.gateway.tables.base import Table
from services.gateway.tables.drafts import Draft, DraftTrade
from services.gateway.tables.imports import ImportProfile
from services.gateway.tables.people import (
    EXPORTED,
    LOGGED_IN,
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
    IS_BOOK,
    Portfolio,
    PortfolioRevision,
    Position,
    PositionSpan,
    PositionTag,
    Tag,
    Transaction,
)
from services.gateway.tables.portfolios import PUBLISHED as _PORTFOLIOS
from services.gateway.tables.reports import PUBLISHED as _REPORTS
from services.gateway.tables.reports import ReportRequest, ReportSchedule
from services.gateway.tables.runs import BatchItem, BatchRun, DeadLetter, OutboxRow, RunEvent
from services.gateway.tables.shares import (
    EDITOR,
    OWNER,
    VIEWER,
    PortfolioShare,
    accessible,
    may_read,
    role_of,
)
from services.gateway.tables.shares import PUBLISHED as _SHARES
from services.gateway.tables.sign_on import LinkedAccount, SignOnAttempt

PUBLISHED = {**_PORTFOLIOS, **_SHARES, **_REPORTS}

__all__ = [
    "ACCESS",
    "EDITOR",
    "EXPORTED",
    "IS_BOOK",
    "LOGGED_IN",
    "OWNER",
    "OWN_ROWS_ELSEWHERE",
    "PUBLISHED",
    "USERS_ROLE",
    "USER_SETTING",
    "VIEWER",
    "Access",
    "AuditEntry",
    "BatchItem",
    "BatchRun",
    "DeadLetter",
    "Draft",
    "DraftTrade",
    "EventTicket",
    "IdempotencyKey",
    "ImportProfile",
    "LinkedAccount",
    "LoginAttempt",
    "OutboxRow",
    "PersonalToken",
    "Portfolio",
    "PortfolioRevision",
    "PortfolioShare",
    "Position",
    "PositionSpan",
    "PositionTag",
    "RecoveryCode",
    "RefreshToken",
    "ReportRequest",
    "ReportSchedule",
    "RunEvent",
    "SecondFactor",
    "SignOnAttempt",
    "Table",
    "Tag",
    "Transaction",
    "User",
    "UserPreferences",
    "accessible",
    "may_read",
    "role_of",
]
