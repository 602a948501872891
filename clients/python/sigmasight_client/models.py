"""What the API accepts and returns: generated from its document by `make client`."""

from typing import Any, Literal, NotRequired, TypedDict


class Acknowledgement(TypedDict):
    """That the caller knows of a breach, and why it stays."""

    portfolio_id: "NotRequired[str | None]"
    reason: "str"


class Ahead(TypedDict):
    """A day that values are of."""

    days_forward: "int"
    until: "str"
    settled: "list[str]"
    ex_dividends: "dict[str, float]"


class AlertDelivery(TypedDict):
    """A message that an alert is in, to one of the user's channels."""

    notification_id: "str"
    channel_id: "str"
    channel: "str"
    kind: "str"
    state: "str"
    reason: "str | None"
    created_at: "str"
    attempts: "int"
    last_attempt_at: "str | None"


class AlertOut(TypedDict):
    """A limit was reached, or is no longer breached, on the session `as_of`."""

    alert_id: "str"
    portfolio_id: "str"
    limit_id: "str"
    as_of: "str"
    level: "Literal['breached', 'warning', 'cleared']"
    name: "str"
    measure: "str"
    per: "str"
    member: "str | None"
    value: "float"
    threshold: "float"
    unit: "str"
    message: "str"
    contributors: "list[Contributor]"
    run_id: "str"
    withdrawn: "bool"
    withdrawn_at: "str | None"
    raised_at: "str"
    deliveries: "list[AlertDelivery]"


class AlertPage(TypedDict):
    """Alerts, the last ones first; `next` is where the page after it begins, null at the end."""

    items: "list[AlertOut]"
    limit: "int"
    next: "str | None"


class Alive(TypedDict):
    """The process answers."""

    status: "NotRequired[str]"


class AskedProvider(TypedDict):
    """A provider of a kind of data."""

    name: "str"
    live: "bool"


Aspect = Literal["missing", "extra", "quantity", "cost", "cash"]


class AttemptOut(TypedDict):
    """One attempt to deliver a message."""

    attempt: "int"
    sent_at: "str"
    seconds: "float"
    delivered: "bool"
    status: "int | None"
    error: "str | None"


class AttributedPart(TypedDict):
    """One cause of P&L: a factor, income, fees, trades, or what none of them explains."""

    part: "str"
    name: "str"
    values: "list[float]"
    total: "float"


class AttributedPeriod(TypedDict):
    """A week or month, as far as it was attributed."""

    start: "str"
    end: "str"
    sessions: "int"


class AttributionPeriods(TypedDict):
    """Where the P&L of each period came from, to the cent, oldest period first."""

    portfolio_id: "str"
    per: "Per"
    start: "str | None"
    as_of: "str | None"
    sessions: "int"
    periods: "list[AttributedPeriod]"
    parts: "list[AttributedPart]"
    pnl: "list[float]"
    total: "float | None"
    sessions_left_out: "list[str]"
    reason: "str | None"


class AttributionReport(TypedDict):
    """Where the P&L of a period came from, to the cent."""

    portfolio_id: "str"
    start: "str | None"
    as_of: "str | None"
    sessions: "int"
    factors: "list[FactorPnl]"
    income: "float | None"
    fees: "float | None"
    trades: "float | None"
    specific: "float | None"
    total: "float | None"
    sessions_left_out: "list[str]"
    reason: "str | None"


class AuditEntryOut(TypedDict):
    """One recorded action of a user."""

    audit_id: "int"
    occurred_at: "str"
    user_id: "str | None"
    email: "str | None"
    network_address: "str | None"
    action: "str"
    target: "str | None"
    details: "dict[str, Any]"


class BaseChange(TypedDict):
    """A line entered into the base since it was branched."""

    transaction_id: "str"
    kind: "Kind"
    trade_date: "str"
    symbol: "str | None"
    quantity: "float | None"
    price: "float | None"
    amount: "float | None"
    reverses: "str | None"


class BaseOut(TypedDict):
    """What a draft is a branch of."""

    portfolio_id: "str"
    name: "str"
    session_date: "str"
    moved: "bool"
    changes: "list[BaseChange]"


Basis = Literal["per_year", "period"]


class BatchStarted(TypedDict):
    """Work was taken on for every portfolio: follow it under `batch/runs/{run_id}`."""

    run_id: "str"
    session_date: "str"
    status: "str"
    portfolios: "int"


class BodyApplyDifferencesApiV1ReconcileApplyPost(TypedDict):
    """BodyApplyDifferencesApiV1ReconcileApplyPost"""

    file: "str"
    mapping: "NotRequired[str | None]"


class BodyRecogniseFileApiV1ImportRecognisePost(TypedDict):
    """BodyRecogniseFileApiV1ImportRecognisePost"""

    file: "str"


class BodyReconcileFileApiV1ReconcilePost(TypedDict):
    """BodyReconcileFileApiV1ReconcilePost"""

    file: "str"
    mapping: "NotRequired[str | None]"


class BodyUploadPositionsApiV1PortfolioUploadPost(TypedDict):
    """BodyUploadPositionsApiV1PortfolioUploadPost"""

    file: "str"
    mapping: "NotRequired[str | None]"
    portfolio_id: "NotRequired[str | None]"
    profile_id: "NotRequired[str | None]"
    use: "NotRequired[Use | None]"
    portfolio_name: "NotRequired[str | None]"
    name: "NotRequired[str | None]"
    equity_balance: "NotRequired[float | str | None]"
    mode: "NotRequired[Mode | None]"
    dry_run: "NotRequired[bool | None]"
    as_of: "NotRequired[str | None]"
    stated_on: "NotRequired[str | Literal['entry_date'] | None]"
    entry_date: "NotRequired[str | None]"
    equity_date: "NotRequired[str | None]"
    duplicates: "NotRequired[Duplicates | None]"


class BookBack(TypedDict):
    """A portfolio as it was at first."""

    email: "str"
    portfolio_id: "str"
    name: "str"


class Booking(TypedDict):
    """Enter a draft's trades into its base: first as a dry run, then with that one's hash."""

    dry_run: "NotRequired[bool]"
    hash: "NotRequired[str | None]"


class BookingOut(TypedDict):
    """The lines that are entered into the base's ledger, or would be."""

    draft_id: "str"
    portfolio_id: "str"
    trade_date: "str"
    dry_run: "bool"
    hash: "str"
    transactions: "list[LegOut]"
    run_id: "str | None"
    restated: "RestatedSessions | None"


class BothFactors(TypedDict):
    """The caller's password, and a code."""

    password: "str"
    code: "str"


class CalculatedGreeks(TypedDict):
    """One option's value and Greeks per share with every input and its source."""

    contract: "str | None"
    underlying: "str | None"
    option_type: "str | None"
    strike: "float | None"
    expiry: "str | None"
    exercise: "str | None"
    years_to_expiry: "float | None"
    underlying_price: "float | None"
    underlying_price_source: "str | None"
    volatility: "float | None"
    iv_source: "str | None"
    rate: "float | None"
    rate_source: "str | None"
    dividend_yield: "float | None"
    dividend_source: "str | None"
    dividends: "list[CashDividend]"
    market_price: "float | None"
    market_price_source: "str | None"
    model: "str | None"
    price: "float | None"
    delta: "float | None"
    gamma: "float | None"
    theta: "float | None"
    vega: "float | None"
    rho: "float | None"
    reason: "str | None"
    note: "str | None"


class Calendar(TypedDict):
    """The sessions from one day to another, both included, ascending."""

    first: "str"
    last: "str"
    items: "list[CalendarDayOut]"
    total: "int"


class CalendarDayOut(TypedDict):
    """A session of the exchange."""

    session_date: "str"
    opens: "str"
    closes: "str"
    half_day: "bool"
    announced: "bool"


CandidateSet = Literal["market", "factors", "sectors", "puts", "own_positions"]


class CashDividend(TypedDict):
    """A dividend in USD per share that goes ex on a day."""

    ex_date: "str"
    amount: "float"


class CashDividendIn(TypedDict):
    """A dividend in USD per share that goes ex on a day; an unknown field is refused."""

    ex_date: "str"
    amount: "float"


class CashFlowOut(TypedDict):
    """Money into (positive) or out of (negative) a portfolio."""

    cash_flow_id: "str"
    portfolio_id: "str"
    flow_date: "str"
    amount: "float"
    note: "str"
    created_at: "str"


class CashFlowSaved(TypedDict):
    """The flow, and the run that values it (null when no snapshot exists yet)."""

    cash_flow_id: "str"
    portfolio_id: "str"
    flow_date: "str"
    amount: "float"
    note: "str"
    created_at: "str"
    run_id: "str | None"


class CashOut(TypedDict):
    """Cash as the file has it beside the portfolio's."""

    file: "float | None"
    portfolio: "float | None"
    portfolio_as_of: "str | None"
    difference: "float | None"
    reason: "str | None"


class ChangeOut(TypedDict):
    """What a row of the file does: new, updated (and what it replaces) or unchanged."""

    quantity: "float"
    entry_price: "float"
    investment_class: "str"
    investment_subtype: "str | None"
    exit_date: "str | None"
    exit_price: "float | None"
    line: "int"
    symbol: "str"
    position_type: "str"
    entry_date: "str"
    tags: "list[str]"
    kind: "str"
    was: "TermsOut | None"


class ChangesReport(TypedDict):
    """What moved P&L and the other figures since a session."""

    portfolio_id: "str"
    start: "str | None"
    end: "str | None"
    sessions: "int"
    figures: "list[Figure]"
    positions: "list[MovedPosition]"
    reason: "str | None"


class ChannelCreated(TypedDict):
    """A channel, and what a webhook's messages are signed with, which is shown only once."""

    channel_id: "str"
    kind: "Literal['webhook', 'email']"
    name: "str"
    address: "str"
    levels: "list[Literal['breached', 'warning', 'cleared']]"
    enabled: "bool"
    paused_because: "str | None"
    confirmed: "bool"
    created_at: "str"
    secret: "str | None"


class ChannelList(TypedDict):
    """The caller's channels, by name."""

    items: "list[ChannelOut]"
    total: "int"


class ChannelOut(TypedDict):
    """Where alerts are sent."""

    channel_id: "str"
    kind: "Literal['webhook', 'email']"
    name: "str"
    address: "str"
    levels: "list[Literal['breached', 'warning', 'cleared']]"
    enabled: "bool"
    paused_because: "str | None"
    confirmed: "bool"
    created_at: "str"


class ChannelTerms(TypedDict):
    """What to change; what is left out stays as it is."""

    name: "NotRequired[str | None]"
    levels: "NotRequired[list[Literal['breached', 'warning', 'cleared']] | None]"
    enabled: "NotRequired[bool | None]"


class ClosingOut(TypedDict):
    """What a transaction closed of a lot."""

    transaction_id: "str"
    kind: "Kind"
    trade_date: "str"
    quantity: "float"
    price: "float | None"
    realised_pnl: "float | None"


class ClusterMember(TypedDict):
    """An underlying in a cluster."""

    symbol: "str"
    value: "float"
    weight: "float"
    positions: "int"
    mean_correlation: "float"


class Code(TypedDict):
    """The code that was sent to an e-mail address."""

    code: "str"


class CoefficientEstimate(TypedDict):
    """statsmodels' least squares of one coefficient: two-sided p, 95 % interval."""

    coefficient: "float | None"
    standard_error: "float | None"
    t_statistic: "float | None"
    p_value: "float | None"
    confidence_low: "float | None"
    confidence_high: "float | None"
    newey_west_error: "float | None"
    newey_west_t: "float | None"
    newey_west_p: "float | None"
    newey_west_low: "float | None"
    newey_west_high: "float | None"


Columns = Literal["five-columns", "twelve-columns", "transactions"]


class ComponentImpact(TypedDict):
    """A symbol's part of one-day historical VaR and shortfall, over all its positions."""

    confidence: "int"
    symbol: "str"
    component_var: "MoneyChange"
    component_es: "MoneyChange"


class ComponentOut(TypedDict):
    """A position's part of the portfolio's VaR and expected shortfall; negative for a hedge."""

    position_id: "str"
    symbol: "str"
    component_var: "float"
    component_es: "float"
    share: "float | None"
    plain_component_var: "float"
    plain_component_es: "float"
    days: "int | None"


class ComponentVar(TypedDict):
    """Historical one-day VaR and expected shortfall by position, losses positive."""

    confidence: "int"
    total_var: "float | None"
    total_es: "float | None"
    plain_total_var: "NotRequired[float | None]"
    plain_total_es: "NotRequired[float | None]"
    positions: "list[ComponentOut]"


Confidence = Literal[95, 99]


class Contributor(TypedDict):
    """What drives a measure: its name and its part of the value."""

    name: "str"
    value: "float"


class CorrelatedSymbol(TypedDict):
    """A row and column of the matrix."""

    symbol: "str"
    value: "float"
    weight: "float"
    positions: "int"
    observations: "int"


class CorrelationImpact(TypedDict):
    """Position correlations; a draft's are calculated with it, its base's weekly or on request."""

    overall_correlation: "FigureChange"
    concentration: "FigureChange"
    effective_positions: "FigureChange"
    before_as_of: "str | None"
    after_as_of: "str | None"
    clusters_before: "list[ServicesGatewayAnalyticsSchemasImpactsClusterOut]"
    clusters_after: "list[ServicesGatewayAnalyticsSchemasImpactsClusterOut]"
    reason: "str | None"


class CorrelationMatrix(TypedDict):
    """The correlation matrix of the largest underlyings."""

    portfolio_id: "str"
    as_of: "str | None"
    view: "View"
    parameters: "CorrelationParameters | None"
    symbols: "list[CorrelatedSymbol]"
    total: "int"
    correlations: "list[list[float | None]]"
    measured: "list[list[float | None]] | None"
    observations: "list[list[int | None]]"
    quality: "list[list[str | None]]"
    data_quality: "DataQuality"
    unmeasured: "list[UnmeasuredPair]"
    psd_repaired: "bool | None"
    reason: "str | None"


class CorrelationParameters(TypedDict):
    """What to correlate in a portfolio; the defaults are those of the weekly calculation."""

    lookback: "NotRequired[int]"
    minimum_observations: "NotRequired[int]"
    minimum_value: "NotRequired[float]"
    minimum_weight: "NotRequired[float]"
    keep: "NotRequired[Literal['both', 'either', 'value_only', 'weight_only']]"
    cluster_threshold: "NotRequired[float]"


class CorrelationParametersIn(TypedDict):
    """How positions are correlated; an unknown field is refused."""

    lookback: "NotRequired[int]"
    minimum_observations: "NotRequired[int]"
    minimum_value: "NotRequired[float]"
    minimum_weight: "NotRequired[float]"
    keep: "NotRequired[Literal['both', 'either', 'value_only', 'weight_only']]"
    cluster_threshold: "NotRequired[float]"


class CorrelationReport(TypedDict):
    """How strongly the positions of the portfolio, or of one side of it, are correlated."""

    portfolio_id: "str"
    as_of: "str | None"
    view: "View"
    price_run: "str | None"
    parameters: "CorrelationParameters | None"
    overall_correlation: "float | None"
    concentration: "float | None"
    effective_positions: "float | None"
    coverage: "float | None"
    gross_value: "float | None"
    kept_value: "float | None"
    positions: "int | None"
    positions_kept: "int | None"
    symbols_kept: "int | None"
    clusters: "list[ServicesGatewayAnalyticsSchemasCorrelationsClusterOut]"
    linkage_clusters: "list[LinkageCluster]"
    hedging_pairs: "int | None"
    hedges: "list[HedgingPair]"
    data_quality: "DataQuality"
    psd_repaired: "bool | None"
    largest_repair: "float | None"
    left_out: "list[LeftOutPosition]"
    warnings: "list[Warned]"
    reason: "str | None"


class CorrelationsStarted(TypedDict):
    """The calculation has started."""

    run_id: "str"
    portfolio_id: "str | None"
    as_of: "str"
    portfolios: "int"
    status: "str"


class CovarianceBasis(TypedDict):
    """The factor covariance from which correlated results infer the other factors' moves."""

    matrix: "Literal['shrunk', 'measured']"
    shrinkage: "float | None"
    price_run: "str"
    decay: "float"
    lookback: "int"
    observations: "int"


