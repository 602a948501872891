"""A method for every operation of the API: written by `python -m deploy.api_client`."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, cast
from uuid import UUID

from sigmasight_client.models import (
    AttributionReport,
    BatchStarted,
    CashFlowSaved,
    CorrelationMatrix,
    CorrelationReport,
    CorrelationsStarted,
    Credentials,
    CurrentPrices,
    DataQualityReport,
    DeadLetterOut,
    DemoReset,
    FactorDefinitions,
    FactorEtfs,
    FactorMatrix,
    FactorReport,
    FactorsStarted,
    GreeksCalculated,
    GreeksReport,
    GroupedPositions,
    HistoryProgress,
    Logout,
    ManagedUser,
    MarketClose,
    MarketScenarioReport,
    MetricsReport,
    NewCashFlow,
    NewPortfolio,
    NewPosition,
    NewScenario,
    NewTag,
    NewUser,
    OptionChain,
    OptionQuotes,
    OptionsToPrice,
    PageAuditEntryOut,
    PageCashFlowOut,
    PageDeadLetterOut,
    PageExposurePoint,
    PageManagedUser,
    PagePortfolioOut,
    PageRunOut,
    PageSecurityOut,
    PageSnapshotOut,
    PageTagOut,
    PasswordChange,
    PasswordReset,
    PerformanceReport,
    PortfolioOut,
    PortfolioReport,
    PortfolioSummary,
    PortfolioTerms,
    PositionEdit,
    PositionFactorPage,
    PositionOut,
    PositionPage,
    PositionSaved,
    PositionsExport,
    PriceHistory,
    Prices,
    RefreshRequest,
    RefreshStarted,
    Registered,
    Registration,
    RowsStored,
    RunDetail,
    RunStarted,
    ScenarioList,
    ScenarioOut,
    SnapshotsStarted,
    StrategyPage,
    StressReport,
    TagEdit,
    TagOut,
    TagsOfPosition,
    TokenPair,
    UploadReport,
    UserOut,
    UserTerms,
    WantedBatch,
    WantedCorrelations,
    WantedFactorCorrelations,
    WantedFactors,
    WantedRefresh,
    WantedSession,
    WantedSessions,
    WhatIf,
    WhatIfReport,
    Yields,
)
from sigmasight_client.session import Session, part


class SigmaSight(Session):
    """The API. Dates and ids may be given as such or as text; answers are what the JSON says."""

    def register(self, body: Registration) -> "Registered":
        """Create a user with the role `user`."""
        return cast("Registered", self.request("POST", "auth/register", body=body))

    def login(self, body: Credentials) -> "TokenPair":
        """Exchange an address and a password for tokens."""
        return cast("TokenPair", self.request("POST", "auth/login", body=body))

    def refresh(self, body: RefreshRequest) -> "TokenPair":
        """Exchange a refresh token, which is used up by this, for new tokens."""
        return cast("TokenPair", self.request("POST", "auth/refresh", body=body))

    def logout(self, body: Logout) -> "None":
        """End the log-in that a refresh token belongs to, its access tokens included; needs no access token."""
        self.request("POST", "auth/logout", body=body)

    def me(self) -> "UserOut":
        """The user behind the access token."""
        return cast("UserOut", self.request("GET", "auth/me"))

    def change_password(self, body: PasswordChange) -> "TokenPair":
        """Change the caller's password."""
        return cast("TokenPair", self.request("PUT", "auth/password", body=body))

    def upload_positions(
        self,
        file: bytes,
        form: dict[str, Any] | None = None,
        *,
        portfolio_id: UUID | str | None = None,
        portfolio_name: str | None = None,
        name: str | None = None,
        equity_balance: float | str | None = None,
        mode: str | None = None,
        dry_run: bool | None = None,
        as_of: date | str | None = None,
        stated_on: date | str | None = None,
        entry_date: date | str | None = None,
        idempotency_key: str | None = None,
    ) -> "UploadReport":
        """upload_positions"""
        return cast(
            "UploadReport",
            self.request(
                "POST",
                "portfolio/upload",
                query={
                    "portfolio_id": portfolio_id,
                    "portfolio_name": portfolio_name,
                    "name": name,
                    "equity_balance": equity_balance,
                    "mode": mode,
                    "dry_run": dry_run,
                    "as_of": as_of,
                    "stated_on": stated_on,
                    "entry_date": entry_date,
                },
                file=file,
                form=form,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def upload_template(self, columns: str) -> "str":
        """An example of a position file, to fill in; it may be uploaded as it is."""
        return cast("str", self.request("GET", f"portfolio/upload/templates/{part(columns)}"))

    def export_positions(
        self,
        *,
        format_: str | None = None,
        as_of: date | str | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "PositionsExport | str":
        """Everything a portfolio holds or held: CSV in the twelve columns with tags, or JSON."""
        return cast(
            "PositionsExport | str",
            self.request(
                "GET",
                "positions/export",
                query={"format": format_, "as_of": as_of, "portfolio_id": portfolio_id},
            ),
        )

    def list_portfolios(
        self,
        *,
        search: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "PagePortfolioOut":
        """The caller's portfolios, oldest first unless another order is asked for."""
        return cast(
            "PagePortfolioOut",
            self.request(
                "GET",
                "portfolios",
                query={"search": search, "sort": sort, "limit": limit, "offset": offset},
            ),
        )

    def create_portfolio(
        self, body: NewPortfolio, *, idempotency_key: str | None = None
    ) -> "PortfolioOut":
        """Create a portfolio without positions."""
        return cast(
            "PortfolioOut",
            self.request(
                "POST", "portfolios", body=body, once=True, idempotency_key=idempotency_key
            ),
        )

    def get_portfolio(self, portfolio_id: UUID | str) -> "PortfolioOut":
        """One portfolio."""
        return cast("PortfolioOut", self.request("GET", f"portfolios/{part(portfolio_id)}"))

    def rename_portfolio(self, portfolio_id: UUID | str, body: PortfolioTerms) -> "PortfolioOut":
        """Rename a portfolio, or restate its opening equity, from which every NAV follows."""
        return cast(
            "PortfolioOut", self.request("PATCH", f"portfolios/{part(portfolio_id)}", body=body)
        )

    def delete_portfolio(self, portfolio_id: UUID | str) -> "None":
        """Delete a portfolio with its positions and cash flows."""
        self.request("DELETE", f"portfolios/{part(portfolio_id)}")

    def list_cash_flows(
        self, portfolio_id: UUID | str, *, limit: int | None = None, offset: int | None = None
    ) -> "PageCashFlowOut":
        """The portfolio's deposits and withdrawals, newest first."""
        return cast(
            "PageCashFlowOut",
            self.request(
                "GET",
                f"portfolios/{part(portfolio_id)}/cash-flows",
                query={"limit": limit, "offset": offset},
            ),
        )

    def add_cash_flow(
        self, portfolio_id: UUID | str, body: NewCashFlow, *, idempotency_key: str | None = None
    ) -> "CashFlowSaved":
        """Record a deposit or a withdrawal; the snapshots it concerns are taken again."""
        return cast(
            "CashFlowSaved",
            self.request(
                "POST",
                f"portfolios/{part(portfolio_id)}/cash-flows",
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def delete_cash_flow(self, portfolio_id: UUID | str, cash_flow_id: UUID | str) -> "None":
        """Delete a cash flow; the snapshots it concerned are taken again."""
        self.request("DELETE", f"portfolios/{part(portfolio_id)}/cash-flows/{part(cash_flow_id)}")

    def list_positions(
        self,
        *,
        status: str | None = None,
        as_of: date | str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        portfolio_id: UUID | str | None = None,
        type_: Sequence[str] | None = None,
        tag: Sequence[str] | None = None,
        match: str | None = None,
        underlying: str | None = None,
        sector: str | None = None,
        search: str | None = None,
        view: str | None = None,
    ) -> "PositionPage":
        """The positions that meet every condition given, with price, value, P&L, exposures and Greeks."""
        return cast(
            "PositionPage",
            self.request(
                "GET",
                "positions",
                query={
                    "status": status,
                    "as_of": as_of,
                    "sort": sort,
                    "limit": limit,
                    "offset": offset,
                    "portfolio_id": portfolio_id,
                    "type": type_,
                    "tag": tag,
                    "match": match,
                    "underlying": underlying,
                    "sector": sector,
                    "search": search,
                    "view": view,
                },
            ),
        )

    def create_position(
        self,
        body: NewPosition,
        *,
        as_of: date | str | None = None,
        idempotency_key: str | None = None,
    ) -> "PositionSaved":
        """Enter a position, held against the rules of position files; a run measures the portfolio again."""
        return cast(
            "PositionSaved",
            self.request(
                "POST",
                "positions",
                query={"as_of": as_of},
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def group_positions(
        self,
        *,
        by: str | None = None,
        as_of: date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        portfolio_id: UUID | str | None = None,
        type_: Sequence[str] | None = None,
        tag: Sequence[str] | None = None,
        match: str | None = None,
        underlying: str | None = None,
        sector: str | None = None,
        search: str | None = None,
        view: str | None = None,
    ) -> "GroupedPositions":
        """The positions held that meet every condition given, added up in the three exposure measures."""
        return cast(
            "GroupedPositions",
            self.request(
                "GET",
                "positions/grouped",
                query={
                    "by": by,
                    "as_of": as_of,
                    "limit": limit,
                    "offset": offset,
                    "portfolio_id": portfolio_id,
                    "type": type_,
                    "tag": tag,
                    "match": match,
                    "underlying": underlying,
                    "sector": sector,
                    "search": search,
                    "view": view,
                },
            ),
        )

    def get_position(
        self, position_id: UUID | str, *, as_of: date | str | None = None
    ) -> "PositionOut":
        """One position with price, value, P&L, exposures and Greeks."""
        return cast(
            "PositionOut",
            self.request("GET", f"positions/{part(position_id)}", query={"as_of": as_of}),
        )

    def edit_position(
        self, position_id: UUID | str, body: PositionEdit, *, as_of: date | str | None = None
    ) -> "PositionSaved":
        """Restate a position, close it or reopen it: what is left out stays."""
        return cast(
            "PositionSaved",
            self.request(
                "PUT", f"positions/{part(position_id)}", query={"as_of": as_of}, body=body
            ),
        )

    def delete_position(self, position_id: UUID | str) -> "None":
        """delete_position"""
        self.request("DELETE", f"positions/{part(position_id)}")

    def put_tags(self, position_id: UUID | str, body: TagsOfPosition) -> "PositionSaved":
        """Let a position carry just these tags, created where you do not have them."""
        return cast(
            "PositionSaved", self.request("PUT", f"positions/{part(position_id)}/tags", body=body)
        )

    def list_tags(
        self, *, search: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> "PageTagOut":
        """The caller's tags by name, with how many positions carry each."""
        return cast(
            "PageTagOut",
            self.request("GET", "tags", query={"search": search, "limit": limit, "offset": offset}),
        )

    def create_tag(self, body: NewTag, *, idempotency_key: str | None = None) -> "TagOut":
        """Create a tag."""
        return cast(
            "TagOut",
            self.request("POST", "tags", body=body, once=True, idempotency_key=idempotency_key),
        )

    def get_tag(self, tag_id: UUID | str) -> "TagOut":
        """One tag."""
        return cast("TagOut", self.request("GET", f"tags/{part(tag_id)}"))

    def edit_tag(self, tag_id: UUID | str, body: TagEdit) -> "TagOut":
        """Rename a tag or give it another colour: what is left out stays."""
        return cast("TagOut", self.request("PUT", f"tags/{part(tag_id)}", body=body))

    def delete_tag(self, tag_id: UUID | str) -> "None":
        """Delete a tag: it is taken off every position, and the positions stay."""
        self.request("DELETE", f"tags/{part(tag_id)}")

    def list_strategies(
        self,
        *,
        as_of: date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "StrategyPage":
        """The caller's strategies by name, each with what its positions in the portfolio add up to."""
        return cast(
            "StrategyPage",
            self.request(
                "GET",
                "strategies",
                query={
                    "as_of": as_of,
                    "limit": limit,
                    "offset": offset,
                    "portfolio_id": portfolio_id,
                },
            ),
        )

    def get_summary(
        self, *, as_of: date | str | None = None, portfolio_id: UUID | str | None = None
    ) -> "PortfolioSummary":
        """NAV, P&L, exposures and Greeks of the portfolio's last snapshot."""
        return cast(
            "PortfolioSummary",
            self.request("GET", "portfolio", query={"as_of": as_of, "portfolio_id": portfolio_id}),
        )

    def list_exposures(
        self,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "PageExposurePoint":
        """The three exposure measures by session, newest first."""
        return cast(
            "PageExposurePoint",
            self.request(
                "GET",
                "portfolio/exposures",
                query={
                    "start": start,
                    "end": end,
                    "limit": limit,
                    "offset": offset,
                    "portfolio_id": portfolio_id,
                },
            ),
        )

    def get_performance(
        self,
        *,
        as_of: date | str | None = None,
        start: date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "PerformanceReport":
        """Returns over 1d, 1w, 1m, 3m, ytd and 1y up to the session, and NAV and P&L by session, newest first."""
        return cast(
            "PerformanceReport",
            self.request(
                "GET",
                "portfolio/performance",
                query={
                    "as_of": as_of,
                    "start": start,
                    "limit": limit,
                    "offset": offset,
                    "portfolio_id": portfolio_id,
                },
            ),
        )

    def list_snapshots(
        self,
        portfolio_id: UUID | str,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "PageSnapshotOut":
        """The portfolio's snapshots, newest first."""
        return cast(
            "PageSnapshotOut",
            self.request(
                "GET",
                f"portfolios/{part(portfolio_id)}/snapshots",
                query={"start": start, "end": end, "limit": limit, "offset": offset},
            ),
        )

    def take_snapshots(
        self, portfolio_id: UUID | str, body: WantedSessions, *, idempotency_key: str | None = None
    ) -> "SnapshotsStarted":
        """Take the portfolio's snapshots again, or for the first time, and all that follows from them."""
        return cast(
            "SnapshotsStarted",
            self.request(
                "POST",
                f"portfolios/{part(portfolio_id)}/snapshots",
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def get_report(
        self, portfolio_id: UUID | str, *, as_of: date | str | None = None
    ) -> "PortfolioReport":
        """Everything about the portfolio in one answer."""
        return cast(
            "PortfolioReport",
            self.request("GET", f"portfolios/{part(portfolio_id)}/report", query={"as_of": as_of}),
        )

    def get_greeks(
        self,
        *,
        as_of: date | str | None = None,
        view: str | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "GreeksReport":
        """get_greeks"""
        return cast(
            "GreeksReport",
            self.request(
                "GET",
                "risk/greeks",
                query={"as_of": as_of, "view": view, "portfolio_id": portfolio_id},
            ),
        )

    def get_factors(
        self,
        *,
        as_of: date | str | None = None,
        view: str | None = None,
        model: str | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "FactorReport":
        """Factor exposures in dollars and as betas, and the sensitivities to four Treasury yields."""
        return cast(
            "FactorReport",
            self.request(
                "GET",
                "risk/factors",
                query={"as_of": as_of, "view": view, "model": model, "portfolio_id": portfolio_id},
            ),
        )

    def get_position_factors(
        self,
        *,
        as_of: date | str | None = None,
        view: str | None = None,
        model: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "PositionFactorPage":
        """get_position_factors"""
        return cast(
            "PositionFactorPage",
            self.request(
                "GET",
                "risk/factors/positions",
                query={
                    "as_of": as_of,
                    "view": view,
                    "model": model,
                    "limit": limit,
                    "offset": offset,
                    "portfolio_id": portfolio_id,
                },
            ),
        )

    def get_metrics(
        self,
        *,
        as_of: date | str | None = None,
        view: str | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "MetricsReport":
        """Risk metrics by kind: VaR, expected shortfall, volatility, ratios, drawdown, beta, concentration."""
        return cast(
            "MetricsReport",
            self.request(
                "GET",
                "risk/metrics",
                query={"as_of": as_of, "view": view, "portfolio_id": portfolio_id},
            ),
        )

    def get_market_scenarios(
        self, *, as_of: date | str | None = None, portfolio_id: UUID | str | None = None
    ) -> "MarketScenarioReport":
        """Plain moves of the market (5, 10, 20 %) and of yields (100, 200 bp), linear in the sensitivities."""
        return cast(
            "MarketScenarioReport",
            self.request(
                "GET", "risk/market-scenarios", query={"as_of": as_of, "portfolio_id": portfolio_id}
            ),
        )

    def calculate_greeks(self, body: OptionsToPrice) -> "GreeksCalculated":
        """Value options that nobody needs to hold, by the code that values those held; nothing is stored."""
        return cast("GreeksCalculated", self.request("POST", "risk/greeks/calculate", body=body))

    def get_position_correlations(
        self,
        *,
        as_of: date | str | None = None,
        view: str | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "CorrelationReport":
        """Overall correlation, concentration, effective positions, and clusters with their members."""
        return cast(
            "CorrelationReport",
            self.request(
                "GET",
                "risk/correlations/positions/metrics",
                query={"as_of": as_of, "view": view, "portfolio_id": portfolio_id},
            ),
        )

    def get_position_matrix(
        self,
        *,
        as_of: date | str | None = None,
        view: str | None = None,
        limit: int | None = None,
        portfolio_id: UUID | str | None = None,
    ) -> "CorrelationMatrix":
        """The correlation matrix by underlying, with the data quality of every pair."""
        return cast(
            "CorrelationMatrix",
            self.request(
                "GET",
                "risk/correlations/positions/matrix",
                query={"as_of": as_of, "view": view, "limit": limit, "portfolio_id": portfolio_id},
            ),
        )

    def get_factor_correlations(
        self, *, as_of: date | str | None = None, space: str | None = None
    ) -> "FactorMatrix":
        """The factors' covariances and correlations, with the mean, least and greatest of the correlations."""
        return cast(
            "FactorMatrix",
            self.request(
                "GET", "risk/correlations/factors/matrix", query={"as_of": as_of, "space": space}
            ),
        )

    def calculate_position_correlations(
        self, body: WantedCorrelations, *, idempotency_key: str | None = None
    ) -> "CorrelationsStarted":
        """calculate_position_correlations"""
        return cast(
            "CorrelationsStarted",
            self.request(
                "POST",
                "risk/correlations/positions/calculate",
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def calculate_every_portfolio(
        self, body: WantedBatch, *, idempotency_key: str | None = None
    ) -> "CorrelationsStarted":
        """calculate_every_portfolio"""
        return cast(
            "CorrelationsStarted",
            self.request(
                "POST",
                "admin/batch/correlations",
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def list_scenarios(self) -> "ScenarioList":
        """Every active stress scenario, the caller's own among them; historical ones with what was measured."""
        return cast("ScenarioList", self.request("GET", "risk/stress-testing/scenarios"))

    def save_scenario(
        self, body: NewScenario, *, idempotency_key: str | None = None
    ) -> "ScenarioOut":
        """Save a scenario of the caller's own (201), or replace the one of that id (200)."""
        return cast(
            "ScenarioOut",
            self.request(
                "POST",
                "risk/stress-testing/scenarios",
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def delete_scenario(self, scenario_id: str) -> "None":
        """Delete a scenario of the caller's own; results it already has stay."""
        self.request("DELETE", f"risk/stress-testing/scenarios/{part(scenario_id)}")

    def evaluate_direct(self, body: WhatIf) -> "WhatIfReport":
        """What scenarios would do if only the factors they name moved."""
        return cast(
            "WhatIfReport", self.request("POST", "risk/stress-testing/direct-impact", body=body)
        )

    def evaluate_correlated(self, body: WhatIf) -> "WhatIfReport":
        """What scenarios would do if the other factors followed as they usually do."""
        return cast(
            "WhatIfReport", self.request("POST", "risk/stress-testing/correlated-impact", body=body)
        )

    def evaluate_both(self, body: WhatIf) -> "WhatIfReport":
        """What scenarios would do, directly and with the other factors following."""
        return cast(
            "WhatIfReport", self.request("POST", "risk/stress-testing/comprehensive", body=body)
        )

    def get_stress_results(
        self,
        portfolio_id: UUID | str,
        *,
        as_of: date | str | None = None,
        include: Sequence[str] | None = None,
    ) -> "StressReport":
        """What every scenario would do to the portfolio, directly and with the other factors following."""
        return cast(
            "StressReport",
            self.request(
                "GET",
                f"risk/stress-testing/results/{part(portfolio_id)}",
                query={"as_of": as_of, "include": include},
            ),
        )

    def list_definitions(self) -> "FactorDefinitions":
        """Every factor with the ETF that stands for it, in display order."""
        return cast("FactorDefinitions", self.request("GET", "factors/definitions"))

    def get_factor_exposures(
        self,
        portfolio_id: UUID | str,
        *,
        as_of: date | str | None = None,
        view: str | None = None,
        model: str | None = None,
    ) -> "FactorReport":
        """Factor exposures in dollars and as betas, and the sensitivities to four Treasury yields."""
        return cast(
            "FactorReport",
            self.request(
                "GET",
                f"factors/exposures/{part(portfolio_id)}",
                query={"as_of": as_of, "view": view, "model": model},
            ),
        )

    def get_position_factor_exposures(
        self,
        portfolio_id: UUID | str,
        *,
        as_of: date | str | None = None,
        view: str | None = None,
        model: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "PositionFactorPage":
        """get_position_factor_exposures"""
        return cast(
            "PositionFactorPage",
            self.request(
                "GET",
                f"factors/exposures/{part(portfolio_id)}/positions",
                query={
                    "as_of": as_of,
                    "view": view,
                    "model": model,
                    "limit": limit,
                    "offset": offset,
                },
            ),
        )

    def get_attribution(
        self,
        portfolio_id: UUID | str,
        *,
        as_of: date | str | None = None,
        start: date | str | None = None,
    ) -> "AttributionReport":
        """The P&L of a period by factor: the parts and what is specific add up to the total, to the cent."""
        return cast(
            "AttributionReport",
            self.request(
                "GET",
                f"factors/attribution/{part(portfolio_id)}",
                query={"as_of": as_of, "start": start},
            ),
        )

    def calculate_factors(
        self, body: WantedFactors, *, idempotency_key: str | None = None
    ) -> "FactorsStarted":
        """calculate_factors"""
        return cast(
            "FactorsStarted",
            self.request(
                "POST", "factors/calculate", body=body, once=True, idempotency_key=idempotency_key
            ),
        )

    def correlate_factors(self, body: WantedFactorCorrelations) -> "FactorMatrix":
        """correlate_factors"""
        return cast(
            "FactorMatrix", self.request("POST", "risk/correlations/factors/calculate", body=body)
        )

    def list_current_prices(
        self,
        *,
        symbol: Sequence[str] | None = None,
        portfolio_id: UUID | str | None = None,
        as_of: date | str | None = None,
    ) -> "CurrentPrices":
        """The last prices of these symbols; of none named, of what the portfolio (default: the first) holds."""
        return cast(
            "CurrentPrices",
            self.request(
                "GET",
                "market-data/current",
                query={"symbol": symbol, "portfolio_id": portfolio_id, "as_of": as_of},
            ),
        )

    def list_factor_etfs(self, *, as_of: date | str | None = None) -> "FactorEtfs":
        """The funds that stand for the active factors, with their last prices."""
        return cast(
            "FactorEtfs", self.request("GET", "market-data/factor-etfs", query={"as_of": as_of})
        )

    def get_quality(
        self, portfolio_id: UUID | str, *, as_of: date | str | None = None
    ) -> "DataQualityReport":
        """get_quality"""
        return cast(
            "DataQualityReport",
            self.request(
                "GET", f"market-data/quality/{part(portfolio_id)}", query={"as_of": as_of}
            ),
        )

    def refresh_market_data(
        self, body: WantedRefresh, *, idempotency_key: str | None = None
    ) -> "RefreshStarted":
        """Fetch what is missing of a portfolio's prices up to a session, and compute what hangs on them."""
        return cast(
            "RefreshStarted",
            self.request(
                "POST", "market-data/refresh", body=body, once=True, idempotency_key=idempotency_key
            ),
        )

    def list_prices(
        self,
        symbol: str,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "PriceHistory":
        """A symbol's daily prices, newest first."""
        return cast(
            "PriceHistory",
            self.request(
                "GET",
                f"market-data/prices/{part(symbol)}",
                query={"start": start, "end": end, "limit": limit, "offset": offset},
            ),
        )

    def list_sectors(
        self,
        *,
        symbol: Sequence[str] | None = None,
        sector: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "PageSecurityOut":
        """Securities by sector: of these symbols, or all that are known."""
        return cast(
            "PageSecurityOut",
            self.request(
                "GET",
                "market-data/sectors",
                query={"symbol": symbol, "sector": sector, "limit": limit, "offset": offset},
            ),
        )

    def list_option_quotes(
        self,
        symbol: str,
        *,
        as_of: date | str | None = None,
        expiry: date | str | None = None,
        type_: Literal["C", "P"] | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "OptionChain":
        """An underlying's option quotes on the last session, at or before `as_of`, that has any."""
        return cast(
            "OptionChain",
            self.request(
                "GET",
                f"market-data/options/{part(symbol)}",
                query={
                    "as_of": as_of,
                    "expiry": expiry,
                    "type": type_,
                    "limit": limit,
                    "offset": offset,
                },
            ),
        )

    def list_users(
        self,
        *,
        search: str | None = None,
        role: Literal["user", "admin"] | None = None,
        disabled: bool | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "PageManagedUser":
        """The users that meet every condition given, by address."""
        return cast(
            "PageManagedUser",
            self.request(
                "GET",
                "admin/users",
                query={
                    "search": search,
                    "role": role,
                    "disabled": disabled,
                    "limit": limit,
                    "offset": offset,
                },
            ),
        )

    def create_user(self, body: NewUser) -> "ManagedUser":
        """Create a user, whether or not registration is open."""
        return cast("ManagedUser", self.request("POST", "admin/users", body=body))

    def get_user(self, user_id: UUID | str) -> "ManagedUser":
        """One user."""
        return cast("ManagedUser", self.request("GET", f"admin/users/{part(user_id)}"))

    def change_user(self, user_id: UUID | str, body: UserTerms) -> "ManagedUser":
        """Rename a user, change the role, disable or enable."""
        return cast("ManagedUser", self.request("PATCH", f"admin/users/{part(user_id)}", body=body))

    def delete_user(self, user_id: UUID | str) -> "None":
        """Delete a user with every portfolio of theirs."""
        self.request("DELETE", f"admin/users/{part(user_id)}")

    def reset_password(self, user_id: UUID | str, body: PasswordReset) -> "None":
        """Give a user another password; every log-in of the user's ends."""
        self.request("PUT", f"admin/users/{part(user_id)}/password", body=body)

    def list_audit_log(
        self,
        *,
        user_id: UUID | str | None = None,
        action: str | None = None,
        target: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "PageAuditEntryOut":
        """Who did what, newest first: every condition given holds."""
        return cast(
            "PageAuditEntryOut",
            self.request(
                "GET",
                "admin/audit-log",
                query={
                    "user_id": user_id,
                    "action": action,
                    "target": target,
                    "since": since,
                    "until": until,
                    "limit": limit,
                    "offset": offset,
                },
            ),
        )

    def get_progress(self, *, as_of: date | str | None = None) -> "HistoryProgress":
        """What is stored of the year of closes of everything that anybody holds, and what is still coming."""
        return cast(
            "HistoryProgress",
            self.request("GET", "admin/market-data/progress", query={"as_of": as_of}),
        )

    def put_prices(self, body: Prices) -> "RowsStored":
        """Store daily prices: ingest's to write, so it is asked."""
        return cast("RowsStored", self.request("PUT", "admin/market-data/prices", body=body))

    def put_yields(self, body: Yields) -> "RowsStored":
        """Store Treasury yields: ingest's to write, so it is asked."""
        return cast("RowsStored", self.request("PUT", "admin/market-data/yields", body=body))

    def put_option_quotes(self, body: OptionQuotes) -> "RowsStored":
        """Store option quotes: ingest's to write, so it is asked."""
        return cast("RowsStored", self.request("PUT", "admin/market-data/option-quotes", body=body))

    def close_market(
        self, body: MarketClose, *, idempotency_key: str | None = None
    ) -> "RunStarted":
        """Run a session for every portfolio, again if it was run before."""
        return cast(
            "RunStarted",
            self.request(
                "POST",
                "admin/batch/market-close",
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def list_runs(
        self,
        *,
        status: Literal["running", "completed", "partial", "failed"] | None = None,
        as_of: date | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "PageRunOut":
        """Runs, newest first."""
        return cast(
            "PageRunOut",
            self.request(
                "GET",
                "admin/batch/runs",
                query={"status": status, "as_of": as_of, "limit": limit, "offset": offset},
            ),
        )

    def get_run(self, run_id: UUID | str) -> "RunDetail":
        """A run with the time each stage took and everything that was reported about it."""
        return cast("RunDetail", self.request("GET", f"admin/batch/runs/{part(run_id)}"))

    def bring_up_to_date(
        self, body: WantedSession, *, idempotency_key: str | None = None
    ) -> "RunStarted":
        """bring_up_to_date"""
        return cast(
            "RunStarted",
            self.request(
                "POST",
                "admin/batch/market-data",
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def take_all_snapshots(
        self, body: WantedSession, *, idempotency_key: str | None = None
    ) -> "BatchStarted":
        """take_all_snapshots"""
        return cast(
            "BatchStarted",
            self.request(
                "POST",
                "admin/batch/snapshots",
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def measure_risk(
        self, body: WantedSession, *, idempotency_key: str | None = None
    ) -> "BatchStarted":
        """measure_risk"""
        return cast(
            "BatchStarted",
            self.request(
                "POST",
                "admin/batch/risk-metrics",
                body=body,
                once=True,
                idempotency_key=idempotency_key,
            ),
        )

    def list_letters(
        self,
        *,
        service: str | None = None,
        replayed: bool | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> "PageDeadLetterOut":
        """What services gave up on, newest first."""
        return cast(
            "PageDeadLetterOut",
            self.request(
                "GET",
                "admin/dead-letters",
                query={"service": service, "replayed": replayed, "limit": limit, "offset": offset},
            ),
        )

    def replay_letter(self, letter_id: UUID | str) -> "DeadLetterOut":
        """Tell the message again, to everybody who hears it: what was done already is not done twice."""
        return cast(
            "DeadLetterOut", self.request("POST", f"admin/dead-letters/{part(letter_id)}/replay")
        )

    def reset_demo(self, *, idempotency_key: str | None = None) -> "DemoReset":
        """Put the demo's books back, delete whatever else its users have, and calculate every session again."""
        return cast(
            "DemoReset",
            self.request("POST", "admin/demo/reset", once=True, idempotency_key=idempotency_key),
        )