class Coverage(TypedDict):
    """Share (0 to 1) of gross notional exposure that had a current price, and Greeks."""

    prices: "float | None"
    greeks: "float | None"


class Credentials(TypedDict):
    """A user's proof."""

    code: "NotRequired[str | None]"
    email: "str"
    password: "str"


class CurrentPrice(TypedDict):
    """A symbol's last price at or before a session; null with a reason when there is none."""

    symbol: "str"
    price: "float | None"
    session_date: "str | None"
    stale: "bool | None"
    previous_close: "float | None"
    change: "float | None"
    change_percent: "float | None"
    source: "str | None"
    reason: "str | None"


class CurrentPrices(TypedDict):
    """The last prices at or before a session."""

    as_of: "str"
    items: "list[CurrentPrice]"
    total: "int"


class CurveAtVolatility(TypedDict):
    """The same curve at another relative change of implied volatility."""

    volatility_shock: "float"
    dates: "list[CurveOnDate]"


class CurveOnDate(TypedDict):
    """P&L and Greeks on one date: every list is by spot."""

    days_forward: "int"
    until: "str"
    settled: "list[str]"
    ex_dividends: "dict[str, float]"
    underlying_prices: "list[float] | None"
    pnl: "list[float]"
    options_pnl: "list[float]"
    options_share: "list[float | None]"
    break_evens: "list[float]"
    dollar_delta: "list[float]"
    dollar_gamma_1pct: "list[float]"
    dollar_theta_1d: "list[float]"
    dollar_vega_1pt: "list[float]"
    dollar_rho_1pct: "list[float]"
    dollar_delta_beta_weighted: "list[float] | None"
    dollar_gamma_1pct_beta_weighted: "list[float] | None"
    delta: "list[float] | None"
    gamma: "list[float] | None"


class CurveReport(TypedDict):
    """P&L and five Greeks against the move of spot, date by date."""

    portfolio_id: "str"
    as_of: "str"
    underlying: "str | None"
    spot_mode: "Literal['beta_weighted', 'parallel']"
    volatility_term: "Literal['parallel', 'by_tenor']"
    spots: "list[float]"
    coverage: "float | None"
    warnings: "list[Warned]"
    volatility_shock: "float"
    dates: "list[CurveOnDate]"
    others: "list[CurveAtVolatility]"
    day: "DayBands"


class DataQuality(TypedDict):
    """How many pairs have common returns on all days of the window, on fewer, on too few."""

    full_history: "int"
    limited_history: "int"
    insufficient: "int"


class DataQualityReport(TypedDict):
    """What is stored for a portfolio's calculations on a session."""

    as_of: "str | None"
    window_start: "str | None"
    sessions: "int"
    progress: "FetchTotals"
    symbols: "list[SymbolQuality]"
    yields: "list[MaturityStored]"
    providers: "dict[str, list[AskedProvider]]"
    reason: "str | None"
    portfolio_id: "str"
    complete: "int"
    stale: "int"
    missing: "int"
    calculations: "list[Feasibility]"


DateFormat = Literal[
    "YYYY-MM-DD", "YYYYMMDD", "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "DD-MMM-YYYY"
]


class DayBand(TypedDict):
    """How far one day goes: losses are positive, moves decimal; null with under 60 past days."""

    confidence: "int"
    value_at_risk: "float | None"
    expected_shortfall: "float | None"
    move_down: "float | None"
    move_up: "float | None"


class DayBands(TypedDict):
    """What one session did on past days: to these positions, and to what moves along the axis."""

    mover: "str | None"
    first_day: "str | None"
    last_day: "str | None"
    observations: "int"
    bands: "list[DayBand]"
    left_out: "list[str]"
    reason: "str | None"


class DeadLetterOut(TypedDict):
    """A message that a service gave up on."""

    letter_id: "str"
    service: "str"
    heard: "str"
    run_id: "str | None"
    attempts: "int"
    error: "str"
    message: "str"
    payload: "str"
    buried_at: "str"
    of_outage: "bool"
    replayed_at: "str | None"
    replayed_by: "str | None"


DecimalMark = Literal[".", ","]


class Definition(TypedDict):
    """What a published name means: its title, formula, unit and sign."""

    title: "str"
    meaning: "str"
    formula: "NotRequired[str | None]"
    unit: "str"
    sign: "str"
    section: "str"
    source: "NotRequired[str | None]"
    series: "NotRequired[bool]"
    measure: "str"


class DefinitionList(TypedDict):
    """Every published name in the order of the methodology."""

    items: "list[Definition]"
    total: "int"


class DemoReset(TypedDict):
    """The demo portfolios are restored; their figures follow with the runs."""

    books: "list[BookBack]"
    runs: "list[SessionRun]"
    status: "str"


class DifferenceOut(TypedDict):
    """What differs of one instrument, or of cash: of the file less the portfolio."""

    id: "str"
    kind: "Aspect"
    symbol: "str | None"
    file: "SideOut | None"
    portfolio: "SideOut | None"
    quantity: "float | None"
    cost: "float | None"
    transactions: "list[ProposedLine]"
    reason: "str | None"


class DollarGreeks(TypedDict):
    """The five Greeks in dollars, which add up over underlyings."""

    dollar_delta: "float"
    dollar_gamma_1pct: "float"
    dollar_theta_1d: "float"
    dollar_vega_1pt: "float"
    dollar_rho_1pct: "float"


class DraftCurves(TypedDict):
    """A draft's curve next to its base's, along the same moves of spot."""

    draft_id: "str"
    before: "CurveReport | None"
    after: "CurveReport | None"
    reason: "str | None"


class DraftOut(TypedDict):
    """A modelling session."""

    draft_id: "str"
    name: "str"
    note: "str"
    state: "State"
    version: "int"
    base: "BaseOut"
    trades_entered: "int"
    run: "DraftRun | None"
    saved_at: "str | None"
    booked_at: "str | None"
    created_at: "str"


class DraftRun(TypedDict):
    """The run that calculates a draft."""

    run_id: "str"
    status: "str | None"


class DraftTerms(TypedDict):
    """What may be changed; what is left out stays."""

    name: "NotRequired[str | None]"
    note: "NotRequired[str | None]"


class DraftWithTrades(TypedDict):
    """A modelling session with its trades in order."""

    draft_id: "str"
    name: "str"
    note: "str"
    state: "State"
    version: "int"
    base: "BaseOut"
    trades_entered: "int"
    run: "DraftRun | None"
    saved_at: "str | None"
    booked_at: "str | None"
    created_at: "str"
    trades: "list[TradeOut]"
    warnings: "list[Warned]"


Duplicates = Literal["load", "refuse"]


Entry = Literal["trades", "transfers"]


class EntryOut(TypedDict):
    """A line of a file of transactions that is entered into the ledger."""

    line: "int"
    kind: "str"
    trade_date: "str"
    symbol: "str | None"
    quantity: "float | None"
    price: "float | None"
    amount: "float | None"
    fees: "float"
    external_id: "str | None"


class ExpiringOption(TypedDict):
    """An option lot, and what its expiry would do at the last close of the underlying."""

    position_id: "str"
    symbol: "str"
    underlying: "str"
    option_type: "str"
    strike: "float"
    expiry: "str"
    quantity: "float"
    underlying_price: "float | None"
    price_date: "str | None"
    in_the_money: "bool | None"
    intrinsic_value: "float | None"
    outcome: "Outcome | None"
    shares: "float | None"
    cash: "float | None"
    reason: "str | None"


class Expiry(TypedDict):
    """The options that expire on one day."""

    expiry: "str"
    last_session: "str"
    days_left: "int"
    cash: "float"
    options: "list[ExpiringOption]"


class ExpiryReport(TypedDict):
    """The options held, the next expiry first, as of the last session with market data."""

    portfolio_id: "str"
    as_of: "str | None"
    items: "list[Expiry]"
    unsettled: "list[ExpiringOption]"


class ExpirySmile(TypedDict):
    """The quotes of one expiry by strike, and the curve through them."""

    expiry: "str"
    years_to_expiry: "float"
    forward: "float | None"
    quotes: "list[SmileQuote]"
    fit: "SmileCurve | None"
    reason: "str | None"


ExportColumns = Literal["twelve-columns", "valued"]


class ExportOut(TypedDict):
    """A file that the caller exported."""

    export_id: "str"
    exported_at: "str"
    what: "Exported"
    format: "TradeForm"
    about_id: "str"
    file_name: "str"
    rows: "int"
    byte_count: "int"
    sha256: "str"
    token_id: "NotRequired[str | None]"


class ExportPage(TypedDict):
    """A part of the caller's exports, the last ones first."""

    items: "list[ExportOut]"
    limit: "int"
    next: "str | None"


Exported = Literal["trades", "positions", "transactions", "series"]


class ExportedPosition(TypedDict):
    """A lot in full: what is held of it on the day, or what was opened once it is closed."""

    symbol: "str"
    position_type: "str"
    quantity: "float"
    opened_quantity: "float"
    opened_by: "str | None"
    entry_price: "float"
    entry_date: "str"
    investment_class: "str"
    investment_subtype: "str | None"
    underlying: "str"
    strike: "float | None"
    expiry: "str | None"
    option_type: "str | None"
    exit_date: "str | None"
    exit_price: "float | None"
    tags: "list[str]"
    position_id: "str"
    values: "NotRequired[PositionValues | None]"


class ExportedTrade(TypedDict):
    """A trade as `POST portfolios/{portfolio_id}/transactions` takes it."""

    kind: "Kind"
    trade_date: "str"
    symbol: "str"
    quantity: "float"
    price: "float"
    fees: "float"
    external_id: "str"
    note: "str"


class Exposure(TypedDict):
    """Long, short, gross and net exposure in USD."""

    long: "float"
    short: "float"
    gross: "float"
    net: "float"


class ExposurePoint(TypedDict):
    """The exposures of one session."""

    as_of: "str"
    nav: "float | None"
    exposures: "Exposures | None"
    left_out: "list[LeftOut]"


class Exposures(TypedDict):
    """The three measures: q·m·P; options at q·m·S; options at q·m·S·delta."""

    dollar: "Exposure"
    notional: "Exposure"
    delta_adjusted: "Exposure"


class ExposuresImpact(TypedDict):
    """The three measures: q·m·P; options at q·m·S; options at q·m·S·delta."""

    dollar: "SidesImpact"
    notional: "SidesImpact"
    delta_adjusted: "SidesImpact"


class Extremes(TypedDict):
    """The scenarios with the lowest and the highest P&L."""

    worst: "ScenarioPnl | None"
    best: "ScenarioPnl | None"


class FactorCoefficient(TypedDict):
    """A factor's beta as it is used, and the least squares it was made from."""

    factor: "str"
    name: "str"
    proxy: "str | None"
    beta: "float | None"
    raw_beta: "float | None"
    standard_error: "float | None"
    capped: "bool"
    indistinguishable_from_zero: "bool | None"
    prior_mean: "float | None"
    prior_deviation: "float | None"
    shrunk: "float | None"
    variance_inflation: "float | None"
    least_squares: "CoefficientEstimate"


class FactorDefinition(TypedDict):
    """A factor and the ETF that represents it."""

    factor: "str"
    name: "str"
    proxy: "str | None"
    display_order: "int"
    active: "bool"


class FactorDefinitions(TypedDict):
    """Every defined factor in display order."""

    items: "list[FactorDefinition]"
    total: "int"


class FactorEtf(TypedDict):
    """The fund that represents a factor, with its last price."""

    symbol: "str"
    price: "float | None"
    session_date: "str | None"
    stale: "bool | None"
    previous_close: "float | None"
    change: "float | None"
    change_percent: "float | None"
    source: "str | None"
    reason: "str | None"
    factor: "str"
    name: "str"


class FactorEtfs(TypedDict):
    """The active factors' funds, in display order."""

    as_of: "str"
    items: "list[FactorEtf]"
    total: "int"


class FactorImpact(TypedDict):
    """Exposure to a factor in the default model; beta is that over NAV."""

    factor: "str"
    name: "str"
    dollar_exposure: "MoneyChange"
    beta: "FigureChange"


class FactorMatrix(TypedDict):
    """Daily covariances and correlations of factor returns."""

    as_of: "str | None"
    space: "Space"
    price_run: "str | None"
    factors: "list[NamedFactor]"
    correlations: "list[list[float | None]]"
    covariances: "list[list[float | None]]"
    shrunk_covariances: "list[list[float | None]]"
    shrinkage: "float | None"
    statistics: "Spread"
    decay: "float | None"
    lookback: "int | None"
    observations: "int | None"
    reason: "str | None"


class FactorOut(TypedDict):
    """A factor's exposure in signed dollars, and as a beta (dollars / NAV of the same session)."""

    factor: "str"
    name: "str"
    proxy: "str | None"
    active: "bool"
    dollar_exposure: "float | None"
    standard_error: "float | None"
    indistinguishable_from_zero: "bool | None"
    beta: "float | None"
    coverage: "float | None"
    positions: "int | None"
    positions_left_out: "int | None"
    reason: "str | None"


class FactorPnl(TypedDict):
    """The P&L that came from one factor."""

    factor: "str"
    name: "str"
    pnl: "float | None"
    share_of_total: "float | None"


class FactorReport(TypedDict):
    """The factor exposures in one model and the rate sensitivities of a portfolio or side."""

    portfolio_id: "str"
    as_of: "str | None"
    model: "Model"
    view: "View"
    note: "str | None"
    nav: "float | None"
    factors: "list[FactorOut]"
    rates: "RateOut | None"
    rate_sensitivities: "list[RateOut]"
    coverage: "float | None"
    left_out: "list[LeftOut]"
    warnings: "list[Warned]"
    reason: "str | None"


class FactorRisk(TypedDict):
    """Which factors a portfolio's risk comes from, and its exposures in the models side by side."""

    portfolio_id: "str"
    as_of: "str | None"
    view: "View"
    nav: "float | None"
    factors: "list[FactorShare]"
    systematic: "RiskPartOut"
    specific: "RiskPartOut"
    total: "RiskPartOut"
    models: "list[ModelNote]"
    coverage: "float | None"
    reason: "str | None"


class FactorShare(TypedDict):
    """A factor's part of the risk, and the exposures to it that the models find."""

    contribution: "float | None"
    share_of_risk: "float | None"
    factor: "str"
    name: "str"
    proxy: "str | None"
    active: "bool"
    factor_deviation: "float | None"
    models: "list[ModelExposure]"


class Feasibility(TypedDict):
    """Whether a calculation has what it needs, symbol by symbol."""

    calculation: "str"
    needs: "str"
    feasible: "bool"
    lacking: "list[str]"


class FetchTotals(TypedDict):
    """How much of a window of closes is stored, and how many symbols are in which state."""

    sessions_wanted: "int"
    sessions_stored: "int"
    complete: "int"
    fetching: "int"
    waiting: "int"
    settled: "int"


class FieldError(TypedDict):
    """One thing that is wrong: the field, a stable code and a sentence."""

    field: "NotRequired[str | None]"
    code: "str"
    message: "str"
    line: "NotRequired[int | None]"


class Figure(TypedDict):
    """A figure at both sessions."""

    measure: "str"
    title: "str"
    unit: "str"
    before: "float | None"
    after: "float | None"
    difference: "float | None"
    by_position: "NotRequired[list[PartOut]]"
    by_sector: "NotRequired[list[PartOut]]"
    by_tag: "NotRequired[list[PartOut]]"
    by_factor: "NotRequired[list[PartOut]]"
    reason: "str | None"


class FigureChange(TypedDict):
    """A figure before and after the trades."""

    before: "float | None"
    after: "float | None"
    difference: "float | None"


class FileColumnOut(TypedDict):
    """A column of a file, with some of its values."""

    name: "str"
    samples: "list[str]"
    suggested: "Meaning | None"


class FileMapping(TypedDict):
    """What each column of a file is, and how its cells are written."""

    use: "Use"
    columns: "dict[str, Meaning]"
    sign: "NotRequired[Sign]"
    words: "NotRequired[dict[str, str]]"
    date_format: "NotRequired[DateFormat]"
    decimal_mark: "NotRequired[DecimalMark]"
    multiplier: "NotRequired[Multiplier]"
    separator: "NotRequired[Separator | None]"
    header_line: "NotRequired[int | None]"


class FileTotalsOut(TypedDict):
    """What an export's own totals say beside what its lines add up to."""

    total: "float | None"
    positions: "float | None"
    refused: "float | None"
    cash: "float | None"
    difference: "float | None"
    reason: "NotRequired[str | None]"


class FirstCode(TypedDict):
    """A code of the application that has the new secret."""

    code: "str"


class FirstLineOut(TypedDict):
    """A line at the beginning of a file, and its first cells."""

    line: "int"
    cells: "list[str]"


class FixTerms(TypedDict):
    """What FIX messages say that trades do not."""

    sender: "NotRequired[str]"
    target: "NotRequired[str]"
    account: "NotRequired[str | None]"
    sending_time: "NotRequired[str | None]"
    transact_time: "NotRequired[str | None]"
    first_number: "NotRequired[int]"
    time_in_force: "NotRequired[TimeInForce]"
    order_type: "NotRequired[OrderType | None]"
    as_list: "NotRequired[bool]"


Form = Literal["csv", "json"]


class Gap(TypedDict):
    """Sessions on which a measure is null, for one reason."""

    reason: "str"
    count: "int"
    start: "str"
    end: "str"


class GreekParts(TypedDict):
    """What a trade adds to the portfolio's Greeks."""

    delta: "float | None"
    gamma: "float | None"
    theta: "float | None"
    vega: "float | None"
    rho: "float | None"


class GreekSet(TypedDict):
    """The five Greeks."""

    delta: "float | None"
    gamma: "float | None"
    theta: "float | None"
    vega: "float | None"
    rho: "float | None"


class GreeksCalculated(TypedDict):
    """The options in the order of the request, at the close of `as_of`, by `engine`."""

    as_of: "str"
    engine: "str"
    options: "list[CalculatedGreeks]"
    warnings: "list[Warned]"


class GreeksImpact(TypedDict):
    """The portfolio's five Greeks; those in dollars are metrics of kind dollar_greeks."""

    delta: "FigureChange"
    gamma: "FigureChange"
    theta: "FigureChange"
    vega: "FigureChange"
    rho: "FigureChange"


class GreeksReport(TypedDict):
    """The Greeks of the portfolio or one side of it, and each option's."""

    portfolio_id: "str"
    as_of: "str | None"
    view: "View"
    portfolio: "GreekSet | None"
    positions: "list[PositionGreeks]"
    coverage: "Coverage | None"
    left_out: "list[LeftOut]"
    warnings: "list[Warned]"
    reason: "str | None"


class GridReport(TypedDict):
    """P&L by date, volatility and spot: `pnl[date][volatility][spot]`, all axes ascending."""

    portfolio_id: "str"
    as_of: "str"
    underlying: "str | None"
    spot_mode: "Literal['beta_weighted', 'parallel']"
    volatility_term: "Literal['parallel', 'by_tenor']"
    spots: "list[float]"
    coverage: "float | None"
    warnings: "list[Warned]"
    volatilities: "list[float]"
    dates: "list[Ahead]"
    pnl: "list[list[list[float]]]"
    options_pnl: "list[list[list[float]]]"
    options_share: "list[list[list[float | None]]]"
    break_evens: "list[list[list[float]]]"


GroupBy = Literal[
    "type", "instrument", "strategy", "tag", "underlying", "sector", "expiry", "class"
]


class GroupExposures(TypedDict):
    """The three measures: q·m·P; options at q·m·S; options at q·m·S·delta."""

    dollar: "Exposure | None"
    notional: "Exposure | None"
    delta_adjusted: "Exposure | None"


class GroupedPositions(TypedDict):
    """A page of groups, the largest first, and the sums over all matching positions."""

    portfolio_id: "str"
    valued_on: "str | None"
    by: "GroupBy"
    everything: "PositionGroup"
    items: "list[PositionGroup]"
    total: "int"
    limit: "int"
    offset: "int"
    reason: "str | None"


Headline = Literal["measured", "specified"]


class HedgingPair(TypedDict):
    """Two underlyings of which one gains when the other loses."""

    symbol_a: "str"
    symbol_b: "str"
    value_a: "float"
    value_b: "float"
    correlation: "float"


class HistoryPoint(TypedDict):
    """NAV and P&L of one session."""

    as_of: "str"
    nav: "float | None"
    daily_pnl: "float | None"
    trades_pnl: "float | None"
    income: "float | None"
    fees: "float | None"
    cumulative_pnl: "float | None"
    inflow: "float | None"
    outflow: "float | None"
    large_flow: "bool | None"
    unexplained: "float | None"
    daily_return: "float | None"


class HistoryProgress(TypedDict):
    """What is stored of the year of closes of all holdings, and what is still to come."""

    as_of: "str | None"
    window_start: "str | None"
    sessions: "int"
    progress: "FetchTotals"
    symbols: "list[SymbolQuality]"
    yields: "list[MaturityStored]"
    providers: "dict[str, list[AskedProvider]]"
    reason: "str | None"


class ImpactFigures(TypedDict):
    """The figures by subject, and each trade's part."""

    nav: "NavImpact"
    exposures: "ExposuresImpact"
    greeks: "GreeksImpact"
    metrics: "list[MetricImpact]"
    component_risk: "list[ComponentImpact]"
    factors: "list[FactorImpact]"
    rates: "list[RateImpact]"
    scenarios: "list[ScenarioImpact]"
    market_scenarios: "list[MarketScenarioImpact]"
    correlations: "CorrelationImpact"
    limits: "NotRequired[list[LimitImpact]]"
    trades: "list[TradePart]"


class Impacts(TypedDict):
    """Every measure of a draft next to that of its base, on the draft's session."""

    draft_id: "str"
    base_id: "str"
    as_of: "str"
    state: "str"
    version: "int"
    impacts: "ImpactFigures | None"
    warnings: "list[Warned]"
    reason: "str | None"


Included = Literal["positions"]


class Influence(TypedDict):
    """Days beyond a threshold by date: the twenty with the largest distances."""

    leverage_threshold: "float"
    cooks_threshold: "float"
    found: "int"
    days: "list[InfluentialDay]"


class InfluentialDay(TypedDict):
    """A day that is far from the others or moves the coefficients; returns are decimals."""

    session_date: "str"
    observed_return: "float"
    fitted_return: "float"
    leverage: "float"
    cooks_distance: "float | None"
    studentized_residual: "float | None"


class ItemOut(TypedDict):
    """One stage of one shard."""

    stage: "str"
    shard: "int"
    shards: "int"
    status: "str"
    occurred_at: "str"
    elapsed_seconds: "float"
    portfolio_ids: "list[str]"
    counts: "dict[str, int]"
    warnings: "list[Warned]"
    problems: "list[ProblemDetail]"
    error: "str | None"
    message: "str | None"
    trace_id: "str | None"


class JudgedDay(TypedDict):
    """What a portfolio's P&L of one session came from, the largest loss first."""

    portfolio_id: "str"
    as_of: "str"
    previous_session: "str | None"
    confidence: "int"
    hypothetical_pnl: "float | None"
    trades: "float | None"
    income: "float | None"
    positions: "list[JudgedPosition]"
    reason: "str | None"


class JudgedPosition(TypedDict):
    """What a position made on the session, next to its part of the VaR of the evening before."""

    position_id: "str"
    symbol: "str"
    sector: "str | None"
    state: "str"
    pnl: "float | None"
    share_of_total: "float | None"
    component_var: "float | None"


class JudgedVar(TypedDict):
    """One VaR against the P&L of the sessions after it."""

    measure: "str"
    confidence: "int"
    session_dates: "list[str]"
    hypothetical_pnl: "list[float]"
    values: "list[float]"
    days: "int"
    expected_exceptions: "float"
    exceptions: "int"
    exception_dates: "list[str]"
    kupiec: "LikelihoodOut | None"
    christoffersen: "LikelihoodOut | None"
    conditional_coverage: "LikelihoodOut | None"
    zone: "Zone | None"
    gaps: "list[Gap]"
    reason: "str | None"


Kind = Literal[
    "opening",
    "buy",
    "sell",
    "sell_short",
    "buy_to_cover",
    "deposit",
    "withdrawal",
    "transfer_in",
    "transfer_out",
    "dividend",
    "interest",
    "borrow_fee",
    "fee",
    "equity",
    "split",
    "expiry",
    "exercise",
    "assignment",
    "symbol_change",
]


LedgerSort = Literal["trade_date", "-trade_date"]


class LeftOut(TypedDict):
    """A position that the answer's numbers do not contain, and why."""

    position_id: "str"
    symbol: "str"
    reason: "str"


class LeftOutPosition(TypedDict):
    """A position that is not in the matrix."""

    position_id: "str"
    symbol: "str"
    reason: "str"
    underlying: "str"
    code: "str"


class LeftOutSymbol(TypedDict):
    """A symbol that a scenario's total leaves out, wholly or in part, and why."""

    symbol: "str"
    code: "str"
    reason: "str"


class LegOut(TypedDict):
    """A line of the ledger that a trade is."""

    transaction_id: "str"
    kind: "Kind"
    symbol: "str"
    underlying: "str"
    option_type: "str | None"
    strike: "float | None"
    expiry: "str | None"
    multiplier: "int"
    quantity: "float"
    price: "float"
    fees: "float"
    cash: "float"
    price_source: "str"
    price_date: "str"


class LikelihoodOut(TypedDict):
    """A likelihood ratio, and the chance of one so large if the VaR is right."""

    likelihood_ratio: "float"
    p_value: "float"


class LimitAction(TypedDict):
    """What was done about a limit in a portfolio."""

    portfolio_id: "str"
    as_of: "str"
    kind: "str"
    until: "str | None"
    reason: "str"
    recorded_at: "str"


class LimitContributor(TypedDict):
    """A part of a value by name, in the measure's own unit."""

    name: "str"
    value: "float"


class LimitEpisode(TypedDict):
    """A spell of sessions at a level."""

    level: "str"
    first: "str"
    last: "str | None"
    sessions: "int"
    worst: "float"
    worst_on: "str"
    member: "str | None"


class LimitHistory(TypedDict):
    """A limit in a portfolio over sessions, newest first, and what was done about it."""

    limit_id: "str"
    items: "list[LimitStanding]"
    total: "int"
    limit: "int"
    offset: "int"
    actions: "list[LimitAction]"


class LimitImpact(TypedDict):
    """A limit of the base before and after the trades."""

    limit_id: "str"
    name: "str"
    measure: "str"
    measure_title: "NotRequired[str]"
    measure_unit: "NotRequired[str]"
    per: "str"
    key: "str | None"
    unit: "str"
    direction: "str"
    warning: "float | None"
    breach: "float"
    before: "LimitSide | None"
    after: "LimitSide | None"
    change: "str | None"


class LimitOnSession(TypedDict):
    """A limit and its value in the portfolio, in the limit's unit."""

    limit_id: "str"
    name: "str"
    measure: "str"
    measure_unit: "str"
    per: "Literal['portfolio', 'position', 'underlying', 'sector', 'tag']"
    unit: "Literal['own', 'share_of_nav']"
    state: (
        "Literal['ok', 'warning', 'breached', 'acknowledged', 'waived', 'cleared', 'not_measured']"
    )
    level: "str"
    since: "str | None"
    value: "float | None"
    member: "str | None"
    warning: "float | None"
    breach: "float"
    room: "float | None"
    room_usd: "float | None"
    reason: "str | None"


class LimitOut(TypedDict):
    """A limit, and how the caller's portfolios stand on their last session."""

    limit_id: "str"
    name: "str"
    portfolio_id: "str | None"
    measure: "str"
    measure_title: "str"
    measure_unit: "str"
    per: "Literal['portfolio', 'position', 'underlying', 'sector', 'tag']"
    key: "str | None"
    unit: "Literal['own', 'share_of_nav']"
    direction: "Literal['above', 'below', 'outside']"
    warning: "float | None"
    breach: "float"
    hysteresis: "float"
    sessions: "int"
    in_force_since: "str"
    owner: "str"
    note: "str"
    created_at: "str"
    states: "dict[str, int]"
    worst: "LimitStanding | None"
    recent: "list[LimitPoint]"


class LimitPoint(TypedDict):
    """A limit's value on a session."""

    as_of: "str"
    value: "float | None"
    state: (
        "Literal['ok', 'warning', 'breached', 'acknowledged', 'waived', 'cleared', 'not_measured']"
    )


class LimitSide(TypedDict):
    """How the base, or the draft, stands against a limit."""

    state: "str"
    level: "str"
    value: "float | None"
    member: "str | None"
    room: "float | None"
    room_usd: "float | None"
    used: "NotRequired[float | None]"
    reason: "str | None"


class LimitStanding(TypedDict):
    """A limit in a portfolio on a session."""

    portfolio_id: "str"
    portfolio_name: "str"
    as_of: "str"
    state: (
        "Literal['ok', 'warning', 'breached', 'acknowledged', 'waived', 'cleared', 'not_measured']"
    )
    level: "str"
    since: "str | None"
    age_sessions: "int | None"
    value: "float | None"
    member: "str | None"
    reason: "str | None"
    warning: "float | None"
    breach: "float"
    room: "float | None"
    room_usd: "float | None"
    used: "float | None"
    until: "str | None"
    why: "str | None"
    contributors: "list[LimitContributor]"


class LimitTemplate(TypedDict):
    """A usual limit, to be set as it is or with other levels."""

    template: "str"
    title: "str"
    description: "str"
    limit: "NewLimit"


class LimitTemplates(TypedDict):
    """The usual limits."""

    items: "list[LimitTemplate]"


class LimitTrial(TypedDict):
    """How a limit would have been on stored sessions; nothing is written."""

    portfolios: "list[TriedLimit]"


class LimitWithStandings(TypedDict):
    """The same with every portfolio, the worst first."""

    limit_id: "str"
    name: "str"
    portfolio_id: "str | None"
    measure: "str"
    measure_title: "str"
    measure_unit: "str"
    per: "Literal['portfolio', 'position', 'underlying', 'sector', 'tag']"
    key: "str | None"
    unit: "Literal['own', 'share_of_nav']"
    direction: "Literal['above', 'below', 'outside']"
    warning: "float | None"
    breach: "float"
    hysteresis: "float"
    sessions: "int"
    in_force_since: "str"
    owner: "str"
    note: "str"
    created_at: "str"
    states: "dict[str, int]"
    worst: "LimitStanding | None"
    recent: "list[LimitPoint]"
    standings: "list[LimitStanding]"


LineSource = Literal["api", "file", "migration", "system"]


class LinkageCluster(TypedDict):
    """Underlyings that are close on average, by the distance √((1 − ρ) / 2)."""

    name: "str"
    symbols: "list[str]"
    value: "float"
    weight: "float"


class LinkedAccountList(TypedDict):
    """All of them, the oldest first."""

    provider: "str | None"
    items: "list[LinkedAccountOut]"


class LinkedAccountOut(TypedDict):
    """An account at the provider that logs the caller in."""

    link_id: "str"
    issuer: "str"
    email: "str | None"
    made_user: "bool"
    linked_at: "str"
    last_used_at: "str | None"


class ListedPortfolio(TypedDict):
    """A portfolio in a list, with how it stands on its last session."""

    portfolio_id: "str"
    name: "str"
    equity_balance: "float | None"
    equity_date: "str | None"
    valued_from: "str | None"
    lot_method: "LotMethod"
    settlement: "Settling"
    positions: "int"
    created_at: "str"
    access: "PortfolioAccess"
    owner_name: "str | None"
    as_of: "str | None"
    nav: "float | None"
    daily_pnl: "float | None"
    daily_return: "float | None"
    var_95_1d_historical: "float | None"
    worst_scenario: "WorstScenario | None"
    limits: "dict[str, int]"
    last_run: "PortfolioRun | None"
    standing_reason: "str | None"
    risk_reason: "NotRequired[str | None]"


class LoginCode(TypedDict):
    """The code of a log-in link, good for one use."""

    code: "str"


class LoginLink(TypedDict):
    """What to put behind the page's address: `/#login=<code>`."""

    code: "str"
    expires_at: "str"


class Logout(TypedDict):
    """The refresh token of the log-in to end; `everywhere` ends all of the user's."""

    refresh_token: "str"
    everywhere: "NotRequired[bool]"


LotMethod = Literal["fifo", "lifo", "highest_cost"]


class LotOut(TypedDict):
    """What one transaction opened, what has closed of it, and what is left."""

    position_id: "str"
    opened_by: "str"
    symbol: "str"
    underlying: "str"
    position_type: "str"
    multiplier: "int"
    stated_on: "str"
    opened_quantity: "float"
    quantity: "float"
    entry_price: "float"
    entry_date: "str"
    exit_date: "str | None"
    days_held: "int"
    cost: "float"
    closings: "list[ClosingOut]"
    realised_pnl: "float | None"
    valued_on: "str | None"
    price: "float | None"
    market_value: "float | None"
    unrealised_pnl: "float | None"
    reason: "str | None"


class LotPage(TypedDict):
    """A part of the lots that meet the conditions, by entry; the totals are of all that do."""

    portfolio_id: "str"
    valued_on: "str | None"
    items: "list[LotOut]"
    total: "int"
    limit: "int"
    offset: "int"
    totals: "LotTotals"
    reason: "str | None"


LotStatus = Literal["open", "closed", "all"]


class LotTotals(TypedDict):
    """P&L of lots, fees and dividends not included."""

    lots: "int"
    realised_pnl: "float"
    unrealised_pnl: "float"
    total_pnl: "float"
    unknown: "int"


class ManagedUser(TypedDict):
    """A user as administrators see one."""

    user_id: "str"
    email: "str"
    full_name: "str"
    role: "str"
    created_at: "str"
    disabled_at: "str | None"


class MapCell(TypedDict):
    """The options of one row and one expiry."""

    positions: "int"
    positions_left_out: "int"
    long: "DollarGreeks | None"
    short: "DollarGreeks | None"
    net: "DollarGreeks | None"
    underlying: "str"
    strike: "float | None"
    expiry: "str"
    position_ids: "list[str]"


class MapExpiry(TypedDict):
    """The options of one expiry."""

    positions: "int"
    positions_left_out: "int"
    long: "DollarGreeks | None"
    short: "DollarGreeks | None"
    net: "DollarGreeks | None"
    expiry: "str"
    days: "int"


class MapRow(TypedDict):
    """The options of one strike of the chosen underlying, or of one underlying."""

    positions: "int"
    positions_left_out: "int"
    long: "DollarGreeks | None"
    short: "DollarGreeks | None"
    net: "DollarGreeks | None"
    underlying: "str"
    strike: "float | None"
    underlying_price: "float | None"
    underlying_price_date: "str | None"


class MappedScenario(TypedDict):
    """A scenario, and what it makes of all portfolios of the session together."""

    scenario_id: "str"
    name: "str"
    description: "str | None"
    category: "str"
    severity: "str"
    custom: "bool"
    direct: "float | None"
    correlated: "float | None"
    share_of_nav: "float | None"
    portfolios: "int"


class MarketClose(TypedDict):
    """The session to run for every portfolio."""

    session_date: "str"


class MarketDataUsed(TypedDict):
    """The market data that a portfolio's figures are based on, and their providers."""

    sources: "list[PriceSource]"
    providers: "dict[str, list[AskedProvider]]"
    sentence: "str"


class MarketScenario(TypedDict):
    """A plain move: the market by a decimal return, or yields by decimals (0.01 is +100 bp)."""

    kind: "str"
    shock: "float"
    exposure: "float | None"
    pnl: "float | None"
    coverage: "float | None"
    reason: "str | None"


class MarketScenarioImpact(TypedDict):
    """P&L of a plain move: of the market, or of yields (0.01 is +100 bp); decimals both."""

    kind: "str"
    shock: "float"
    pnl: "MoneyChange"


class MarketScenarioReport(TypedDict):
    """Simple moves of the market and of yields."""

    portfolio_id: "str"
    as_of: "str | None"
    nav: "float | None"
    items: "list[MarketScenario]"
    total: "int"
    left_out: "list[LeftOut]"
    reason: "str | None"


class MaturityStored(TypedDict):
    """What the window holds of a Treasury yield."""

    maturity: "str"
    stored: "int"
    last_observation: "str | None"
    sources: "list[str]"


Meaning = Literal[
    "symbol",
    "quantity",
    "price",
    "cost",
    "date",
    "side",
    "type",
    "amount",
    "fees",
    "id",
    "note",
    "currency",
    "multiplier",
    "underlying",
    "strike",
    "expiry",
    "option_type",
    "investment_class",
    "market_value",
    "tags",
    "as_of",
    "ignored",
]


class MeasureMoved(TypedDict):
    """A measure before and after; null where it is not known."""

    measure: "str"
    before: "float | None"
    after: "float | None"
    tolerance: "NotRequired[float | None]"


class MetricGroup(TypedDict):
    """The metrics of one kind."""

    kind: "str"
    metrics: "list[MetricOut]"


class MetricImpact(TypedDict):
    """A risk metric: value at risk, shortfall, beta, concentration, dollar Greeks and the rest."""

    kind: "str"
    metric: "str"
    title: "NotRequired[str]"
    unit: "str"
    before: "float | None"
    after: "float | None"
    difference: "float | None"
    reason: "str | None"


class MetricOut(TypedDict):
    """One measured number, or null with the reason."""

    metric: "str"
    title: "str"
    value: "float | None"
    unit: "str"
    share_of_nav: "float | None"
    observations: "int | None"
    coverage: "float | None"
    reason: "str | None"
    first_day: "NotRequired[str | None]"
    last_day: "NotRequired[str | None]"


class MetricsReport(TypedDict):
    """Every risk metric of the portfolio or one side of it, by kind."""

    portfolio_id: "str"
    as_of: "str | None"
    view: "View"
    nav: "float | None"
    groups: "list[MetricGroup]"
    component_var: "list[ComponentVar]"
    left_out: "list[LeftOut]"
    warnings: "list[Warned]"
    reason: "str | None"


Mode = Literal["partial", "all_or_nothing"]


Model = Literal["market_relative", "joint", "univariate"]


class ModelExposure(TypedDict):
    """The exposure to a factor in one model; null with a reason."""

    model: "Model"
    dollar_exposure: "float | None"
    standard_error: "float | None"
    indistinguishable_from_zero: "bool | None"
    beta: "float | None"
    coverage: "float | None"
    reason: "str | None"


class ModelNote(TypedDict):
    """A model, and what to keep in mind when reading its betas."""

    model: "Model"
    note: "str | None"


class MoneyChange(TypedDict):
    """USD before and after the trades."""

    before: "float | None"
    after: "float | None"
    difference: "float | None"


class MovedPosition(TypedDict):
    """A position that is new, gone or of another size."""

    position_id: "str"
    symbol: "str"
    sector: "str | None"
    tags: "list[str]"
    state: "str"
    quantity_before: "float"
    quantity_after: "float"
    pnl: "float | None"


Multiplier = Literal["price_per_share", "price_per_contract", "quantity_in_shares"]


class NamedFactor(TypedDict):
    """A row and column of the factor matrix."""

    factor: "str"
    name: "str"
    proxy: "str | None"


class NavImpact(TypedDict):
    """NAV and its parts: cash and market value add up to it."""

    nav: "MoneyChange"
    cash: "MoneyChange"
    market_value: "MoneyChange"
    unrealised_pnl: "MoneyChange"
    daily_pnl: "MoneyChange"
    fees: "MoneyChange"


class NewCashFlow(TypedDict):
    """Positive is a deposit, negative a withdrawal."""

    flow_date: "str"
    amount: "float | str"
    note: "NotRequired[str]"


class NewChannel(TypedDict):
    """A webhook or an e-mail address to send alerts to."""

    kind: "Literal['webhook', 'email']"
    address: "str"
    name: "str"
    levels: "NotRequired[list[Literal['breached', 'warning', 'cleared']]]"


class NewDraft(TypedDict):
    """A branch of a portfolio at a session, without trades yet."""

    portfolio_id: "str"
    as_of: "NotRequired[str | None]"
    name: "NotRequired[str | None]"
    note: "NotRequired[str]"


class NewLimit(TypedDict):
    """What a measure may be, evaluated for every session from the last one on."""

    name: "str"
    portfolio_id: "NotRequired[str | None]"
    measure: "str"
    per: "NotRequired[Literal['portfolio', 'position', 'underlying', 'sector', 'tag']]"
    key: "NotRequired[str | None]"
    unit: "NotRequired[Literal['own', 'share_of_nav']]"
    direction: "NotRequired[Literal['above', 'below', 'outside']]"
    warning: "NotRequired[float | None]"
    breach: "float"
    hysteresis: "NotRequired[float]"
    sessions: "NotRequired[int]"
    owner: "NotRequired[str]"
    note: "NotRequired[str]"


class NewPortfolio(TypedDict):
    """A portfolio without positions."""

    name: "str"
    equity_balance: "NotRequired[float | str | None]"


class NewPosition(TypedDict):
    """A position to be entered into a portfolio (default: the caller's only or first)."""

    symbol: "NotRequired[str | None]"
    underlying: "NotRequired[str | None]"
    option_type: "NotRequired[str | None]"
    strike: "NotRequired[float | str | None]"
    expiry: "NotRequired[str | None]"
    investment_class: "NotRequired[str | None]"
    investment_subtype: "NotRequired[str | None]"
    quantity: "NotRequired[float | str | None]"
    entry_price: "NotRequired[float | str | None]"
    entry_date: "NotRequired[str | None]"
    exit_date: "NotRequired[str | None]"
    exit_price: "NotRequired[float | str | None]"
    tags: "NotRequired[list[str] | None]"
    portfolio_id: "NotRequired[str | None]"


class NewProfile(TypedDict):
    """A mapping to be saved by a name, for files with this header."""

    name: "str"
    header: "list[str]"
    mapping: "FileMapping"


class NewReport(TypedDict):
    """What a report is about, and its form."""

    portfolio_ids: "NotRequired[list[str]]"
    session_id: "NotRequired[str | None]"
    as_of: "NotRequired[str | None]"
    template: "NotRequired[Literal['daily', 'full', 'investor', 'draft']]"
    format: "NotRequired[Literal['html', 'pdf', 'xlsx', 'md', 'json', 'csv', 'parquet']]"
    sections: "NotRequired[list[ReportSection] | None]"


class NewScenario(TypedDict):
    """A custom scenario, evaluated for the caller's portfolios from their next run on."""

    scenario_id: "NotRequired[str | None]"
    name: "str"
    description: "NotRequired[str]"
    category: "NotRequired[str]"
    severity: "NotRequired[str]"
    shocks: "NotRequired[dict[str, float]]"
    rate_shock: "NotRequired[float | None]"
    volatility_shock: "NotRequired[float | None]"
    basis: "NotRequired[str]"


class NewSchedule(TypedDict):
    """A report that is requested again after sessions."""

    name: "str"
    portfolio_ids: "NotRequired[list[str]]"
    template: "NotRequired[Literal['daily', 'full', 'investor']]"
    format: "NotRequired[Literal['html', 'pdf', 'xlsx', 'md', 'json', 'csv', 'parquet']]"
    sections: "NotRequired[list[ReportSection] | None]"
    cadence: "NotRequired[Literal['daily', 'weekly', 'monthly']]"
    enabled: "NotRequired[bool]"


class NewShare(TypedDict):
    """With whom a portfolio is to be shared, by the address that they log in with, and for what."""

    email: "str"
    role: "NotRequired[ShareRole]"


class NewTag(TypedDict):
    """A tag to create."""

    name: "str"
    colour: "NotRequired[str]"


class NewToken(TypedDict):
    """A token to make: what it is for, what it may do, and for how long."""

    name: "str"
    scopes: "list[Scope]"
    expires_in_days: "NotRequired[int]"


class NewTrade(TypedDict):
    """A trade at the close of the draft's session."""

    action: "TradeAction"
    symbol: "NotRequired[str | None]"
    quantity: "NotRequired[float | str | None]"
    exposure: "NotRequired[float | str | None]"
    price: "NotRequired[float | str | None]"
    fees: "NotRequired[float | str]"
    strategy: "NotRequired[Strategy | None]"
    underlying: "NotRequired[str | None]"
    expiry: "NotRequired[str | None]"
    strikes: "NotRequired[list[float | str]]"
    option_type: "NotRequired[Literal['C', 'P'] | None]"
    shares: "NotRequired[bool]"
    prices: "NotRequired[list[float | str]]"
    portfolio_id: "NotRequired[str | None]"
    measure: "NotRequired[Literal['delta_adjusted', 'market_beta'] | None]"
    share: "NotRequired[float | None]"
    note: "NotRequired[str]"


class NewTrades(TypedDict):
    """Trades to add to a draft, in order: all of them, or none."""

    trades: "NotRequired[list[NewTrade]]"
    csv: "NotRequired[str | None]"


class NewTransaction(TypedDict):
    """A line to be entered."""

    kind: "str"
    trade_date: "NotRequired[str | None]"
    symbol: "NotRequired[str | None]"
    underlying: "NotRequired[str | None]"
    option_type: "NotRequired[str | None]"
    strike: "NotRequired[float | str | None]"
    expiry: "NotRequired[str | None]"
    investment_class: "NotRequired[str | None]"
    investment_subtype: "NotRequired[str | None]"
    quantity: "NotRequired[float | str | None]"
    price: "NotRequired[float | str | None]"
    amount: "NotRequired[float | str | None]"
    fees: "NotRequired[float | str | None]"
    stated_on: "NotRequired[str | None]"
    lot_id: "NotRequired[str | None]"
    lot_method: "NotRequired[LotMethod | None]"
    external_id: "NotRequired[str | None]"
    note: "NotRequired[str]"


class NewTransactions(TypedDict):
    """Lines to be entered together: all of them, or none."""

    transactions: "list[NewTransaction]"


class NewUser(TypedDict):
    """A user made by an administrator, who may log in at once."""

    email: "str"
    password: "str"
    full_name: "NotRequired[str]"
    role: "NotRequired[Literal['user', 'admin']]"


class Notice(TypedDict):
    """A warning for the reader: what happened, to how many, and the first few names."""

    code: "str"
    message: "str"
    count: "NotRequired[int]"
    about: "NotRequired[list[str]]"


class NotificationOut(TypedDict):
    """A message to a channel, with every attempt to deliver it."""

    notification_id: "str"
    kind: "str"
    alerts: "int"
    state: "str"
    reason: "str | None"
    created_at: "str"
    next_attempt_at: "str | None"
    attempts: "list[AttemptOut]"


class NotificationPage(TypedDict):
    """Messages to a channel, the last ones first; `next` is where the page after it begins."""

    items: "list[NotificationOut]"
    limit: "int"
    next: "str | None"


class OptionChain(TypedDict):
    """An underlying's quotes on a session, by expiry, type and strike."""

    items: "list[OptionQuoteOut]"
    total: "int"
    limit: "int"
    offset: "int"
    underlying: "str"
    as_of: "str | None"
    reason: "str | None"


class OptionIn(TypedDict):
    """One option, held or not, by its OCC symbol or by underlying, strike, expiry and type."""

    contract: "NotRequired[str | None]"
    underlying: "NotRequired[str | None]"
    strike: "NotRequired[float | str | None]"
    expiry: "NotRequired[str | None]"
    option_type: "NotRequired[Literal['C', 'P'] | None]"
    underlying_price: "NotRequired[float | None]"
    volatility: "NotRequired[float | None]"
    rate: "NotRequired[float | None]"
    dividend_yield: "NotRequired[float | None]"
    market_price: "NotRequired[float | None]"
    dividends: "NotRequired[list[CashDividendIn]]"


class OptionMap(TypedDict):
    """The options' Greeks by expiry (columns), and by strike or by underlying (rows)."""

    portfolio_id: "str"
    as_of: "str | None"
    underlying: "str | None"
    underlyings: "list[str]"
    expiries: "list[MapExpiry]"
    rows: "list[MapRow]"
    cells: "list[MapCell]"
    options: "SidesOfGreeks"
    stock: "float | None"
    total: "DollarGreeks | None"
    left_out: "list[LeftOut]"
    reason: "str | None"


class OptionQuoteIn(TypedDict):
    """One contract's quote at a session's close; an unknown field is refused."""

    contract: "str"
    session_date: "str"
    bid: "float | str"
    ask: "float | str"
    last: "NotRequired[float | str | None]"
    underlying_price: "NotRequired[float | str | None]"


class OptionQuoteOut(TypedDict):
    """A contract's bid and ask at the close, USD per share of contract."""

    contract: "str"
    expiry: "str"
    option_type: "str"
    strike: "float"
    bid: "float"
    ask: "float"
    mid: "float"
    last: "float | None"
    underlying_price: "float | None"
    source: "str"


class OptionQuotes(TypedDict):
    """Option quotes at the close, USD per share of contract, by OCC symbol."""

    rows: "list[OptionQuoteIn]"


class OptionsToPrice(TypedDict):
    """Options by OCC symbol, or by underlying, strike, expiry and type."""

    as_of: "NotRequired[str | None]"
    engine: "NotRequired[Literal['default', 'european', 'american', 'mibian']]"
    options: "list[OptionIn]"


OrderType = Literal["market", "limit"]


Outcome = Literal["exercised", "assigned", "cash_settled", "worthless"]


class OwnRunOut(TypedDict):
    """A run of the caller's."""

    run_id: "str"
    as_of: "str"
    trigger: "str"
    status: "str"
    requested: "bool"
    started_at: "str"
    finished_at: "str | None"
    elapsed_seconds: "float | None"
    portfolios: "list[RunOfPortfolio]"
    portfolios_total: "int"


class PageAuditEntryOut(TypedDict):
    """PageAuditEntryOut"""

    items: "list[AuditEntryOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageCashFlowOut(TypedDict):
    """PageCashFlowOut"""

    items: "list[CashFlowOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageDeadLetterOut(TypedDict):
    """PageDeadLetterOut"""

    items: "list[DeadLetterOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageDraftOut(TypedDict):
    """PageDraftOut"""

    items: "list[DraftOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageExposurePoint(TypedDict):
    """PageExposurePoint"""

    items: "list[ExposurePoint]"
    total: "int"
    limit: "int"
    offset: "int"


class PageLimitOut(TypedDict):
    """PageLimitOut"""

    items: "list[LimitOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageListedPortfolio(TypedDict):
    """PageListedPortfolio"""

    items: "list[ListedPortfolio]"
    total: "int"
    limit: "int"
    offset: "int"


class PageManagedUser(TypedDict):
    """PageManagedUser"""

    items: "list[ManagedUser]"
    total: "int"
    limit: "int"
    offset: "int"


class PageOwnRunOut(TypedDict):
    """PageOwnRunOut"""

    items: "list[OwnRunOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageProfileOut(TypedDict):
    """PageProfileOut"""

    items: "list[ProfileOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageQuarantinedClose(TypedDict):
    """PageQuarantinedClose"""

    items: "list[QuarantinedClose]"
    total: "int"
    limit: "int"
    offset: "int"


class PageRunOut(TypedDict):
    """PageRunOut"""

    items: "list[RunOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageSecurityOut(TypedDict):
    """PageSecurityOut"""

    items: "list[SecurityOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageSnapshotOut(TypedDict):
    """PageSnapshotOut"""

    items: "list[SnapshotOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PageTagOut(TypedDict):
    """PageTagOut"""

    items: "list[TagOut]"
    total: "int"
    limit: "int"
    offset: "int"


class PairHistory(TypedDict):
    """How the correlation of two underlyings of a portfolio went, oldest calculation first."""

    portfolio_id: "str"
    symbol_a: "str"
    symbol_b: "str"
    items: "list[PairPoint]"
    total: "int"
    reason: "str | None"


class PairPoint(TypedDict):
    """The correlation that was calculated on one session; null with a reason."""

    as_of: "str"
    correlation: "float | None"
    measured_correlation: "float | None"
    observations: "int"
    lookback: "int"
    quality: "str"
    reason: "str | None"


class PartOut(TypedDict):
    """What one position, sector, tag or factor moved a figure by."""

    key: "str"
    name: "str"
    difference: "float"


class PasswordChange(TypedDict):
    """Another password for the caller."""

    code: "NotRequired[str | None]"
    current_password: "str"
    new_password: "str"


class PasswordProof(TypedDict):
    """The caller's password, which a second factor is added to."""

    password: "str"


class PasswordReset(TypedDict):
    """A new password for a user, who will be logged out everywhere."""

    new_password: "str"


Per = Literal["session", "week", "month"]


class PerformanceReport(TypedDict):
    """Returns over the usual periods, and the series of NAV and P&L they are made of."""

    portfolio: "PortfolioOut"
    as_of: "str | None"
    periods: "list[PeriodReturn]"
    span: "SpanReturn | None"
    items: "list[HistoryPoint]"
    total: "int"
    limit: "int"
    offset: "int"
    reason: "str | None"


class PeriodReturn(TypedDict):
    """The returns over a period that ends with the session."""

    value: "float | None"
    observations: "int | None"
    reason: "str | None"
    money_weighted: "float | None"
    money_weighted_basis: "Basis | None"
    money_weighted_reason: "str | None"
    large_flows: "list[str]"
    period: "str"


class PnlByPosition(TypedDict):
    """A session's P&L by position; the parts add up to the total."""

    largest: "list[PositionPnl]"
    others: "float | None"
    total: "float | None"


class PnlClass(TypedDict):
    """How many sessions made at least `low` and less than `high`."""

    low: "float"
    high: "float"
    sessions: "int"


class PnlDistribution(TypedDict):
    """How the P&L of the past sessions is distributed, in classes of one width from the worst."""

    mean_pnl: "float"
    deviation: "float"
    skewness: "float | None"
    kurtosis: "float | None"
    worst_pnl: "float"
    best_pnl: "float"
    classes: "list[PnlClass]"


class PnlVector(TypedDict):
    """What one holding would have made on each past session."""

    position_id: "str"
    symbol: "str"
    values: "list[float | None] | None"
    counted: "bool"
    reason: "str | None"


class PnlVectors(TypedDict):
    """What the holdings of a session would have made on each of the last 252, options repriced."""

    items: "list[PnlVector]"
    total: "int"
    limit: "int"
    offset: "int"
    portfolio_id: "str"
    as_of: "str | None"
    session_dates: "list[str]"
    values: "list[float | None]"
    distribution: "PnlDistribution | None"
    reason: "str | None"


PortfolioAccess = Literal["owner", "editor", "viewer"]


class PortfolioLeftOut(TypedDict):
    """A portfolio that the sums do not contain, and why."""

    portfolio_id: "str"
    name: "str"
    reason: "str"


class PortfolioOut(TypedDict):
    """A portfolio."""

    portfolio_id: "str"
    name: "str"
    equity_balance: "float | None"
    equity_date: "str | None"
    valued_from: "str | None"
    lot_method: "LotMethod"
    settlement: "Settling"
    positions: "int"
    created_at: "str"
    access: "PortfolioAccess"
    owner_name: "str | None"


class PortfolioReport(TypedDict):
    """Everything about a portfolio on one session, in one answer."""

    portfolio: "PortfolioOut"
    as_of: "str | None"
    snapshot: "SnapshotOut | None"
    history: "list[ReportedPoint]"
    sessions: "list[str]"
    last_session: "str | None"
    sessions_behind: "int | None"
    positions: "list[ValuedPosition]"
    greeks: "GreeksReport"
    factors: "FactorReport"
    stress: "StressReport"
    metrics: "MetricsReport"
    performance: "list[PeriodReturn]"
    attribution: "AttributionReport"
    pnl_by_position: "PnlByPosition"
    limits: "dict[str, int]"
    limit_states: "list[LimitOnSession]"
    market_data: "MarketDataUsed"
    last_run: "PortfolioRun | None"
    coverage: "Coverage | None"
    left_out: "list[LeftOut]"
    warnings: "list[Warned]"
    reason: "str | None"


class PortfolioRun(TypedDict):
    """What a piece of work through the pipeline became for one portfolio."""

    run_id: "str"
    as_of: "str"
    trigger: "str"
    status: "str"
    started_at: "str"
    finished_at: "str | None"
    problems: "list[TroubleOut]"


class PortfolioRunStarted(TypedDict):
    """The calculation has started; follow the run by `events`."""

    run_id: "str"
    portfolio_id: "str"
    session_date: "str"
    status: "str"


class PortfolioScenarios(TypedDict):
    """A portfolio's results on its last session, in the order of `scenarios`."""

    portfolio_id: "str"
    name: "str"
    as_of: "str | None"
    nav: "float | None"
    cells: "list[ScenarioCell]"


PortfolioSort = Literal["created_at", "-created_at", "name", "-name"]


class PortfolioSummary(TypedDict):
    """A portfolio's last snapshot at or before the requested date."""

    portfolio: "PortfolioOut"
    as_of: "str | None"
    snapshot: "SnapshotOut | None"
    coverage: "Coverage | None"
    left_out: "list[LeftOut]"
    warnings: "list[Warned]"
    reason: "str | None"


class PortfolioTerms(TypedDict):
    """What may be changed; what is left out stays."""

    name: "NotRequired[str | None]"
    equity_balance: "NotRequired[float | str | None]"
    lot_method: "NotRequired[LotMethod | None]"
    settlement: "NotRequired[Settling | None]"


class PositionColumns(TypedDict):
    """Values of every position by column: those of one position have the same place in each."""

    position_id: "list[str]"
    symbol: "list[str]"
    name: "list[str | None]"
    sector: "list[str | None]"
    position_type: "list[str]"
    instrument: "list[str]"
    underlying: "list[str]"
    option_type: "list[str | None]"
    strike: "list[float | None]"
    expiry: "list[str | None]"
    days_to_expiry: "list[int | None]"
    multiplier: "list[int]"
    investment_class: "list[str]"
    quantity: "list[float]"
    opened_quantity: "list[float]"
    entry_price: "list[float]"
    entry_date: "list[str]"
    exit_price: "list[float | None]"
    exit_date: "list[str | None]"
    tags: "list[list[str]]"
    price: "list[float | None]"
    price_date: "list[str | None]"
    price_age: "list[int | None]"
    price_source: "list[str | None]"
    underlying_price: "list[float | None]"
    cost: "list[float]"
    market_value: "list[float | None]"
    weight: "list[float | None]"
    daily_pnl: "list[float | None]"
    income: "list[float | None]"
    unrealised_pnl: "list[float | None]"
    unrealised_return: "list[float | None]"
    realised_pnl: "list[float | None]"
    notional_exposure: "list[float | None]"
    delta: "list[float | None]"
    delta_adjusted_exposure: "list[float | None]"
    dollar_gamma_1pct: "list[float | None]"
    gamma: "list[float | None]"
    theta: "list[float | None]"
    vega: "list[float | None]"
    rho: "list[float | None]"
    volatility: "list[float | None]"
    iv_source: "list[str | None]"
    model: "list[str | None]"
    component_var: "list[float | None]"
    reason: "list[str | None]"


class PositionEdit(TypedDict):
    """What is to change: what is left out stays as it is, null takes an exit or a subtype back."""

    symbol: "NotRequired[str | None]"
    underlying: "NotRequired[str | None]"
    option_type: "NotRequired[str | None]"
    strike: "NotRequired[float | str | None]"
    expiry: "NotRequired[str | None]"
    investment_class: "NotRequired[str | None]"
    investment_subtype: "NotRequired[str | None]"
    quantity: "NotRequired[float | str | None]"
    entry_price: "NotRequired[float | str | None]"
    entry_date: "NotRequired[str | None]"
    exit_date: "NotRequired[str | None]"
    exit_price: "NotRequired[float | str | None]"
    tags: "NotRequired[list[str] | None]"


class PositionFactor(TypedDict):
    """A position's exposure to one factor and the regression behind it."""

    factor: "str"
    name: "str"
    beta: "float | None"
    raw_beta: "float | None"
    standard_error: "float | None"
    t_statistic: "float | None"
    indistinguishable_from_zero: "bool | None"
    capped: "bool | None"
    factor_exposure: "float | None"
    r_squared: "float | None"
    observations: "int | None"
    condition_number: "float | None"
    quality: "str | None"
    reason: "str | None"


class PositionFactorPage(TypedDict):
    """A page of positions with their factors, by symbol."""

    portfolio_id: "str"
    as_of: "str | None"
    model: "Model"
    view: "View"
    note: "str | None"
    items: "list[PositionFactors]"
    total: "int"
    limit: "int"
    offset: "int"
    left_out: "list[LeftOut]"
    reason: "str | None"


class PositionFactors(TypedDict):
    """A position's exposure to every factor and every yield."""

    position_id: "str"
    symbol: "str"
    underlying: "str"
    quantity: "float"
    option_type: "str | None"
    exposure: "float | None"
    factors: "list[PositionFactor]"
    rates: "list[PositionRate]"


class PositionGreeks(TypedDict):
    """An option position's Greeks (unit x quantity x multiplier) and their inputs."""

    position_id: "str"
    contract: "str"
    underlying: "str"
    option_type: "str | None"
    strike: "float | None"
    expiry: "str | None"
    quantity: "float"
    multiplier: "int"
    delta: "float | None"
    gamma: "float | None"
    theta: "float | None"
    vega: "float | None"
    rho: "float | None"
    unit: "GreekSet"
    underlying_price: "float | None"
    underlying_price_date: "str | None"
    years_to_expiry: "float | None"
    volatility: "float | None"
    iv_source: "str | None"
    rate: "float | None"
    rate_source: "str | None"
    dividend_yield: "float | None"
    dividend_source: "str | None"
    dividends: "list[CashDividend] | None"
    model: "str | None"
    quote_mid: "float | None"
    note: "str | None"
    reason: "str | None"


class PositionGroup(TypedDict):
    """What some positions add up to, null where none of them has the number."""

    key: "str | None"
    name: "str"
    positions: "int"
    position_ids: "list[str]"
    cost: "float"
    market_value: "float | None"
    unrealised_pnl: "float | None"
    realised_pnl: "float | None"
    daily_pnl: "float | None"
    weight: "float | None"
    exposures: "GroupExposures"
    greeks: "GreekSet"
    coverage: "Coverage"
    left_out: "list[LeftOut]"


class PositionHistory(TypedDict):
    """A position on every session it was valued on, oldest first."""

    position_id: "str"
    portfolio_id: "str"
    items: "list[PositionPoint]"
    total: "int"
    reason: "str | None"


class PositionImpactOut(TypedDict):
    """One position's part of a scenario's total; null when it was left out."""

    position_id: "str"
    symbol: "str"
    pnl: "float | None"


class PositionOut(TypedDict):
    """A holding with value, P&L, exposures and Greeks at the close of `valued_on`."""

    position_id: "str"
    portfolio_id: "str"
    symbol: "str"
    name: "str | None"
    sector: "str | None"
    position_type: "str"
    instrument: "str"
    underlying: "str"
    option_type: "str | None"
    strike: "float | None"
    expiry: "str | None"
    multiplier: "int"
    investment_class: "str"
    investment_subtype: "str | None"
    quantity: "float"
    opened_quantity: "float"
    opened_by: "str | None"
    entry_price: "float"
    entry_date: "str"
    exit_price: "float | None"
    exit_date: "str | None"
    stated_on: "str"
    split_factor: "float"
    tags: "list[str]"
    valued_on: "str | None"
    price: "float | None"
    price_date: "str | None"
    price_source: "str | None"
    stale: "bool | None"
    underlying_price: "float | None"
    cost: "float"
    market_value: "float | None"
    weight: "float | None"
    unrealised_pnl: "float | None"
    unrealised_return: "float | None"
    realised_pnl: "float | None"
    daily_pnl: "float | None"
    income: "float | None"
    notional_exposure: "float | None"
    delta: "float | None"
    delta_adjusted_exposure: "float | None"
    greeks: "GreekSet"
    reason: "str | None"


class PositionPage(TypedDict):
    """A part of the positions that meet the conditions; `total` is how many do."""

    portfolio_id: "str"
    valued_on: "str | None"
    items: "list[PositionOut]"
    total: "int"
    limit: "int"
    offset: "int"
    reason: "str | None"


class PositionPnl(TypedDict):
    """What a position made on a session."""

    position_id: "str"
    symbol: "str"
    pnl: "float"


class PositionPoint(TypedDict):
    """A position on one session."""

    as_of: "str"
    state: "Literal['held', 'closed']"
    symbol: "str | None"
    quantity: "float | None"
    price: "float | None"
    price_date: "str | None"
    price_source: "str | None"
    stale: "bool | None"
    underlying_price: "float | None"
    market_value: "float | None"
    cost: "float | None"
    unrealised_pnl: "float | None"
    daily_pnl: "float | None"
    income: "float | None"
    notional_exposure: "float | None"
    delta: "float | None"
    delta_adjusted_exposure: "float | None"
    greeks: "GreekSet | None"
    dollar_gamma_1pct: "float | None"
    volatility: "float | None"
    iv_source: "str | None"
    component_var: "float | None"
    component_es: "float | None"
    reason: "str | None"


class PositionRate(TypedDict):
    """A position's sensitivity to one Treasury yield; `beta` is its return per 1.00 of yield."""

    maturity: "str"
    dollars_per_basis_point: "float | None"
    beta: "float | None"
    standard_error: "float | None"
    t_statistic: "float | None"
    indistinguishable_from_zero: "bool | None"
    observations: "int | None"
    quality: "str | None"
    reason: "str | None"


class PositionSaved(TypedDict):
    """The position after the edit, and the run that measures it (null when none is needed)."""

    position_id: "str"
    portfolio_id: "str"
    symbol: "str"
    name: "str | None"
    sector: "str | None"
    position_type: "str"
    instrument: "str"
    underlying: "str"
    option_type: "str | None"
    strike: "float | None"
    expiry: "str | None"
    multiplier: "int"
    investment_class: "str"
    investment_subtype: "str | None"
    quantity: "float"
    opened_quantity: "float"
    opened_by: "str | None"
    entry_price: "float"
    entry_date: "str"
    exit_price: "float | None"
    exit_date: "str | None"
    stated_on: "str"
    split_factor: "float"
    tags: "list[str]"
    valued_on: "str | None"
    price: "float | None"
    price_date: "str | None"
    price_source: "str | None"
    stale: "bool | None"
    underlying_price: "float | None"
    cost: "float"
    market_value: "float | None"
    weight: "float | None"
    unrealised_pnl: "float | None"
    unrealised_return: "float | None"
    realised_pnl: "float | None"
    daily_pnl: "float | None"
    income: "float | None"
    notional_exposure: "float | None"
    delta: "float | None"
    delta_adjusted_exposure: "float | None"
    greeks: "GreekSet"
    reason: "str | None"
    changed: "bool"
    run_id: "str | None"
    restated: "RestatedSessions | None"
    warnings: "list[Warned]"


class PositionSums(TypedDict):
    """What some positions add up to, null where none of them has the number."""

    positions: "int"
    cost: "float"
    market_value: "float | None"
    daily_pnl: "float | None"
    unrealised_pnl: "float | None"
    realised_pnl: "float | None"
    weight: "float | None"
    exposures: "GroupExposures"
    greeks: "GreekSet"
    dollar_gamma_1pct: "float | None"
    component_var: "float | None"
    coverage: "Coverage"
    left_out: "list[LeftOut]"


PositionType = Literal["LONG", "SHORT", "LC", "SC", "LP", "SP"]


class PositionValues(TypedDict):
    """What was measured of a position on the session `valued_on`, and where its price is from."""

    valued_on: "str | None"
    price: "float | None"
    price_date: "str | None"
    price_source: "str | None"
    stale: "bool | None"
    underlying_price: "float | None"
    cost: "float"
    market_value: "float | None"
    weight: "float | None"
    daily_pnl: "float | None"
    unrealised_pnl: "float | None"
    notional_exposure: "float | None"
    delta: "float | None"
    delta_adjusted_exposure: "float | None"
    reason: "str | None"


class PositionsExport(TypedDict):
    """A portfolio with everything it holds or held."""

    portfolio: "PortfolioOut"
    positions: "list[ExportedPosition]"


class PositionsTable(TypedDict):
    """Every position of a portfolio in one answer, by column, and what all add up to."""

    portfolio_id: "str"
    valued_on: "str | None"
    status: "Status"
    positions: "int"
    columns: "PositionColumns"
    tags: "list[UsedTag]"
    everything: "PositionSums"
    reason: "str | None"


class Preferences(TypedDict):
    """How a user wants the page; the whole document is replaced."""

    theme: "NotRequired[Literal['system', 'light', 'dark', 'contrast', 'contrast-light']]"
    default_portfolio_id: "NotRequired[str | None]"
    views: "NotRequired[list[SavedView]]"


class PreferencesOut(TypedDict):
    """How a user wants the page; version 0: as it is for every user at first."""

    theme: "NotRequired[Literal['system', 'light', 'dark', 'contrast', 'contrast-light']]"
    default_portfolio_id: "NotRequired[str | None]"
    views: "NotRequired[list[SavedView]]"
    version: "int"


class PriceHistory(TypedDict):
    """A symbol's daily prices, newest first."""

    items: "list[PriceOut]"
    total: "int"
    limit: "int"
    offset: "int"
    symbol: "str"
    security: "SecurityOut | None"


class PriceIn(TypedDict):
    """One daily price; an unknown field is refused."""

    symbol: "str"
    session_date: "str"
    close: "float | str"
    adjusted_close: "NotRequired[float | str | None]"


class PriceOut(TypedDict):
    """A symbol's close on a session, USD per share."""

    session_date: "str"
    close: "float"
    adjusted_close: "float"
    close_basis: "str"
    source: "str"


class PriceSource(TypedDict):
    """A source of the prices that a portfolio is valued with."""

    source: "str"
    basis: "str"
    prices: "int"


class Prices(TypedDict):
    """Daily prices, USD."""

    rows: "list[PriceIn]"


class ProblemDetail(TypedDict):
    """What failed or was missing, with the cause, for operators."""

    stage: "str"
    shard: "int"
    code: "str"
    message: "str"
    portfolio_ids: "NotRequired[list[str]]"
    fatal: "NotRequired[bool]"
    detail: "NotRequired[str | None]"


class ProfileOut(TypedDict):
    """A saved mapping: files with its header are read by it."""

    name: "str"
    header: "list[str]"
    mapping: "FileMapping"
    profile_id: "str"
    fingerprint: "str"
    created_at: "str"


class ProposedLine(TypedDict):
    """A transaction that removes a difference, or a part of it."""

    kind: "Kind"
    symbol: "str | None"
    quantity: "float | None"
    price: "float | None"
    amount: "float | None"
    cash: "float"
    reverses: "str | None"


class ProviderAnswer(TypedDict):
    """A provider that has no further closes of a symbol, or does not know it."""

    provider: "str"
    known: "bool"
    asked_at: "str"


class QuarantinedClose(TypedDict):
    """A close that a source sent and that was rejected as implausible; nothing is based on it."""

    symbol: "str"
    session_date: "str"
    source: "str"
    close: "str"
    reason: "str"
    seen_at: "str"


class QueuedOut(TypedDict):
    """The message that is sent next: its id is the `webhook-id` that the receiver reads."""

    notification_id: "str"


class RateImpact(TypedDict):
    """What one basis point more on a Treasury yield does."""

    maturity: "str"
    dollars_per_basis_point: "MoneyChange"


class RateOut(TypedDict):
    """The effect of +1 basis point on a Treasury yield in signed dollars."""

    maturity: "str"
    dollars_per_basis_point: "float | None"
    standard_error: "float | None"
    indistinguishable_from_zero: "bool | None"
    beta: "float | None"
    coverage: "float | None"
    reason: "str | None"


class Readiness(TypedDict):
    """What is and is not ready."""

    ready: "bool"
    bus: "bool"
    publishing: "bool"
    database: "bool"
    durables_missing: "list[str]"
    rate_limits: "Literal['in_process', 'shared', 'store_unreachable']"


class Rebase(TypedDict):
    """Where a draft branches from its base now."""

    as_of: "NotRequired[str | None]"


class Receipt(TypedDict):
    """What became of every line: rows = new + updated + unchanged + refused + skipped."""

    rows: "int"
    new: "int"
    updated: "int"
    unchanged: "int"
    refused: "int"
    skipped: "int"


class RecognisedFile(TypedDict):
    """What a file is, and how its columns may be mapped where no layout reads it."""

    format: "Source | None"
    layout: "str | None"
    profile_id: "str | None"
    lists: "list[Use]"
    fingerprint: "str | None"
    line: "int | None"
    separator: "Separator | None"
    first_lines: "list[FirstLineOut]"
    header: "list[str]"
    columns: "list[FileColumnOut]"
    suggested: "FileMapping | None"
    rows: "int | None"
    problem: "FieldError | None"


class ReconciledOut(TypedDict):
    """What was entered of the differences, and the run that measures the portfolio again."""

    transactions: "list[TransactionOut]"
    skipped: "list[SkippedTransaction]"
    run_id: "str | None"
    restated: "RestatedSessions | None"
    warnings: "list[Warned]"
    hash: "str"
    repeated: "bool"


class ReconciliationOut(TypedDict):
    """A file beside a portfolio: nothing is written."""

    portfolio_id: "str"
    day: "str"
    stated_on: "str"
    format: "Source"
    layout: "str | None"
    lines: "Entry"
    hash: "str"
    agreeing: "int"
    differences: "list[DifferenceOut]"
    cash: "CashOut"
    totals: "FileTotalsOut"
    rows: "int"
    refused: "int"
    problems: "list[FieldError]"
    warnings: "list[FieldError]"
    skipped: "list[SkippedLine]"


class RecoveryCodes(TypedDict):
    """Codes for the day on which the application is lost; shown only once."""

    recovery_codes: "list[str]"


class RefreshRequest(TypedDict):
    """A refresh token, good for one use."""

    refresh_token: "str"


class Registered(TypedDict):
    """The address can log in now."""

    email: "str"


class Registration(TypedDict):
    """A new user."""

    email: "str"
    password: "str"
    full_name: "NotRequired[str]"


class Regression(TypedDict):
    """One regression of the symbol's daily returns; null with a reason with too few of them."""

    factors: "list[str]"
    quality: "str"
    reason: "str | None"
    observations: "int"
    first_day: "str | None"
    last_day: "str | None"
    r_squared: "float | None"
    adjusted_r_squared: "float | None"
    residual_deviation: "float | None"
    degrees_of_freedom: "int | None"
    condition_number: "float | None"
    design_condition_number: "float | None"
    newey_west_lags: "int | None"
    intercept: "CoefficientEstimate | None"
    coefficients: "list[FactorCoefficient]"
    tests: "ResidualTests | None"
    rolling: "RollingBetas | None"
    influence: "Influence | None"


class RegressionReport(TypedDict):
    """The regressions behind a symbol's betas in one model, by statsmodels."""

    symbol: "str"
    as_of: "str"
    model: "Model"
    note: "str | None"
    stored: "bool"
    price_run: "str | None"
    largest_difference: "float | None"
    regressions: "list[Regression]"
    warnings: "list[Warned]"


class RejectedCloseOut(TypedDict):
    """A close that was rejected as implausible, and why; it is in no calculation."""

    session_date: "str"
    close: "str"
    source: "str"
    reason: "str"


class ReportOut(TypedDict):
    """A report and what has become of it."""

    report_id: "str"
    state: "Literal['queued', 'rendering', 'rendered', 'failed', 'cancelled', 'expired']"
    progress: "float"
    portfolio_ids: "list[str]"
    names: "list[str]"
    as_of: "str"
    template: "Literal['daily', 'full', 'investor', 'draft']"
    format: "Literal['html', 'pdf', 'xlsx', 'md', 'json', 'csv', 'parquet']"
    sections: "list[ReportSection]"
    schedule_id: "str | None"
    basis: "str"
    file_name: "str"
    byte_count: "int | None"
    sha256: "str | None"
    created_at: "str"
    finished_at: "str | None"
    expires_at: "str | None"
    downloaded_at: "str | None"
    reason: "str | None"


class ReportPage(TypedDict):
    """A part of the reports, the last ones first."""

    items: "list[ReportOut]"
    limit: "int"
    next: "str | None"


ReportSection = Literal[
    "summary",
    "changes",
    "performance",
    "exposures",
    "positions",
    "greeks",
    "factors",
    "var",
    "scenarios",
    "correlations",
    "limits",
    "quality",
    "notes",
    "draft",
]


class ReportTemplate(TypedDict):
    """A template and the sections it may have."""

    template: "Literal['daily', 'full', 'investor', 'draft']"
    description: "str"
    sections: "list[ReportSection]"


class ReportTemplates(TypedDict):
    """The templates, and the formats that any of them comes in."""

    items: "list[ReportTemplate]"
    formats: "list[Literal['html', 'pdf', 'xlsx', 'md', 'json', 'csv', 'parquet']]"


class ReportedPoint(TypedDict):
    """The same with how far the returns are below their highest so far."""

    as_of: "str"
    nav: "float | None"
    daily_pnl: "float | None"
    trades_pnl: "float | None"
    income: "float | None"
    fees: "float | None"
    cumulative_pnl: "float | None"
    inflow: "float | None"
    outflow: "float | None"
    large_flow: "bool | None"
    unexplained: "float | None"
    daily_return: "float | None"
    drawdown: "float"


class ResidualTests(TypedDict):
    """What the residuals say about the assumptions of the standard errors."""

    durbin_watson: "float | None"
    jarque_bera: "Verdict"
    skewness: "float | None"
    kurtosis: "float | None"
    breusch_pagan: "Verdict"
    cusum: "Verdict"
    reason: "str | None"


class RestatedSessions(TypedDict):
    """Earlier sessions whose snapshots are taken again because of the change."""

    first: "str"
    last: "str"
    count: "int"


class RiskPartOut(TypedDict):
    """A part of the standard deviation of one day's P&L."""

    contribution: "float | None"
    share_of_risk: "float | None"


class RollingBetas(TypedDict):
    """Least-squares betas of the last `window` days at each session, one list for each factor."""

    window: "int"
    session_dates: "list[str]"
    factors: "list[str]"
    betas: "list[list[float | None]]"


class RowsStored(TypedDict):
    """The number of rows received and of rows changed, and the sessions they belong to."""

    received: "int"
    changed: "int"
    first_session: "NotRequired[str | None]"
    last_session: "NotRequired[str | None]"
    warnings: "NotRequired[list[Notice]]"


class RunDetail(TypedDict):
    """A run with its stages and everything that was reported about it."""

    run_id: "str"
    as_of: "str"
    trigger: "str"
    status: "str"
    started_at: "str"
    finished_at: "str | None"
    problems: "list[ProblemDetail]"
    stages: "list[StageOut]"
    items: "list[ItemOut]"


class RunOfPortfolio(TypedDict):
    """What a run became for one portfolio, stage by stage in the order of the pipeline."""

    portfolio_id: "str"
    name: "str"
    status: "str"
    finished_at: "str | None"
    stages: "list[StageOfPortfolio]"
    problems: "list[TroubleOut]"


class RunOut(TypedDict):
    """A piece of work through the pipeline."""

    run_id: "str"
    as_of: "str"
    trigger: "str"
    status: "str"
    started_at: "str"
    finished_at: "str | None"
    problems: "list[ProblemDetail]"


class RunStarted(TypedDict):
    """Work was taken on: follow it under `batch/runs/{run_id}`."""

    run_id: "str"
    session_date: "str"
    status: "str"


class Save(TypedDict):
    """Under which name a draft is kept."""

    name: "NotRequired[str | None]"


class SavedView(TypedDict):
    """A view of a screen under a name: the parts of the page's address that make it."""

    screen: "str"
    name: "str"
    address: "dict[str, str]"


class ScenarioCell(TypedDict):
    """What a scenario makes of a portfolio; nulls where it was not evaluated or could not be."""

    scenario_id: "str"
    direct: "float | None"
    correlated: "float | None"
    share_of_nav: "float | None"
    stated: "float | None"
    headline: "Headline | None"
    plausibility: "float | None"


class ScenarioGroup(TypedDict):
    """The P&L of the scenarios of a category or severity."""

    group: "str"
    method: "str"
    scenarios: "int"
    lowest: "float"
    mean: "float"
    highest: "float"


class ScenarioImpact(TypedDict):
    """P&L in a scenario, directly and with the other factors following."""

    scenario_id: "str"
    name: "str"
    category: "str"
    severity: "str"
    direct: "MoneyChange"
    correlated: "MoneyChange"


class ScenarioList(TypedDict):
    """Every active scenario in display order, the caller's last."""

    items: "list[ScenarioOut]"
    total: "int"


class ScenarioMap(TypedDict):
    """All of the caller's portfolios by scenario, with the sums over portfolios."""

    as_of: "str | None"
    nav: "float | None"
    scenarios: "list[MappedScenario]"
    portfolios: "list[PortfolioScenarios]"
    left_out: "list[PortfolioLeftOut]"
    reason: "str | None"


class ScenarioOut(TypedDict):
    """A stress scenario."""

    scenario_id: "str"
    name: "str"
    description: "str | None"
    category: "str"
    severity: "str"
    shocks: "dict[str, float]"
    rate_shock: "float | None"
    volatility_shock: "float | None"
    basis: "str"
    custom: "bool"
    measured_shocks: "dict[str, float] | None"
    measured_returns: "dict[str, float] | None"
    measured_rate_change: "float | None"
    measured_source: "str | None"
    window_start: "str | None"
    window_end: "str | None"


class ScenarioPnl(TypedDict):
    """A scenario by its P&L."""

    scenario_id: "str"
    name: "str"
    total_pnl: "float"


class ScheduleList(TypedDict):
    """The caller's schedules, by name."""

    items: "list[ScheduleOut]"
    total: "int"


class ScheduleOut(TypedDict):
    """A schedule and the last session that it looked at."""

    schedule_id: "str"
    name: "str"
    portfolio_ids: "list[str]"
    template: "Literal['daily', 'full', 'investor', 'draft']"
    format: "Literal['html', 'pdf', 'xlsx', 'md', 'json', 'csv', 'parquet']"
    sections: "list[ReportSection]"
    cadence: "Literal['daily', 'weekly', 'monthly']"
    enabled: "bool"
    last_session: "str | None"
    problem: "str | None"
    created_at: "str"


Scope = Literal["portfolio:read", "risk:read", "draft:write", "portfolio:write"]


class SecondFactorBegun(TypedDict):
    """A secret for an authenticator application, which is shown only once."""

    secret: "str"
    uri: "str"
    expires_at: "str"


class SecondFactorOut(TypedDict):
    """Whether the caller's password needs a code."""

    state: "Literal['off', 'begun', 'on']"
    confirmed_at: "str | None"
    recovery_codes_left: "int"


class SecretOut(TypedDict):
    """The new secret; for a day, messages are signed with the one before as well."""

    channel_id: "str"
    secret: "str"


class SecurityOut(TypedDict):
    """What a symbol is."""

    symbol: "str"
    kind: "str"
    name: "str | None"
    sector: "str | None"
    industry: "str | None"
    dividend_yield: "float | None"
    source: "str"


Separator = Literal[",", ";", "\t", "|"]


class Series(TypedDict):
    """One measure on every session of the answer."""

    measure: "str"
    title: "str"
    unit: "str"
    values: "list[float | None]"
    gaps: "list[Gap]"


class SeriesReport(TypedDict):
    """Measures over sessions, oldest first: one list of sessions, one of values per measure."""

    portfolio_id: "str"
    start: "str | None"
    end: "str | None"
    session_dates: "list[str]"
    series: "list[Series]"
    reason: "str | None"


Service = Literal[
    "ingest", "greeks", "factors", "snapshots", "stress", "limits", "reports", "gateway"
]


class ServicesGatewayAnalyticsSchemasCorrelationsClusterOut(TypedDict):
    """Underlyings linked, directly or not, by a |correlation| at or above the threshold."""

    cluster: "int"
    name: "str"
    value: "float"
    weight: "float"
    mean_correlation: "float"
    members: "list[ClusterMember]"


class ServicesGatewayAnalyticsSchemasImpactsClusterOut(TypedDict):
    """Symbols that move together."""

    name: "str"
    symbols: "list[str]"


class SessionRun(TypedDict):
    """The run of one session."""

    run_id: "str"
    session_date: "str"


Settling = Literal["physical", "cash"]


class ShareList(TypedDict):
    """Everyone with whom a portfolio is shared, by address."""

    items: "list[ShareOut]"
    total: "int"


class ShareOfNav(TypedDict):
    """An exposure as decimals of NAV, signed as the exposure is; null where NAV is not positive."""

    long: "float | None"
    short: "float | None"
    gross: "float | None"
    net: "float | None"


class ShareOut(TypedDict):
    """A user with whom a portfolio is shared."""

    user_id: "str"
    email: "str"
    name: "str"
    role: "ShareRole"
    created_at: "str"


ShareRole = Literal["viewer", "editor"]


class SharesOfNav(TypedDict):
    """The three measures of exposure as decimals of NAV."""

    dollar: "ShareOfNav"
    notional: "ShareOfNav"
    delta_adjusted: "ShareOfNav"


class SideOut(TypedDict):
    """What the file, or the portfolio, has of an instrument."""

    quantity: "float"
    cost: "float | None"
    price: "float | None"


class SidesImpact(TypedDict):
    """Long, short (negative), gross and net exposure."""

    long: "MoneyChange"
    short: "MoneyChange"
    gross: "MoneyChange"
    net: "MoneyChange"


class SidesOfGreeks(TypedDict):
    """Sums over option positions: those held long, those held short, and both; null without any."""

    positions: "int"
    positions_left_out: "int"
    long: "DollarGreeks | None"
    short: "DollarGreeks | None"
    net: "DollarGreeks | None"


Sign = Literal["column", "quantity", "inverted"]


class SignOnAddress(TypedDict):
    """Where to send the browser; null: nowhere."""

    url: "str | None"


class SignOnOffer(TypedDict):
    """Whether there is single sign-on, and what its button says."""

    configured: "bool"
    name: "str | None"


class SignOnStart(TypedDict):
    """Where on the page the browser comes back to."""

    return_to: "NotRequired[str]"


class SkippedLine(TypedDict):
    """A line of a file that is not loaded although nothing is wrong with it, and why."""

    line: "int"
    label: "str"
    code: "str"
    message: "str"


class SkippedTransaction(TypedDict):
    """A line whose external_id is known already."""

    external_id: "str"
    transaction_id: "str"


class SmileCurve(TypedDict):
    """volatility = at_the_money + skew x moneyness + curvature x moneyness^2, by least squares."""

    at_the_money: "float"
    skew: "float"
    curvature: "float"
    fit_deviation: "float"
    quotes_fitted: "int"
    strikes: "list[float]"
    fitted_volatilities: "list[float]"


class SmileQuote(TypedDict):
    """A quote as volatilities, decimals per year; null where a price implies none."""

    contract: "str"
    option_type: "str"
    strike: "float"
    bid: "float"
    ask: "float"
    bid_volatility: "float | None"
    volatility: "float | None"
    ask_volatility: "float | None"
    moneyness: "float | None"
    fitted: "bool"
    reason: "str | None"


class SmileReport(TypedDict):
    """An underlying's smile by expiry, from the quotes of one session."""

    underlying: "str"
    as_of: "str | None"
    expiries: "list[ExpirySmile]"
    quotes_not_shown: "int"
    reason: "str | None"


class SnapshotOut(TypedDict):
    """A portfolio on one session."""

    as_of: "str"
    previous_session: "str | None"
    nav: "float | None"
    cash: "float | None"
    market_value: "float | None"
    equity_statement: "float | None"
    unexplained: "float | None"
    daily_pnl: "float | None"
    trades_pnl: "float | None"
    income: "float | None"
    fees: "float | None"
    cumulative_pnl: "float | None"
    net_flow: "float | None"
    inflow: "float | None"
    outflow: "float | None"
    large_flow: "bool | None"
    daily_return: "float | None"
    chained_from: "str | None"
    unrealised_pnl: "float | None"
    exposures: "Exposures | None"
    exposures_of_nav: "SharesOfNav | None"
    greeks: "GreekSet"
    counts: "dict[str, int] | None"
    coverage: "Coverage"
    warnings: "list[Warned] | None"


class SnapshotsStarted(TypedDict):
    """The calculation has started; follow each run by `events`."""

    portfolio_id: "str"
    status: "str"
    runs: "list[SessionRun]"


Sort = Literal[
    "symbol",
    "-symbol",
    "underlying",
    "-underlying",
    "entry_date",
    "-entry_date",
    "entry_price",
    "-entry_price",
    "quantity",
    "-quantity",
    "cost",
    "-cost",
    "price",
    "-price",
    "market_value",
    "-market_value",
    "weight",
    "-weight",
    "unrealised_pnl",
    "-unrealised_pnl",
    "daily_pnl",
    "-daily_pnl",
    "notional_exposure",
    "-notional_exposure",
    "delta_adjusted_exposure",
    "-delta_adjusted_exposure",
]


Source = Literal["five_columns", "twelve_columns", "schwab_positions", "transactions"]


class SourceOut(TypedDict):
    """The format of the file, and what a broker's export holds beside its positions."""

    format: "Source"
    layout: "NotRequired[str | None]"
    profile_id: "NotRequired[str | None]"
    lists: "NotRequired[list[Use]]"
    accounts: "list[str]"
    exported_on: "str | None"
    entry_date: "str | None"
    cash: "float | None"
    total: "NotRequired[float | None]"
    equity_balance: "float | None"
    skipped: "list[SkippedLine]"
    ignored: "list[str]"


Space = Literal["market_relative", "absolute"]


class SpanReturn(TypedDict):
    """The returns from the close of one session to that of another."""

    value: "float | None"
    observations: "int | None"
    reason: "str | None"
    money_weighted: "float | None"
    money_weighted_basis: "Basis | None"
    money_weighted_reason: "str | None"
    large_flows: "list[str]"
    start: "str"
    end: "str"


class SpecifiedResult(TypedDict):
    """The result of a measured scenario by the shocks it specifies."""

    total_pnl: "float | None"
    volatility_pnl: "float | None"
    nonlinear: "float | None"
    factor_impacts: "dict[str, float] | None"
    effective_shocks: "dict[str, float]"
    implied_moves: "dict[str, float]"
    plausibility: "float | None"


class Spread(TypedDict):
    """Of the pairs of different factors."""

    mean: "float | None"
    min: "float | None"
    max: "float | None"


class StageOfPortfolio(TypedDict):
    """What a stage of a run took for the shard that a portfolio is in."""

    stage: "str"
    status: "str"
    after_seconds: "float"
    seconds: "float"
    ended_at: "str"


class StageOut(TypedDict):
    """How long a stage took over all shards; `busy_seconds` adds up what ran side by side."""

    stage: "str"
    first_start: "str"
    last_end: "str"
    busy_seconds: "float"
    shards_done: "int"
    shards_failed: "int"


State = Literal["draft", "calculated", "stale", "saved"]


Status = Literal["open", "closed", "all"]


Strategy = Literal[
    "vertical", "straddle", "strangle", "collar", "covered_call", "protective_put", "iron_condor"
]


class StrategyOut(TypedDict):
    """The positions that carry one tag named `strategy:<name>`, added up."""

    key: "str | None"
    name: "str"
    positions: "int"
    position_ids: "list[str]"
    cost: "float"
    market_value: "float | None"
    unrealised_pnl: "float | None"
    realised_pnl: "float | None"
    daily_pnl: "float | None"
    weight: "float | None"
    exposures: "GroupExposures"
    greeks: "GreekSet"
    coverage: "Coverage"
    left_out: "list[LeftOut]"
    tag_id: "str"
    colour: "str"
    types: "dict[str, int]"
    symbols: "list[str]"


class StrategyPage(TypedDict):
    """A page of a portfolio's strategies, by name."""

    portfolio_id: "str"
    valued_on: "str | None"
    items: "list[StrategyOut]"
    total: "int"
    limit: "int"
    offset: "int"
    reason: "str | None"


class StressOutcome(TypedDict):
    """A scenario's direct and correlated results."""

    scenario_id: "str"
    name: "str"
    category: "str"
    severity: "str"
    shocks: "dict[str, float]"
    rate_shock: "float | None"
    volatility_shock: "float | None"
    direct: "StressResultOut | None"
    correlated: "StressResultOut | None"


class StressReport(TypedDict):
    """Every scenario's results for a portfolio on one session."""

    portfolio_id: "str"
    as_of: "str | None"
    nav: "float | None"
    scenarios: "list[StressOutcome]"
    direct: "Extremes"
    correlated: "Extremes"
    correlated_by: "CovarianceBasis | None"
    by_category: "list[ScenarioGroup]"
    by_severity: "list[ScenarioGroup]"
    market_scenarios: "list[MarketScenario]"
    coverage: "float | None"
    left_out: "list[LeftOut]"
    warnings: "list[Warned]"
    reason: "str | None"


class StressResultOut(TypedDict):
    """What a scenario costs (negative) or earns."""

    headline: "Headline"
    total_pnl: "float | None"
    share_of_nav: "float | None"
    loss_exceeds_nav: "bool"
    factor_impacts: "dict[str, float] | None"
    volatility_pnl: "float | None"
    nonlinear: "float | None"
    delta_gamma_pnl: "float | None"
    delta_gamma_difference: "float | None"
    correlation_effect: "float | None"
    effective_shocks: "dict[str, float | None] | None"
    implied_moves: "NotRequired[dict[str, float]]"
    plausibility: "NotRequired[float | None]"
    floored: "NotRequired[dict[str, float]]"
    stated: "NotRequired[SpecifiedResult | None]"
    option_valuation: "str | None"
    coverage: "float | None"
    warnings: "list[Warned] | None"
    left_out: "NotRequired[list[LeftOutSymbol]]"
    positions: "NotRequired[list[PositionImpactOut] | None]"
    positions_not_shown: "NotRequired[int]"
    pnl_not_shown: "NotRequired[float]"


class SuggestedTrade(TypedDict):
    """Shares or contracts of one instrument, sold below 0."""

    symbol: "str"
    quantity: "int"
    price: "float"
    dollars: "float"


class SuggestionOut(TypedDict):
    """Trades that meet every target, as a new draft, with what they cost and what they leave."""

    draft: "DraftWithTrades | None"
    trades: "list[SuggestedTrade]"
    dollars_traded: "float"
    least_dollars: "float"
    gap: "float"
    cash: "float"
    targets: "list[MeasureMoved]"
    leaves: "list[MeasureMoved]"


class SuggestionsOut(TypedDict):
    """Suggestions for a draft."""

    draft_id: "str"
    as_of: "str"
    candidates: "int"
    suggestions: "list[SuggestionOut]"
    left_out: "list[Warned]"


class SummedGroup(TypedDict):
    """A group of positions and what they add up to."""

    positions: "int"
    cost: "float"
    market_value: "float | None"
    daily_pnl: "float | None"
    unrealised_pnl: "float | None"
    realised_pnl: "float | None"
    weight: "float | None"
    exposures: "GroupExposures"
    greeks: "GreekSet"
    dollar_gamma_1pct: "float | None"
    component_var: "float | None"
    coverage: "Coverage"
    left_out: "list[LeftOut]"
    key: "str | None"
    name: "str"
    position_ids: "list[str]"


class SummedPortfolios(TypedDict):
    """All of the caller's portfolios added up on one session."""

    as_of: "str | None"
    portfolios: "int"
    added: "int"
    nav: "float | None"
    cash: "float | None"
    market_value: "float | None"
    daily_pnl: "float | None"
    cumulative_pnl: "float | None"
    unrealised_pnl: "float | None"
    exposures: "Exposures | None"
    theta: "float | None"
    vega: "float | None"
    rho: "float | None"
    var_95_1d_sum: "float | None"
    scenarios: "list[SummedScenario]"
    left_out: "list[PortfolioLeftOut]"
    reason: "str | None"
    risk_reason: "NotRequired[str | None]"


class SummedPositions(TypedDict):
    """The sums over the wanted positions, and over each of their groups."""

    portfolio_id: "str"
    valued_on: "str | None"
    by: "GroupBy | None"
    everything: "PositionSums"
    groups: "list[SummedGroup]"
    reason: "str | None"


class SummedScenario(TypedDict):
    """What a scenario makes of all portfolios together."""

    scenario_id: "str"
    name: "str"
    direct: "float | None"
    correlated: "float | None"
    portfolios: "int"


class SymbolOut(TypedDict):
    """A symbol that may be chosen, and what it is."""

    symbol: "str"
    kind: "str"
    name: "str | None"
    sector: "str | None"
    held: "bool"
    portfolio_ids: "list[str]"


class SymbolQuality(TypedDict):
    """What is known of a symbol that the portfolio needs prices of."""

    symbol: "str"
    status: "str"
    last_session: "str | None"
    prices: "int"
    missing: "int"
    quarantined: "int"
    age_sessions: "NotRequired[int | None]"
    rejected: "NotRequired[list[RejectedCloseOut]]"
    sources: "list[str]"
    state: "str"
    answered: "list[ProviderAnswer]"
    reason: "str | None"


class SymbolsFound(TypedDict):
    """The symbols that fit best, and how many fit in all."""

    items: "list[SymbolOut]"
    total: "int"


class TagEdit(TypedDict):
    """What is to change of a tag; what is left out stays."""

    name: "NotRequired[str | None]"
    colour: "NotRequired[str | None]"


TagMatch = Literal["any", "all"]


class TagOut(TypedDict):
    """A user's word for some positions."""

    tag_id: "str"
    name: "str"
    colour: "str"
    strategy: "str | None"
    positions: "int"
    created_at: "str"


class TagsOfPosition(TypedDict):
    """All the tags a position is to carry: those it has beyond them are taken off."""

    tags: "list[str]"


class TermsOut(TypedDict):
    """What a position is apart from its instrument and entry date."""

    quantity: "float"
    entry_price: "float"
    investment_class: "str"
    investment_subtype: "str | None"
    exit_date: "str | None"
    exit_price: "float | None"


class TicketOut(TypedDict):
    """A permission to open one stream, once, soon."""

    ticket: "str"
    expires_at: "str"


TimeInForce = Literal[
    "day",
    "good_till_cancelled",
    "at_the_open",
    "immediate_or_cancel",
    "fill_or_kill",
    "at_the_close",
]


class TokenCreated(TypedDict):
    """A personal token, which is shown only once."""

    token_id: "str"
    name: "str"
    hint: "str"
    scopes: "list[Scope]"
    state: "str"
    created_at: "str"
    expires_at: "str"
    last_used_at: "str | None"
    revoked_at: "str | None"
    token: "str"


class TokenList(TypedDict):
    """The caller's personal tokens, the newest first; those over for 90 days are deleted."""

    items: "list[TokenOut]"
    total: "int"


class TokenOut(TypedDict):
    """A personal token, without the token itself."""

    token_id: "str"
    name: "str"
    hint: "str"
    scopes: "list[Scope]"
    state: "str"
    created_at: "str"
    expires_at: "str"
    last_used_at: "str | None"
    revoked_at: "str | None"


class TokenPair(TypedDict):
    """The tokens of a log-in: send the access token as `Authorization: Bearer`."""

    access_token: "str"
    refresh_token: "str"
    token_type: "NotRequired[str]"
    expires_in: "int"


class Totals(TypedDict):
    """What is open: how many lots, and their cost in USD (that of shorts is negative)."""

    lots: "int"
    long_cost: "float"
    short_cost: "float"
    cash: "NotRequired[float | None]"


class TotalsBeside(TypedDict):
    """The file's totals beside those of the portfolio it was loaded into."""

    file: "Totals"
    portfolio: "Totals | None"
    export: "NotRequired[FileTotalsOut | None]"


TradeAction = Literal[
    "open", "close", "adjust", "hedge", "strategy", "add_portfolio", "subtract_portfolio"
]


TradeForm = Literal["csv", "json", "fix"]


class TradeOut(TypedDict):
    """A trade of a draft: what was wanted, and the lines that it is at the draft's session."""

    trade_id: "str"
    place: "int"
    action: "TradeAction"
    wanted: "dict[str, Any]"
    legs: "list[LegOut]"


class TradePart(TypedDict):
    """What one trade adds to the measures that add up: the trades' parts are the difference."""

    trade_id: "str"
    place: "int"
    action: "TradeAction"
    market_value: "float | None"
    notional_exposure: "float | None"
    delta_adjusted_exposure: "float | None"
    greeks: "GreekParts"
    factors: "dict[str, float | None]"
    scenarios_direct: "dict[str, float | None]"
    scenarios_correlated: "dict[str, float | None]"


class TradesExport(TypedDict):
    """Trades in order, at the prices of their session."""

    draft_id: "str | None"
    name: "str"
    portfolio_id: "str"
    transactions: "list[ExportedTrade]"


class TransactionOut(TypedDict):
    """One line of the ledger."""

    transaction_id: "str"
    portfolio_id: "str"
    kind: "Kind"
    trade_date: "str"
    symbol: "str | None"
    underlying: "str | None"
    option_type: "str | None"
    strike: "float | None"
    expiry: "str | None"
    multiplier: "int"
    quantity: "float | None"
    price: "float | None"
    amount: "float | None"
    fees: "float"
    cash: "float | None"
    stated_on: "str"
    lot_id: "str | None"
    lot_method: "LotMethod | None"
    source: "str"
    source_line: "int | None"
    external_id: "str | None"
    note: "str"
    reverses: "str | None"
    reversed_by: "str | None"
    counts: "bool"
    created_at: "str | None"


class TransactionPage(TypedDict):
    """A part of the ledger, in the order of its days."""

    items: "list[TransactionOut]"
    limit: "int"
    next: "str | None"


class TransactionsExport(TypedDict):
    """The transactions of a portfolio in a period, the oldest first."""

    portfolio: "PortfolioOut"
    transactions: "list[TransactionOut]"


class TransactionsSaved(TypedDict):
    """What was entered, and the run that measures the portfolio again."""

    transactions: "list[TransactionOut]"
    skipped: "list[SkippedTransaction]"
    run_id: "str | None"
    restated: "RestatedSessions | None"
    warnings: "list[Warned]"


class TriedLimit(TypedDict):
    """A limit on the stored sessions of one portfolio: how often it would have fired."""

    portfolio_id: "str"
    first: "str | None"
    last: "str | None"
    sessions: "int"
    not_measured: "int"
    sessions_in_warning: "int"
    sessions_in_breach: "int"
    warnings: "int"
    breaches: "int"
    state: "str | None"
    episodes: "list[LimitEpisode]"
    episodes_in_all: "int"
    reasons: "dict[str, int]"
    beyond: "list[TriedSession]"


class TriedSession(TypedDict):
    """A session on which the limit would have been beyond a level."""

    as_of: "str"
    level: "str"
    value: "float"
    member: "str | None"


class TroubleOut(TypedDict):
    """What failed or was missing for some of the caller's portfolios, and why."""

    stage: "str"
    shard: "int"
    code: "str"
    message: "str"
    portfolio_ids: "list[str]"


class UnmeasuredPair(TypedDict):
    """Two symbols without a correlation."""

    symbol_a: "str"
    symbol_b: "str"
    observations: "int"
    reason: "str"


class UploadReport(TypedDict):
    """The result of an upload; what the file does not name stays as it is."""

    portfolio: "PortfolioOut | None"
    source: "SourceOut"
    dry_run: "bool"
    mode: "Mode"
    as_of: "str"
    stated_on: "str | Literal['entry_date']"
    rows: "int"
    new: "int"
    updated: "int"
    unchanged: "int"
    rejected: "int"
    receipt: "Receipt"
    totals: "TotalsBeside"
    changes: "list[ChangeOut]"
    transactions: "list[EntryOut]"
    problems: "list[FieldError]"
    warnings: "list[FieldError]"
    restated: "RestatedSessions | None"
    run_id: "str | None"


Use = Literal["positions", "transactions"]


class UsedTag(TypedDict):
    """A tag that some position carries."""

    name: "str"
    colour: "str"


class UserOut(TypedDict):
    """A user."""

    user_id: "str"
    email: "str"
    full_name: "str"
    role: "str"
    created_at: "str"


class UserTerms(TypedDict):
    """What may be changed; what is left out stays."""

    full_name: "NotRequired[str | None]"
    role: "NotRequired[Literal['user', 'admin'] | None]"
    disabled: "NotRequired[bool | None]"


class ValuedPosition(TypedDict):
    """A position's value on one session and where its price came from; nulls with a reason."""

    position_id: "str"
    symbol: "str"
    underlying: "str"
    position_type: "str"
    sector: "str | None"
    quantity: "float"
    multiplier: "int"
    entry_price: "float"
    entry_date: "str"
    strike: "float | None"
    expiry: "str | None"
    price: "float | None"
    price_date: "str | None"
    price_source: "str | None"
    stale: "bool | None"
    market_value: "float | None"
    cost: "float | None"
    unrealised_pnl: "float | None"
    daily_pnl: "float | None"
    income: "float | None"
    notional_exposure: "float | None"
    delta: "float | None"
    delta_adjusted_exposure: "float | None"
    volatility: "float | None"
    iv_source: "str | None"
    rate_source: "str | None"
    dividend_source: "str | None"
    model: "str | None"
    reason: "str | None"


class VarBacktest(TypedDict):
    """How the portfolio's VaR held: historical, rescaled and parametric, at 95 and 99 %."""

    portfolio_id: "str"
    start: "str | None"
    end: "str | None"
    judged: "list[JudgedVar]"
    reason: "str | None"


class Verdict(TypedDict):
    """A test's statistic, and the chance of a larger one where what it tests holds."""

    statistic: "float | None"
    p_value: "float | None"


View = Literal["portfolio", "longs", "shorts"]


class Waiver(TypedDict):
    """That a limit raises no alert until a day."""

    portfolio_id: "NotRequired[str | None]"
    reason: "str"
    until: "str"


class WantedBatch(TypedDict):
    """The session to correlate every portfolio on; default: the last one with exposures."""

    session_date: "NotRequired[str | None]"


class WantedCandidate(TypedDict):
    """What may be traded, and how much of it at most, in shares or contracts and in dollars."""

    symbol: "str"
    most_bought: "NotRequired[int | None]"
    most_sold: "NotRequired[int | None]"
    most_dollars: "NotRequired[float | None]"


class WantedCorrelations(TypedDict):
    """The portfolio to correlate, at its last exposures at or before a date."""

    portfolio_id: "NotRequired[str | None]"
    as_of: "NotRequired[str | None]"
    parameters: "NotRequired[CorrelationParametersIn]"


class WantedCurve(TypedDict):
    """A curve to reprice now; nothing is written."""

    underlying: "NotRequired[str | None]"
    spot_mode: "NotRequired[Literal['beta_weighted', 'parallel'] | None]"
    volatility_term: "NotRequired[Literal['parallel', 'by_tenor']]"
    spots: "NotRequired[list[float]]"
    volatility_shock: "NotRequired[float]"
    volatilities: "NotRequired[list[float]]"
    days_forward: "NotRequired[list[int]]"
    portfolio_id: "NotRequired[str | None]"
    as_of: "NotRequired[str | None]"


class WantedDraftCurve(TypedDict):
    """A curve of a draft and of its base to reprice now; nothing is written."""

    underlying: "NotRequired[str | None]"
    spot_mode: "NotRequired[Literal['beta_weighted', 'parallel'] | None]"
    volatility_term: "NotRequired[Literal['parallel', 'by_tenor']]"
    spots: "NotRequired[list[float]]"
    volatility_shock: "NotRequired[float]"
    volatilities: "NotRequired[list[float]]"
    days_forward: "NotRequired[list[int]]"


class WantedFactorCorrelations(TypedDict):
    """How to correlate the factors; the defaults are those of the stored matrices."""

    as_of: "NotRequired[str | None]"
    space: "NotRequired[Space]"
    decay: "NotRequired[float]"
    lookback: "NotRequired[int]"


class WantedGrid(TypedDict):
    """A grid to reprice now; nothing is written."""

    underlying: "NotRequired[str | None]"
    spot_mode: "NotRequired[Literal['beta_weighted', 'parallel'] | None]"
    volatility_term: "NotRequired[Literal['parallel', 'by_tenor']]"
    portfolio_id: "NotRequired[str | None]"
    as_of: "NotRequired[str | None]"
    spots: "NotRequired[list[float]]"
    volatilities: "NotRequired[list[float]]"
    days_forward: "NotRequired[list[int]]"


class WantedRun(TypedDict):
    """The portfolio and session of the run to start."""

    portfolio_id: "NotRequired[str | None]"
    session_date: "NotRequired[str | None]"


class WantedSession(TypedDict):
    """Which session; default: the last one."""

    session_date: "NotRequired[str | None]"


class WantedSessions(TypedDict):
    """From a session to a session; default: the last one, and until the last one."""

    first_session: "NotRequired[str | None]"
    last_session: "NotRequired[str | None]"


class WantedSuggestions(TypedDict):
    """Bring measures to targets with the fewest dollars traded (quantity x multiplier x price)."""

    targets: "list[WantedTarget]"
    candidates: "NotRequired[list[WantedCandidate]]"
    candidate_sets: "NotRequired[list[CandidateSet] | None]"
    reduce_only: "NotRequired[bool]"
    most_dollars: "NotRequired[float | None]"
    seconds: "NotRequired[float]"
    gap: "NotRequired[float]"
    name: "NotRequired[str | None]"


class WantedSums(TypedDict):
    """Which positions are to be added up, and by what."""

    portfolio_id: "NotRequired[str | None]"
    as_of: "NotRequired[str | None]"
    status: "NotRequired[Status]"
    by: "NotRequired[GroupBy | None]"
    position_ids: "NotRequired[list[str] | None]"


class WantedTarget(TypedDict):
    """Where a measure shall be: `equal`, or `at_least`, `at_most` or between both."""

    measure: "NotRequired[str]"
    limit_id: "NotRequired[str | None]"
    level: "NotRequired[Literal['warning', 'breach']]"
    equal: "NotRequired[float | None]"
    at_least: "NotRequired[float | None]"
    at_most: "NotRequired[float | None]"
    unit: "NotRequired[Literal['own', 'share_of_nav']]"
    tolerance: "NotRequired[float | None]"


class WantedTrades(TypedDict):
    """The trades of a draft, or trades of a portfolio, to be written as a file."""

    format: "NotRequired[TradeForm]"
    draft_id: "NotRequired[str | None]"
    portfolio_id: "NotRequired[str | None]"
    as_of: "NotRequired[str | None]"
    trades: "NotRequired[list[NewTrade]]"
    fix: "NotRequired[FixTerms | None]"


class Warned(TypedDict):
    """Something a reader should know about the numbers: what, how often, and which it concerns."""

    code: "str"
    message: "str"
    count: "NotRequired[int]"
    about: "NotRequired[list[str]]"


class WhatIf(TypedDict):
    """Scenarios to evaluate now: stored ones by id, one described here, or both."""

    portfolio_id: "NotRequired[str | None]"
    as_of: "NotRequired[str | None]"
    scenario_ids: "NotRequired[list[str]]"
    shocks: "NotRequired[dict[str, float]]"
    rate_shock: "NotRequired[float | None]"
    volatility_shock: "NotRequired[float | None]"
    basis: "NotRequired[str]"
    volatility: "NotRequired[bool]"
    underlying_shocks: "NotRequired[dict[str, float]]"
    days_forward: "NotRequired[int]"
    positions_shown: "NotRequired[int]"


class WhatIfApplied(TypedDict):
    """What of a request applied to every scenario of the answer."""

    underlying_shocks: "dict[str, float]"
    days_forward: "int"
    until: "str"
    settled: "list[str]"
    ex_dividends: "dict[str, float]"


class WhatIfReport(TypedDict):
    """The effect of the requested scenarios, from what is stored for the session."""

    portfolio_id: "str"
    as_of: "str"
    nav: "float | None"
    scenarios: "list[StressOutcome]"
    correlated_by: "CovarianceBasis | None"
    left_out: "list[LeftOut]"
    warnings: "list[Warned]"
    applied: "WhatIfApplied | None"


class WorstScenario(TypedDict):
    """The scenario that a portfolio loses most in, or gains least."""

    scenario_id: "str"
    name: "str"
    method: "str"
    total_pnl: "float"


class YieldIn(TypedDict):
    """One Treasury yield in percent; an unknown field is refused."""

    maturity: "str"
    observation_date: "str"
    yield_percent: "float | str"


class Yields(TypedDict):
    """Treasury yields in percent: 3.88 means 3.88 %."""

    rows: "list[YieldIn]"


Zone = Literal["green", "yellow", "red"]
