// What the API accepts and answers: generated from its document by `make client`.

export interface Acknowledgement {
  portfolio_id?: string | null;
  reason: string;
}

export interface Ahead {
  days_forward: number;
  until: string;
  settled: Array<string>;
  ex_dividends: Record<string, number>;
}

export interface AlertDelivery {
  notification_id: string;
  channel_id: string;
  channel: string;
  kind: string;
  state: string;
  reason: string | null;
  created_at: string;
  attempts: number;
  last_attempt_at: string | null;
}

export interface AlertOut {
  alert_id: string;
  portfolio_id: string;
  limit_id: string;
  as_of: string;
  level: "breached" | "warning" | "cleared";
  name: string;
  measure: string;
  per: string;
  member: string | null;
  value: number;
  threshold: number;
  unit: string;
  message: string;
  contributors: Array<Contributor>;
  run_id: string;
  withdrawn: boolean;
  withdrawn_at: string | null;
  raised_at: string;
  deliveries: Array<AlertDelivery>;
}

export interface AlertPage {
  items: Array<AlertOut>;
  limit: number;
  next: string | null;
}

export interface Alive {
  status?: string;
}

export interface AskedProvider {
  name: string;
  live: boolean;
}

export type Aspect = "missing" | "extra" | "quantity" | "cost" | "cash";

export interface AttemptOut {
  attempt: number;
  sent_at: string;
  seconds: number;
  delivered: boolean;
  status: number | null;
  error: string | null;
}

export interface AttributedPart {
  part: string;
  name: string;
  values: Array<number>;
  total: number;
}

export interface AttributedPeriod {
  start: string;
  end: string;
  sessions: number;
}

export interface AttributionPeriods {
  portfolio_id: string;
  per: Per;
  start: string | null;
  as_of: string | null;
  sessions: number;
  periods: Array<AttributedPeriod>;
  parts: Array<AttributedPart>;
  pnl: Array<number>;
  total: number | null;
  sessions_left_out: Array<string>;
  reason: string | null;
}

export interface AttributionReport {
  portfolio_id: string;
  start: string | null;
  as_of: string | null;
  sessions: number;
  factors: Array<FactorPnl>;
  income: number | null;
  fees: number | null;
  trades: number | null;
  specific: number | null;
  total: number | null;
  sessions_left_out: Array<string>;
  reason: string | null;
}

export interface AuditEntryOut {
  audit_id: number;
  occurred_at: string;
  user_id: string | null;
  email: string | null;
  network_address: string | null;
  action: string;
  target: string | null;
  details: Record<string, unknown>;
}

export interface BaseChange {
  transaction_id: string;
  kind: Kind;
  trade_date: string;
  symbol: string | null;
  quantity: number | null;
  price: number | null;
  amount: number | null;
  reverses: string | null;
}

export interface BaseOut {
  portfolio_id: string;
  name: string;
  session_date: string;
  moved: boolean;
  changes: Array<BaseChange>;
}

export type Basis = "per_year" | "period";

export interface BatchStarted {
  run_id: string;
  session_date: string;
  status: string;
  portfolios: number;
}

export interface BodyApplyDifferencesApiV1ReconcileApplyPost {
  file: string;
  mapping?: string | null;
}

export interface BodyRecogniseFileApiV1ImportRecognisePost {
  file: string;
}

export interface BodyReconcileFileApiV1ReconcilePost {
  file: string;
  mapping?: string | null;
}

export interface BodyUploadPositionsApiV1PortfolioUploadPost {
  file: string;
  mapping?: string | null;
  portfolio_id?: string | null;
  profile_id?: string | null;
  use?: Use | null;
  portfolio_name?: string | null;
  name?: string | null;
  equity_balance?: number | string | null;
  mode?: Mode | null;
  dry_run?: boolean | null;
  as_of?: string | null;
  stated_on?: string | "entry_date" | null;
  entry_date?: string | null;
  equity_date?: string | null;
  duplicates?: Duplicates | null;
}

export interface BookBack {
  email: string;
  portfolio_id: string;
  name: string;
}

export interface Booking {
  dry_run?: boolean;
  hash?: string | null;
}

export interface BookingOut {
  draft_id: string;
  portfolio_id: string;
  trade_date: string;
  dry_run: boolean;
  hash: string;
  transactions: Array<LegOut>;
  run_id: string | null;
  restated: RestatedSessions | null;
}

export interface BothFactors {
  password: string;
  code: string;
}

export interface CalculatedGreeks {
  contract: string | null;
  underlying: string | null;
  option_type: string | null;
  strike: number | null;
  expiry: string | null;
  exercise: string | null;
  years_to_expiry: number | null;
  underlying_price: number | null;
  underlying_price_source: string | null;
  volatility: number | null;
  iv_source: string | null;
  rate: number | null;
  rate_source: string | null;
  dividend_yield: number | null;
  dividend_source: string | null;
  dividends: Array<CashDividend>;
  market_price: number | null;
  market_price_source: string | null;
  model: string | null;
  price: number | null;
  delta: number | null;
  gamma: number | null;
  theta: number | null;
  vega: number | null;
  rho: number | null;
  reason: string | null;
  note: string | null;
}

export interface Calendar {
  first: string;
  last: string;
  items: Array<CalendarDayOut>;
  total: number;
}

export interface CalendarDayOut {
  session_date: string;
  opens: string;
  closes: string;
  half_day: boolean;
  announced: boolean;
}

export type CandidateSet = "market" | "factors" | "sectors" | "puts" | "own_positions";

export interface CashDividend {
  ex_date: string;
  amount: number;
}

export interface CashDividendIn {
  ex_date: string;
  amount: number;
}

export interface CashFlowOut {
  cash_flow_id: string;
  portfolio_id: string;
  flow_date: string;
  amount: number;
  note: string;
  created_at: string;
}

export interface CashFlowSaved {
  cash_flow_id: string;
  portfolio_id: string;
  flow_date: string;
  amount: number;
  note: string;
  created_at: string;
  run_id: string | null;
}

export interface CashOut {
  file: number | null;
  portfolio: number | null;
  portfolio_as_of: string | null;
  difference: number | null;
  reason: string | null;
}

export interface ChangeOut {
  quantity: number;
  entry_price: number;
  investment_class: string;
  investment_subtype: string | null;
  exit_date: string | null;
  exit_price: number | null;
  line: number;
  symbol: string;
  position_type: string;
  entry_date: string;
  tags: Array<string>;
  kind: string;
  was: TermsOut | null;
}

export interface ChangesReport {
  portfolio_id: string;
  start: string | null;
  end: string | null;
  sessions: number;
  figures: Array<Figure>;
  positions: Array<MovedPosition>;
  reason: string | null;
}

export interface ChannelCreated {
  channel_id: string;
  kind: "webhook" | "email";
  name: string;
  address: string;
  levels: Array<"breached" | "warning" | "cleared">;
  enabled: boolean;
  paused_because: string | null;
  confirmed: boolean;
  created_at: string;
  secret: string | null;
}

export interface ChannelList {
  items: Array<ChannelOut>;
  total: number;
}

export interface ChannelOut {
  channel_id: string;
  kind: "webhook" | "email";
  name: string;
  address: string;
  levels: Array<"breached" | "warning" | "cleared">;
  enabled: boolean;
  paused_because: string | null;
  confirmed: boolean;
  created_at: string;
}

export interface ChannelTerms {
  name?: string | null;
  levels?: Array<"breached" | "warning" | "cleared"> | null;
  enabled?: boolean | null;
}

export interface ClosingOut {
  transaction_id: string;
  kind: Kind;
  trade_date: string;
  quantity: number;
  price: number | null;
  realised_pnl: number | null;
}

export interface ClusterMember {
  symbol: string;
  value: number;
  weight: number;
  positions: number;
  mean_correlation: number;
}

export interface Code {
  code: string;
}

export interface CoefficientEstimate {
  coefficient: number | null;
  standard_error: number | null;
  t_statistic: number | null;
  p_value: number | null;
  confidence_low: number | null;
  confidence_high: number | null;
  newey_west_error: number | null;
  newey_west_t: number | null;
  newey_west_p: number | null;
  newey_west_low: number | null;
  newey_west_high: number | null;
}

export type Columns = "five-columns" | "twelve-columns" | "transactions";

export interface ComponentImpact {
  confidence: number;
  symbol: string;
  component_var: MoneyChange;
  component_es: MoneyChange;
}

export interface ComponentOut {
  position_id: string;
  symbol: string;
  component_var: number;
  component_es: number;
  share: number | null;
  plain_component_var: number;
  plain_component_es: number;
  days: number | null;
}

export interface ComponentVar {
  confidence: number;
  total_var: number | null;
  total_es: number | null;
  plain_total_var?: number | null;
  plain_total_es?: number | null;
  positions: Array<ComponentOut>;
}

export type Confidence = 95 | 99;

export interface Contributor {
  name: string;
  value: number;
}

export interface CorrelatedSymbol {
  symbol: string;
  value: number;
  weight: number;
  positions: number;
  observations: number;
}

export interface CorrelationImpact {
  overall_correlation: FigureChange;
  concentration: FigureChange;
  effective_positions: FigureChange;
  before_as_of: string | null;
  after_as_of: string | null;
  clusters_before: Array<ServicesGatewayAnalyticsSchemasImpactsClusterOut>;
  clusters_after: Array<ServicesGatewayAnalyticsSchemasImpactsClusterOut>;
  reason: string | null;
}

export interface CorrelationMatrix {
  portfolio_id: string;
  as_of: string | null;
  view: View;
  parameters: CorrelationParameters | null;
  symbols: Array<CorrelatedSymbol>;
  total: number;
  correlations: Array<Array<number | null>>;
  measured: Array<Array<number | null>> | null;
  observations: Array<Array<number | null>>;
  quality: Array<Array<string | null>>;
  data_quality: DataQuality;
  unmeasured: Array<UnmeasuredPair>;
  psd_repaired: boolean | null;
  reason: string | null;
}

export interface CorrelationParameters {
  lookback?: number;
  minimum_observations?: number;
  minimum_value?: number;
  minimum_weight?: number;
  keep?: "both" | "either" | "value_only" | "weight_only";
  cluster_threshold?: number;
}

export interface CorrelationParametersIn {
  lookback?: number;
  minimum_observations?: number;
  minimum_value?: number;
  minimum_weight?: number;
  keep?: "both" | "either" | "value_only" | "weight_only";
  cluster_threshold?: number;
}

export interface CorrelationReport {
  portfolio_id: string;
  as_of: string | null;
  view: View;
  price_run: string | null;
  parameters: CorrelationParameters | null;
  overall_correlation: number | null;
  concentration: number | null;
  effective_positions: number | null;
  coverage: number | null;
  gross_value: number | null;
  kept_value: number | null;
  positions: number | null;
  positions_kept: number | null;
  symbols_kept: number | null;
  clusters: Array<ServicesGatewayAnalyticsSchemasCorrelationsClusterOut>;
  linkage_clusters: Array<LinkageCluster>;
  hedging_pairs: number | null;
  hedges: Array<HedgingPair>;
  data_quality: DataQuality;
  psd_repaired: boolean | null;
  largest_repair: number | null;
  left_out: Array<LeftOutPosition>;
  warnings: Array<Warned>;
  reason: string | null;
}

export interface CorrelationsStarted {
  run_id: string;
  portfolio_id: string | null;
  as_of: string;
  portfolios: number;
  status: string;
}

export interface CovarianceBasis {
  matrix: "shrunk" | "measured";
  shrinkage: number | null;
  price_run: string;
  decay: number;
  lookback: number;
  observations: number;
}

export interface Coverage {
  prices: number | null;
  greeks: number | null;
}

export interface Credentials {
  code?: string | null;
  email: string;
  password: string;
}

export interface CurrentPrice {
  symbol: string;
  price: number | null;
  session_date: string | null;
  stale: boolean | null;
  previous_close: number | null;
  change: number | null;
  change_percent: number | null;
  source: string | null;
  reason: string | null;
}

export interface CurrentPrices {
  as_of: string;
  items: Array<CurrentPrice>;
  total: number;
}

export interface CurveAtVolatility {
  volatility_shock: number;
  dates: Array<CurveOnDate>;
}

export interface CurveOnDate {
  days_forward: number;
  until: string;
  settled: Array<string>;
  ex_dividends: Record<string, number>;
  underlying_prices: Array<number> | null;
  pnl: Array<number>;
  options_pnl: Array<number>;
  options_share: Array<number | null>;
  break_evens: Array<number>;
  dollar_delta: Array<number>;
  dollar_gamma_1pct: Array<number>;
  dollar_theta_1d: Array<number>;
  dollar_vega_1pt: Array<number>;
  dollar_rho_1pct: Array<number>;
  dollar_delta_beta_weighted: Array<number> | null;
  dollar_gamma_1pct_beta_weighted: Array<number> | null;
  delta: Array<number> | null;
  gamma: Array<number> | null;
}

export interface CurveReport {
  portfolio_id: string;
  as_of: string;
  underlying: string | null;
  spot_mode: "beta_weighted" | "parallel";
  volatility_term: "parallel" | "by_tenor";
  spots: Array<number>;
  coverage: number | null;
  warnings: Array<Warned>;
  volatility_shock: number;
  dates: Array<CurveOnDate>;
  others: Array<CurveAtVolatility>;
  day: DayBands;
}

export interface DataQuality {
  full_history: number;
  limited_history: number;
  insufficient: number;
}

export interface DataQualityReport {
  as_of: string | null;
  window_start: string | null;
  sessions: number;
  progress: FetchTotals;
  symbols: Array<SymbolQuality>;
  yields: Array<MaturityStored>;
  providers: Record<string, Array<AskedProvider>>;
  reason: string | null;
  portfolio_id: string;
  complete: number;
  stale: number;
  missing: number;
  calculations: Array<Feasibility>;
}

export type DateFormat = "YYYY-MM-DD" | "YYYYMMDD" | "MM/DD/YYYY" | "DD/MM/YYYY" | "DD.MM.YYYY" | "DD-MM-YYYY" | "DD-MMM-YYYY";

export interface DayBand {
  confidence: number;
  value_at_risk: number | null;
  expected_shortfall: number | null;
  move_down: number | null;
  move_up: number | null;
}

export interface DayBands {
  mover: string | null;
  first_day: string | null;
  last_day: string | null;
  observations: number;
  bands: Array<DayBand>;
  left_out: Array<string>;
  reason: string | null;
}

export interface DeadLetterOut {
  letter_id: string;
  service: string;
  heard: string;
  run_id: string | null;
  attempts: number;
  error: string;
  message: string;
  payload: string;
  buried_at: string;
  of_outage: boolean;
  replayed_at: string | null;
  replayed_by: string | null;
}

export type DecimalMark = "." | ",";

export interface Definition {
  title: string;
  meaning: string;
  formula?: string | null;
  unit: string;
  sign: string;
  section: string;
  source?: string | null;
  series?: boolean;
  measure: string;
}

export interface DefinitionList {
  items: Array<Definition>;
  total: number;
}

export interface DemoReset {
  books: Array<BookBack>;
  runs: Array<SessionRun>;
  status: string;
}

export interface DifferenceOut {
  id: string;
  kind: Aspect;
  symbol: string | null;
  file: SideOut | null;
  portfolio: SideOut | null;
  quantity: number | null;
  cost: number | null;
  transactions: Array<ProposedLine>;
  reason: string | null;
}

export interface DollarGreeks {
  dollar_delta: number;
  dollar_gamma_1pct: number;
  dollar_theta_1d: number;
  dollar_vega_1pt: number;
  dollar_rho_1pct: number;
}

export interface DraftCurves {
  draft_id: string;
  before: CurveReport | null;
  after: CurveReport | null;
  reason: string | null;
}

export interface DraftOut {
  draft_id: string;
  name: string;
  note: string;
  state: State;
  version: number;
  base: BaseOut;
  trades_entered: number;
  run: DraftRun | null;
  saved_at: string | null;
  booked_at: string | null;
  created_at: string;
}

export interface DraftRun {
  run_id: string;
  status: string | null;
}

export interface DraftTerms {
  name?: string | null;
  note?: string | null;
}

export interface DraftWithTrades {
  draft_id: string;
  name: string;
  note: string;
  state: State;
  version: number;
  base: BaseOut;
  trades_entered: number;
  run: DraftRun | null;
  saved_at: string | null;
  booked_at: string | null;
  created_at: string;
  trades: Array<TradeOut>;
  warnings: Array<Warned>;
}

export type Duplicates = "load" | "refuse";

export type Entry = "trades" | "transfers";

export interface EntryOut {
  line: number;
  kind: string;
  trade_date: string;
  symbol: string | null;
  quantity: number | null;
  price: number | null;
  amount: number | null;
  fees: number;
  external_id: string | null;
}

export interface ExpiringOption {
  position_id: string;
  symbol: string;
  underlying: string;
  option_type: string;
  strike: number;
  expiry: string;
  quantity: number;
  underlying_price: number | null;
  price_date: string | null;
  in_the_money: boolean | null;
  intrinsic_value: number | null;
  outcome: Outcome | null;
  shares: number | null;
  cash: number | null;
  reason: string | null;
}

export interface Expiry {
  expiry: string;
  last_session: string;
  days_left: number;
  cash: number;
  options: Array<ExpiringOption>;
}

export interface ExpiryReport {
  portfolio_id: string;
  as_of: string | null;
  items: Array<Expiry>;
  unsettled: Array<ExpiringOption>;
}

export interface ExpirySmile {
  expiry: string;
  years_to_expiry: number;
  forward: number | null;
  quotes: Array<SmileQuote>;
  fit: SmileCurve | null;
  reason: string | null;
}

export type ExportColumns = "twelve-columns" | "valued";

export interface ExportOut {
  export_id: string;
  exported_at: string;
  what: Exported;
  format: TradeForm;
  about_id: string;
  file_name: string;
  rows: number;
  byte_count: number;
  sha256: string;
  token_id?: string | null;
}

export interface ExportPage {
  items: Array<ExportOut>;
  limit: number;
  next: string | null;
}

export type Exported = "trades" | "positions" | "transactions" | "series";

export interface ExportedPosition {
  symbol: string;
  position_type: string;
  quantity: number;
  opened_quantity: number;
  opened_by: string | null;
  entry_price: number;
  entry_date: string;
  investment_class: string;
  investment_subtype: string | null;
  underlying: string;
  strike: number | null;
  expiry: string | null;
  option_type: string | null;
  exit_date: string | null;
  exit_price: number | null;
  tags: Array<string>;
  position_id: string;
  values?: PositionValues | null;
}

export interface ExportedTrade {
  kind: Kind;
  trade_date: string;
  symbol: string;
  quantity: number;
  price: number;
  fees: number;
  external_id: string;
  note: string;
}

export interface Exposure {
  long: number;
  short: number;
  gross: number;
  net: number;
}

export interface ExposurePoint {
  as_of: string;
  nav: number | null;
  exposures: Exposures | null;
  left_out: Array<LeftOut>;
}

export interface Exposures {
  dollar: Exposure;
  notional: Exposure;
  delta_adjusted: Exposure;
}

export interface ExposuresImpact {
  dollar: SidesImpact;
  notional: SidesImpact;
  delta_adjusted: SidesImpact;
}

export interface Extremes {
  worst: ScenarioPnl | null;
  best: ScenarioPnl | null;
}

export interface FactorCoefficient {
  factor: string;
  name: string;
  proxy: string | null;
  beta: number | null;
  raw_beta: number | null;
  standard_error: number | null;
  capped: boolean;
  indistinguishable_from_zero: boolean | null;
  prior_mean: number | null;
  prior_deviation: number | null;
  shrunk: number | null;
  variance_inflation: number | null;
  least_squares: CoefficientEstimate;
}

export interface FactorDefinition {
  factor: string;
  name: string;
  proxy: string | null;
  display_order: number;
  active: boolean;
}

export interface FactorDefinitions {
  items: Array<FactorDefinition>;
  total: number;
}

export interface FactorEtf {
  symbol: string;
  price: number | null;
  session_date: string | null;
  stale: boolean | null;
  previous_close: number | null;
  change: number | null;
  change_percent: number | null;
  source: string | null;
  reason: string | null;
  factor: string;
  name: string;
}

export interface FactorEtfs {
  as_of: string;
  items: Array<FactorEtf>;
  total: number;
}

export interface FactorImpact {
  factor: string;
  name: string;
  dollar_exposure: MoneyChange;
  beta: FigureChange;
}

export interface FactorMatrix {
  as_of: string | null;
  space: Space;
  price_run: string | null;
  factors: Array<NamedFactor>;
  correlations: Array<Array<number | null>>;
  covariances: Array<Array<number | null>>;
  shrunk_covariances: Array<Array<number | null>>;
  shrinkage: number | null;
  statistics: Spread;
  decay: number | null;
  lookback: number | null;
  observations: number | null;
  reason: string | null;
}

export interface FactorOut {
  factor: string;
  name: string;
  proxy: string | null;
  active: boolean;
  dollar_exposure: number | null;
  standard_error: number | null;
  indistinguishable_from_zero: boolean | null;
  beta: number | null;
  coverage: number | null;
  positions: number | null;
  positions_left_out: number | null;
  reason: string | null;
}

export interface FactorPnl {
  factor: string;
  name: string;
  pnl: number | null;
  share_of_total: number | null;
}

export interface FactorReport {
  portfolio_id: string;
  as_of: string | null;
  model: Model;
  view: View;
  note: string | null;
  nav: number | null;
  factors: Array<FactorOut>;
  rates: RateOut | null;
  rate_sensitivities: Array<RateOut>;
  coverage: number | null;
  left_out: Array<LeftOut>;
  warnings: Array<Warned>;
  reason: string | null;
}

export interface FactorRisk {
  portfolio_id: string;
  as_of: string | null;
  view: View;
  nav: number | null;
  factors: Array<FactorShare>;
  systematic: RiskPartOut;
  specific: RiskPartOut;
  total: RiskPartOut;
  models: Array<ModelNote>;
  coverage: number | null;
  reason: string | null;
}

export interface FactorShare {
  contribution: number | null;
  share_of_risk: number | null;
  factor: string;
  name: string;
  proxy: string | null;
  active: boolean;
  factor_deviation: number | null;
  models: Array<ModelExposure>;
}

export interface Feasibility {
  calculation: string;
  needs: string;
  feasible: boolean;
  lacking: Array<string>;
}

export interface FetchTotals {
  sessions_wanted: number;
  sessions_stored: number;
  complete: number;
  fetching: number;
  waiting: number;
  settled: number;
}

export interface FieldError {
  field?: string | null;
  code: string;
  message: string;
  line?: number | null;
}

export interface Figure {
  measure: string;
  title: string;
  unit: string;
  before: number | null;
  after: number | null;
  difference: number | null;
  by_position?: Array<PartOut>;
  by_sector?: Array<PartOut>;
  by_tag?: Array<PartOut>;
  by_factor?: Array<PartOut>;
  reason: string | null;
}

export interface FigureChange {
  before: number | null;
  after: number | null;
  difference: number | null;
}

export interface FileColumnOut {
  name: string;
  samples: Array<string>;
  suggested: Meaning | null;
}

export interface FileMapping {
  use: Use;
  columns: Record<string, Meaning>;
  sign?: Sign;
  words?: Record<string, string>;
  date_format?: DateFormat;
  decimal_mark?: DecimalMark;
  multiplier?: Multiplier;
  separator?: Separator | null;
  header_line?: number | null;
}

export interface FileTotalsOut {
  total: number | null;
  positions: number | null;
  refused: number | null;
  cash: number | null;
  difference: number | null;
  reason?: string | null;
}

export interface FirstCode {
  code: string;
}

export interface FirstLineOut {
  line: number;
  cells: Array<string>;
}

export interface FixTerms {
  sender?: string;
  target?: string;
  account?: string | null;
  sending_time?: string | null;
  transact_time?: string | null;
  first_number?: number;
  time_in_force?: TimeInForce;
  order_type?: OrderType | null;
  as_list?: boolean;
}

export type Form = "csv" | "json";

export interface Gap {
  reason: string;
  count: number;
  start: string;
  end: string;
}

export interface GreekParts {
  delta: number | null;
  gamma: number | null;
  theta: number | null;
  vega: number | null;
  rho: number | null;
}

export interface GreekSet {
  delta: number | null;
  gamma: number | null;
  theta: number | null;
  vega: number | null;
  rho: number | null;
}

export interface GreeksCalculated {
  as_of: string;
  engine: string;
  options: Array<CalculatedGreeks>;
  warnings: Array<Warned>;
}

export interface GreeksImpact {
  delta: FigureChange;
  gamma: FigureChange;
  theta: FigureChange;
  vega: FigureChange;
  rho: FigureChange;
}

export interface GreeksReport {
  portfolio_id: string;
  as_of: string | null;
  view: View;
  portfolio: GreekSet | null;
  positions: Array<PositionGreeks>;
  coverage: Coverage | null;
  left_out: Array<LeftOut>;
  warnings: Array<Warned>;
  reason: string | null;
}

export interface GridReport {
  portfolio_id: string;
  as_of: string;
  underlying: string | null;
  spot_mode: "beta_weighted" | "parallel";
  volatility_term: "parallel" | "by_tenor";
  spots: Array<number>;
  coverage: number | null;
  warnings: Array<Warned>;
  volatilities: Array<number>;
  dates: Array<Ahead>;
  pnl: Array<Array<Array<number>>>;
  options_pnl: Array<Array<Array<number>>>;
  options_share: Array<Array<Array<number | null>>>;
  break_evens: Array<Array<Array<number>>>;
}

export type GroupBy = "type" | "instrument" | "strategy" | "tag" | "underlying" | "sector" | "expiry" | "class";

export interface GroupExposures {
  dollar: Exposure | null;
  notional: Exposure | null;
  delta_adjusted: Exposure | null;
}

export interface GroupedPositions {
  portfolio_id: string;
  valued_on: string | null;
  by: GroupBy;
  everything: PositionGroup;
  items: Array<PositionGroup>;
  total: number;
  limit: number;
  offset: number;
  reason: string | null;
}

export type Headline = "measured" | "specified";

export interface HedgingPair {
  symbol_a: string;
  symbol_b: string;
  value_a: number;
  value_b: number;
  correlation: number;
}

export interface HistoryPoint {
  as_of: string;
  nav: number | null;
  daily_pnl: number | null;
  trades_pnl: number | null;
  income: number | null;
  fees: number | null;
  cumulative_pnl: number | null;
  inflow: number | null;
  outflow: number | null;
  large_flow: boolean | null;
  unexplained: number | null;
  daily_return: number | null;
}

export interface HistoryProgress {
  as_of: string | null;
  window_start: string | null;
  sessions: number;
  progress: FetchTotals;
  symbols: Array<SymbolQuality>;
  yields: Array<MaturityStored>;
  providers: Record<string, Array<AskedProvider>>;
  reason: string | null;
}

export interface ImpactFigures {
  nav: NavImpact;
  exposures: ExposuresImpact;
  greeks: GreeksImpact;
  metrics: Array<MetricImpact>;
  component_risk: Array<ComponentImpact>;
  factors: Array<FactorImpact>;
  rates: Array<RateImpact>;
  scenarios: Array<ScenarioImpact>;
  market_scenarios: Array<MarketScenarioImpact>;
  correlations: CorrelationImpact;
  limits?: Array<LimitImpact>;
  trades: Array<TradePart>;
}

export interface Impacts {
  draft_id: string;
  base_id: string;
  as_of: string;
  state: string;
  version: number;
  impacts: ImpactFigures | null;
  warnings: Array<Warned>;
  reason: string | null;
}

export type Included = "positions";

export interface Influence {
  leverage_threshold: number;
  cooks_threshold: number;
  found: number;
  days: Array<InfluentialDay>;
}

export interface InfluentialDay {
  session_date: string;
  observed_return: number;
  fitted_return: number;
  leverage: number;
  cooks_distance: number | null;
  studentized_residual: number | null;
}

export interface ItemOut {
  stage: string;
  shard: number;
  shards: number;
  status: string;
  occurred_at: string;
  elapsed_seconds: number;
  portfolio_ids: Array<string>;
  counts: Record<string, number>;
  warnings: Array<Warned>;
  problems: Array<ProblemDetail>;
  error: string | null;
  message: string | null;
  trace_id: string | null;
}

export interface JudgedDay {
  portfolio_id: string;
  as_of: string;
  previous_session: string | null;
  confidence: number;
  hypothetical_pnl: number | null;
  trades: number | null;
  income: number | null;
  positions: Array<JudgedPosition>;
  reason: string | null;
}

export interface JudgedPosition {
  position_id: string;
  symbol: string;
  sector: string | null;
  state: string;
  pnl: number | null;
  share_of_total: number | null;
  component_var: number | null;
}

export interface JudgedVar {
  measure: string;
  confidence: number;
  session_dates: Array<string>;
  hypothetical_pnl: Array<number>;
  values: Array<number>;
  days: number;
  expected_exceptions: number;
  exceptions: number;
  exception_dates: Array<string>;
  kupiec: LikelihoodOut | null;
  christoffersen: LikelihoodOut | null;
  conditional_coverage: LikelihoodOut | null;
  zone: Zone | null;
  gaps: Array<Gap>;
  reason: string | null;
}

export type Kind = "opening" | "buy" | "sell" | "sell_short" | "buy_to_cover" | "deposit" | "withdrawal" | "transfer_in" | "transfer_out" | "dividend" | "interest" | "borrow_fee" | "fee" | "equity" | "split" | "expiry" | "exercise" | "assignment" | "symbol_change";

export type LedgerSort = "trade_date" | "-trade_date";

export interface LeftOut {
  position_id: string;
  symbol: string;
  reason: string;
}

export interface LeftOutPosition {
  position_id: string;
  symbol: string;
  reason: string;
  underlying: string;
  code: string;
}

export interface LeftOutSymbol {
  symbol: string;
  code: string;
  reason: string;
}

export interface LegOut {
  transaction_id: string;
  kind: Kind;
  symbol: string;
  underlying: string;
  option_type: string | null;
  strike: number | null;
  expiry: string | null;
  multiplier: number;
  quantity: number;
  price: number;
  fees: number;
  cash: number;
  price_source: string;
  price_date: string;
}

export interface LikelihoodOut {
  likelihood_ratio: number;
  p_value: number;
}

export interface LimitAction {
  portfolio_id: string;
  as_of: string;
  kind: string;
  until: string | null;
  reason: string;
  recorded_at: string;
}

export interface LimitContributor {
  name: string;
  value: number;
}

export interface LimitEpisode {
  level: string;
  first: string;
  last: string | null;
  sessions: number;
  worst: number;
  worst_on: string;
  member: string | null;
}

export interface LimitHistory {
  limit_id: string;
  items: Array<LimitStanding>;
  total: number;
  limit: number;
  offset: number;
  actions: Array<LimitAction>;
}

export interface LimitImpact {
  limit_id: string;
  name: string;
  measure: string;
  measure_title?: string;
  measure_unit?: string;
  per: string;
  key: string | null;
  unit: string;
  direction: string;
  warning: number | null;
  breach: number;
  before: LimitSide | null;
  after: LimitSide | null;
  change: string | null;
}

export interface LimitOnSession {
  limit_id: string;
  name: string;
  measure: string;
  measure_unit: string;
  per: "portfolio" | "position" | "underlying" | "sector" | "tag";
  unit: "own" | "share_of_nav";
  state: "ok" | "warning" | "breached" | "acknowledged" | "waived" | "cleared" | "not_measured";
  level: string;
  since: string | null;
  value: number | null;
  member: string | null;
  warning: number | null;
  breach: number;
  room: number | null;
  room_usd: number | null;
  reason: string | null;
}

export interface LimitOut {
  limit_id: string;
  name: string;
  portfolio_id: string | null;
  measure: string;
  measure_title: string;
  measure_unit: string;
  per: "portfolio" | "position" | "underlying" | "sector" | "tag";
  key: string | null;
  unit: "own" | "share_of_nav";
  direction: "above" | "below" | "outside";
  warning: number | null;
  breach: number;
  hysteresis: number;
  sessions: number;
  in_force_since: string;
  owner: string;
  note: string;
  created_at: string;
  states: Record<string, number>;
  worst: LimitStanding | null;
  recent: Array<LimitPoint>;
}

export interface LimitPoint {
  as_of: string;
  value: number | null;
  state: "ok" | "warning" | "breached" | "acknowledged" | "waived" | "cleared" | "not_measured";
}

export interface LimitSide {
  state: string;
  level: string;
  value: number | null;
  member: string | null;
  room: number | null;
  room_usd: number | null;
  used?: number | null;
  reason: string | null;
}

export interface LimitStanding {
  portfolio_id: string;
  portfolio_name: string;
  as_of: string;
  state: "ok" | "warning" | "breached" | "acknowledged" | "waived" | "cleared" | "not_measured";
  level: string;
  since: string | null;
  age_sessions: number | null;
  value: number | null;
  member: string | null;
  reason: string | null;
  warning: number | null;
  breach: number;
  room: number | null;
  room_usd: number | null;
  used: number | null;
  until: string | null;
  why: string | null;
  contributors: Array<LimitContributor>;
}

export interface LimitTemplate {
  template: string;
  title: string;
  description: string;
  limit: NewLimit;
}

export interface LimitTemplates {
  items: Array<LimitTemplate>;
}

export interface LimitTrial {
  portfolios: Array<TriedLimit>;
}

export interface LimitWithStandings {
  limit_id: string;
  name: string;
  portfolio_id: string | null;
  measure: string;
  measure_title: string;
  measure_unit: string;
  per: "portfolio" | "position" | "underlying" | "sector" | "tag";
  key: string | null;
  unit: "own" | "share_of_nav";
  direction: "above" | "below" | "outside";
  warning: number | null;
  breach: number;
  hysteresis: number;
  sessions: number;
  in_force_since: string;
  owner: string;
  note: string;
  created_at: string;
  states: Record<string, number>;
  worst: LimitStanding | null;
  recent: Array<LimitPoint>;
  standings: Array<LimitStanding>;
}

export type LineSource = "api" | "file" | "migration" | "system";

export interface LinkageCluster {
  name: string;
  symbols: Array<string>;
  value: number;
  weight: number;
}

export interface LinkedAccountList {
  provider: string | null;
  items: Array<LinkedAccountOut>;
}

export interface LinkedAccountOut {
  link_id: string;
  issuer: string;
  email: string | null;
  made_user: boolean;
  linked_at: string;
  last_used_at: string | null;
}

export interface ListedPortfolio {
  portfolio_id: string;
  name: string;
  equity_balance: number | null;
  equity_date: string | null;
  valued_from: string | null;
  lot_method: LotMethod;
  settlement: Settling;
  positions: number;
  created_at: string;
  access: PortfolioAccess;
  owner_name: string | null;
  as_of: string | null;
  nav: number | null;
  daily_pnl: number | null;
  daily_return: number | null;
  var_95_1d_historical: number | null;
  worst_scenario: WorstScenario | null;
  limits: Record<string, number>;
  last_run: PortfolioRun | null;
  standing_reason: string | null;
  risk_reason?: string | null;
}

export interface LoginCode {
  code: string;
}

export interface LoginLink {
  code: string;
  expires_at: string;
}

export interface Logout {
  refresh_token: string;
  everywhere?: boolean;
}

export type LotMethod = "fifo" | "lifo" | "highest_cost";

export interface LotOut {
  position_id: string;
  opened_by: string;
  symbol: string;
  underlying: string;
  position_type: string;
  multiplier: number;
  stated_on: string;
  opened_quantity: number;
  quantity: number;
  entry_price: number;
  entry_date: string;
  exit_date: string | null;
  days_held: number;
  cost: number;
  closings: Array<ClosingOut>;
  realised_pnl: number | null;
  valued_on: string | null;
  price: number | null;
  market_value: number | null;
  unrealised_pnl: number | null;
  reason: string | null;
}

export interface LotPage {
  portfolio_id: string;
  valued_on: string | null;
  items: Array<LotOut>;
  total: number;
  limit: number;
  offset: number;
  totals: LotTotals;
  reason: string | null;
}

export type LotStatus = "open" | "closed" | "all";

export interface LotTotals {
  lots: number;
  realised_pnl: number;
  unrealised_pnl: number;
  total_pnl: number;
  unknown: number;
}

export interface ManagedUser {
  user_id: string;
  email: string;
  full_name: string;
  role: string;
  created_at: string;
  disabled_at: string | null;
}

export interface MapCell {
  positions: number;
  positions_left_out: number;
  long: DollarGreeks | null;
  short: DollarGreeks | null;
  net: DollarGreeks | null;
  underlying: string;
  strike: number | null;
  expiry: string;
  position_ids: Array<string>;
}

export interface MapExpiry {
  positions: number;
  positions_left_out: number;
  long: DollarGreeks | null;
  short: DollarGreeks | null;
  net: DollarGreeks | null;
  expiry: string;
  days: number;
}

export interface MapRow {
  positions: number;
  positions_left_out: number;
  long: DollarGreeks | null;
  short: DollarGreeks | null;
  net: DollarGreeks | null;
  underlying: string;
  strike: number | null;
  underlying_price: number | null;
  underlying_price_date: string | null;
}

export interface MappedScenario {
  scenario_id: string;
  name: string;
  description: string | null;
  category: string;
  severity: string;
  custom: boolean;
  direct: number | null;
  correlated: number | null;
  share_of_nav: number | null;
  portfolios: number;
}

export interface MarketClose {
  session_date: string;
}

export interface MarketDataUsed {
  sources: Array<PriceSource>;
  providers: Record<string, Array<AskedProvider>>;
  sentence: string;
}

export interface MarketScenario {
  kind: string;
  shock: number;
  exposure: number | null;
  pnl: number | null;
  coverage: number | null;
  reason: string | null;
}

export interface MarketScenarioImpact {
  kind: string;
  shock: number;
  pnl: MoneyChange;
}

export interface MarketScenarioReport {
  portfolio_id: string;
  as_of: string | null;
  nav: number | null;
  items: Array<MarketScenario>;
  total: number;
  left_out: Array<LeftOut>;
  reason: string | null;
}

export interface MaturityStored {
  maturity: string;
  stored: number;
  last_observation: string | null;
  sources: Array<string>;
}

export type Meaning = "symbol" | "quantity" | "price" | "cost" | "date" | "side" | "type" | "amount" | "fees" | "id" | "note" | "currency" | "multiplier" | "underlying" | "strike" | "expiry" | "option_type" | "investment_class" | "market_value" | "tags" | "as_of" | "ignored";

export interface MeasureMoved {
  measure: string;
  before: number | null;
  after: number | null;
  tolerance?: number | null;
}

export interface MetricGroup {
  kind: string;
  metrics: Array<MetricOut>;
}

export interface MetricImpact {
  kind: string;
  metric: string;
  title?: string;
  unit: string;
  before: number | null;
  after: number | null;
  difference: number | null;
  reason: string | null;
}

export interface MetricOut {
  metric: string;
  title: string;
  value: number | null;
  unit: string;
  share_of_nav: number | null;
  observations: number | null;
  coverage: number | null;
  reason: string | null;
  first_day?: string | null;
  last_day?: string | null;
}

export interface MetricsReport {
  portfolio_id: string;
  as_of: string | null;
  view: View;
  nav: number | null;
  groups: Array<MetricGroup>;
  component_var: Array<ComponentVar>;
  left_out: Array<LeftOut>;
  warnings: Array<Warned>;
  reason: string | null;
}

export type Mode = "partial" | "all_or_nothing";

export type Model = "market_relative" | "joint" | "univariate";

export interface ModelExposure {
  model: Model;
  dollar_exposure: number | null;
  standard_error: number | null;
  indistinguishable_from_zero: boolean | null;
  beta: number | null;
  coverage: number | null;
  reason: string | null;
}

export interface ModelNote {
  model: Model;
  note: string | null;
}

export interface MoneyChange {
  before: number | null;
  after: number | null;
  difference: number | null;
}

export interface MovedPosition {
  position_id: string;
  symbol: string;
  sector: string | null;
  tags: Array<string>;
  state: string;
  quantity_before: number;
  quantity_after: number;
  pnl: number | null;
}

export type Multiplier = "price_per_share" | "price_per_contract" | "quantity_in_shares";

export interface NamedFactor {
  factor: string;
  name: string;
  proxy: string | null;
}

export interface NavImpact {
  nav: MoneyChange;
  cash: MoneyChange;
  market_value: MoneyChange;
  unrealised_pnl: MoneyChange;
  daily_pnl: MoneyChange;
  fees: MoneyChange;
}

export interface NewCashFlow {
  flow_date: string;
  amount: number | string;
  note?: string;
}

export interface NewChannel {
  kind: "webhook" | "email";
  address: string;
  name: string;
  levels?: Array<"breached" | "warning" | "cleared">;
}

export interface NewDraft {
  portfolio_id: string;
  as_of?: string | null;
  name?: string | null;
  note?: string;
}

export interface NewLimit {
  name: string;
  portfolio_id?: string | null;
  measure: string;
  per?: "portfolio" | "position" | "underlying" | "sector" | "tag";
  key?: string | null;
  unit?: "own" | "share_of_nav";
  direction?: "above" | "below" | "outside";
  warning?: number | null;
  breach: number;
  hysteresis?: number;
  sessions?: number;
  owner?: string;
  note?: string;
}

export interface NewPortfolio {
  name: string;
  equity_balance?: number | string | null;
}

export interface NewPosition {
  symbol?: string | null;
  underlying?: string | null;
  option_type?: string | null;
  strike?: number | string | null;
  expiry?: string | null;
  investment_class?: string | null;
  investment_subtype?: string | null;
  quantity?: number | string | null;
  entry_price?: number | string | null;
  entry_date?: string | null;
  exit_date?: string | null;
  exit_price?: number | string | null;
  tags?: Array<string> | null;
  portfolio_id?: string | null;
}

export interface NewProfile {
  name: string;
  header: Array<string>;
  mapping: FileMapping;
}

export interface NewReport {
  portfolio_ids?: Array<string>;
  session_id?: string | null;
  as_of?: string | null;
  template?: "daily" | "full" | "investor" | "draft";
  format?: "html" | "pdf" | "xlsx" | "md" | "json" | "csv" | "parquet";
  sections?: Array<ReportSection> | null;
}

export interface NewScenario {
  scenario_id?: string | null;
  name: string;
  description?: string;
  category?: string;
  severity?: string;
  shocks?: Record<string, number>;
  rate_shock?: number | null;
  volatility_shock?: number | null;
  basis?: string;
}

export interface NewSchedule {
  name: string;
  portfolio_ids?: Array<string>;
  template?: "daily" | "full" | "investor";
  format?: "html" | "pdf" | "xlsx" | "md" | "json" | "csv" | "parquet";
  sections?: Array<ReportSection> | null;
  cadence?: "daily" | "weekly" | "monthly";
  enabled?: boolean;
}

export interface NewShare {
  email: string;
  role?: ShareRole;
}

export interface NewTag {
  name: string;
  colour?: string;
}

export interface NewToken {
  name: string;
  scopes: Array<Scope>;
  expires_in_days?: number;
}

export interface NewTrade {
  action: TradeAction;
  symbol?: string | null;
  quantity?: number | string | null;
  exposure?: number | string | null;
  price?: number | string | null;
  fees?: number | string;
  strategy?: Strategy | null;
  underlying?: string | null;
  expiry?: string | null;
  strikes?: Array<number | string>;
  option_type?: "C" | "P" | null;
  shares?: boolean;
  prices?: Array<number | string>;
  portfolio_id?: string | null;
  measure?: "delta_adjusted" | "market_beta" | null;
  share?: number | null;
  note?: string;
}

export interface NewTrades {
  trades?: Array<NewTrade>;
  csv?: string | null;
}

export interface NewTransaction {
  kind: string;
  trade_date?: string | null;
  symbol?: string | null;
  underlying?: string | null;
  option_type?: string | null;
  strike?: number | string | null;
  expiry?: string | null;
  investment_class?: string | null;
  investment_subtype?: string | null;
  quantity?: number | string | null;
  price?: number | string | null;
  amount?: number | string | null;
  fees?: number | string | null;
  stated_on?: string | null;
  lot_id?: string | null;
  lot_method?: LotMethod | null;
  external_id?: string | null;
  note?: string;
}

export interface NewTransactions {
  transactions: Array<NewTransaction>;
}

export interface NewUser {
  email: string;
  password: string;
  full_name?: string;
  role?: "user" | "admin";
}

export interface Notice {
  code: string;
  message: string;
  count?: number;
  about?: Array<string>;
}

export interface NotificationOut {
  notification_id: string;
  kind: string;
  alerts: number;
  state: string;
  reason: string | null;
  created_at: string;
  next_attempt_at: string | null;
  attempts: Array<AttemptOut>;
}

export interface NotificationPage {
  items: Array<NotificationOut>;
  limit: number;
  next: string | null;
}

export interface OptionChain {
  items: Array<OptionQuoteOut>;
  total: number;
  limit: number;
  offset: number;
  underlying: string;
  as_of: string | null;
  reason: string | null;
}

export interface OptionIn {
  contract?: string | null;
  underlying?: string | null;
  strike?: number | string | null;
  expiry?: string | null;
  option_type?: "C" | "P" | null;
  underlying_price?: number | null;
  volatility?: number | null;
  rate?: number | null;
  dividend_yield?: number | null;
  market_price?: number | null;
  dividends?: Array<CashDividendIn>;
}

export interface OptionMap {
  portfolio_id: string;
  as_of: string | null;
  underlying: string | null;
  underlyings: Array<string>;
  expiries: Array<MapExpiry>;
  rows: Array<MapRow>;
  cells: Array<MapCell>;
  options: SidesOfGreeks;
  stock: number | null;
  total: DollarGreeks | null;
  left_out: Array<LeftOut>;
  reason: string | null;
}

export interface OptionQuoteIn {
  contract: string;
  session_date: string;
  bid: number | string;
  ask: number | string;
  last?: number | string | null;
  underlying_price?: number | string | null;
}

export interface OptionQuoteOut {
  contract: string;
  expiry: string;
  option_type: string;
  strike: number;
  bid: number;
  ask: number;
  mid: number;
  last: number | null;
  underlying_price: number | null;
  source: string;
}

export interface OptionQuotes {
  rows: Array<OptionQuoteIn>;
}

export interface OptionsToPrice {
  as_of?: string | null;
  engine?: "default" | "european" | "american" | "mibian";
  options: Array<OptionIn>;
}

export type OrderType = "market" | "limit";

export type Outcome = "exercised" | "assigned" | "cash_settled" | "worthless";

export interface OwnRunOut {
  run_id: string;
  as_of: string;
  trigger: string;
  status: string;
  requested: boolean;
  started_at: string;
  finished_at: string | null;
  elapsed_seconds: number | null;
  portfolios: Array<RunOfPortfolio>;
  portfolios_total: number;
}

export interface PageAuditEntryOut {
  items: Array<AuditEntryOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageCashFlowOut {
  items: Array<CashFlowOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageDeadLetterOut {
  items: Array<DeadLetterOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageDraftOut {
  items: Array<DraftOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageExposurePoint {
  items: Array<ExposurePoint>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageLimitOut {
  items: Array<LimitOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageListedPortfolio {
  items: Array<ListedPortfolio>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageManagedUser {
  items: Array<ManagedUser>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageOwnRunOut {
  items: Array<OwnRunOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageProfileOut {
  items: Array<ProfileOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageQuarantinedClose {
  items: Array<QuarantinedClose>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageRunOut {
  items: Array<RunOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageSecurityOut {
  items: Array<SecurityOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageSnapshotOut {
  items: Array<SnapshotOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PageTagOut {
  items: Array<TagOut>;
  total: number;
  limit: number;
  offset: number;
}

export interface PairHistory {
  portfolio_id: string;
  symbol_a: string;
  symbol_b: string;
  items: Array<PairPoint>;
  total: number;
  reason: string | null;
}

export interface PairPoint {
  as_of: string;
  correlation: number | null;
  measured_correlation: number | null;
  observations: number;
  lookback: number;
  quality: string;
  reason: string | null;
}

export interface PartOut {
  key: string;
  name: string;
  difference: number;
}

export interface PasswordChange {
  code?: string | null;
  current_password: string;
  new_password: string;
}

export interface PasswordProof {
  password: string;
}

export interface PasswordReset {
  new_password: string;
}

export type Per = "session" | "week" | "month";

export interface PerformanceReport {
  portfolio: PortfolioOut;
  as_of: string | null;
  periods: Array<PeriodReturn>;
  span: SpanReturn | null;
  items: Array<HistoryPoint>;
  total: number;
  limit: number;
  offset: number;
  reason: string | null;
}

export interface PeriodReturn {
  value: number | null;
  observations: number | null;
  reason: string | null;
  money_weighted: number | null;
  money_weighted_basis: Basis | null;
  money_weighted_reason: string | null;
  large_flows: Array<string>;
  period: string;
}

export interface PnlByPosition {
  largest: Array<PositionPnl>;
  others: number | null;
  total: number | null;
}

export interface PnlClass {
  low: number;
  high: number;
  sessions: number;
}

export interface PnlDistribution {
  mean_pnl: number;
  deviation: number;
  skewness: number | null;
  kurtosis: number | null;
  worst_pnl: number;
  best_pnl: number;
  classes: Array<PnlClass>;
}

export interface PnlVector {
  position_id: string;
  symbol: string;
  values: Array<number | null> | null;
  counted: boolean;
  reason: string | null;
}

export interface PnlVectors {
  items: Array<PnlVector>;
  total: number;
  limit: number;
  offset: number;
  portfolio_id: string;
  as_of: string | null;
  session_dates: Array<string>;
  values: Array<number | null>;
  distribution: PnlDistribution | null;
  reason: string | null;
}

export type PortfolioAccess = "owner" | "editor" | "viewer";

export interface PortfolioLeftOut {
  portfolio_id: string;
  name: string;
  reason: string;
}

export interface PortfolioOut {
  portfolio_id: string;
  name: string;
  equity_balance: number | null;
  equity_date: string | null;
  valued_from: string | null;
  lot_method: LotMethod;
  settlement: Settling;
  positions: number;
  created_at: string;
  access: PortfolioAccess;
  owner_name: string | null;
}

export interface PortfolioReport {
  portfolio: PortfolioOut;
  as_of: string | null;
  snapshot: SnapshotOut | null;
  history: Array<ReportedPoint>;
  sessions: Array<string>;
  last_session: string | null;
  sessions_behind: number | null;
  positions: Array<ValuedPosition>;
  greeks: GreeksReport;
  factors: FactorReport;
  stress: StressReport;
  metrics: MetricsReport;
  performance: Array<PeriodReturn>;
  attribution: AttributionReport;
  pnl_by_position: PnlByPosition;
  limits: Record<string, number>;
  limit_states: Array<LimitOnSession>;
  market_data: MarketDataUsed;
  last_run: PortfolioRun | null;
  coverage: Coverage | null;
  left_out: Array<LeftOut>;
  warnings: Array<Warned>;
  reason: string | null;
}

export interface PortfolioRun {
  run_id: string;
  as_of: string;
  trigger: string;
  status: string;
  started_at: string;
  finished_at: string | null;
  problems: Array<TroubleOut>;
}

export interface PortfolioRunStarted {
  run_id: string;
  portfolio_id: string;
  session_date: string;
  status: string;
}

export interface PortfolioScenarios {
  portfolio_id: string;
  name: string;
  as_of: string | null;
  nav: number | null;
  cells: Array<ScenarioCell>;
}

export type PortfolioSort = "created_at" | "-created_at" | "name" | "-name";

export interface PortfolioSummary {
  portfolio: PortfolioOut;
  as_of: string | null;
  snapshot: SnapshotOut | null;
  coverage: Coverage | null;
  left_out: Array<LeftOut>;
  warnings: Array<Warned>;
  reason: string | null;
}

export interface PortfolioTerms {
  name?: string | null;
  equity_balance?: number | string | null;
  lot_method?: LotMethod | null;
  settlement?: Settling | null;
}

export interface PositionColumns {
  position_id: Array<string>;
  symbol: Array<string>;
  name: Array<string | null>;
  sector: Array<string | null>;
  position_type: Array<string>;
  instrument: Array<string>;
  underlying: Array<string>;
  option_type: Array<string | null>;
  strike: Array<number | null>;
  expiry: Array<string | null>;
  days_to_expiry: Array<number | null>;
  multiplier: Array<number>;
  investment_class: Array<string>;
  quantity: Array<number>;
  opened_quantity: Array<number>;
  entry_price: Array<number>;
  entry_date: Array<string>;
  exit_price: Array<number | null>;
  exit_date: Array<string | null>;
  tags: Array<Array<string>>;
  price: Array<number | null>;
  price_date: Array<string | null>;
  price_age: Array<number | null>;
  price_source: Array<string | null>;
  underlying_price: Array<number | null>;
  cost: Array<number>;
  market_value: Array<number | null>;
  weight: Array<number | null>;
  daily_pnl: Array<number | null>;
  income: Array<number | null>;
  unrealised_pnl: Array<number | null>;
  unrealised_return: Array<number | null>;
  realised_pnl: Array<number | null>;
  notional_exposure: Array<number | null>;
  delta: Array<number | null>;
  delta_adjusted_exposure: Array<number | null>;
  dollar_gamma_1pct: Array<number | null>;
  gamma: Array<number | null>;
  theta: Array<number | null>;
  vega: Array<number | null>;
  rho: Array<number | null>;
  volatility: Array<number | null>;
  iv_source: Array<string | null>;
  model: Array<string | null>;
  component_var: Array<number | null>;
  reason: Array<string | null>;
}

export interface PositionEdit {
  symbol?: string | null;
  underlying?: string | null;
  option_type?: string | null;
  strike?: number | string | null;
  expiry?: string | null;
  investment_class?: string | null;
  investment_subtype?: string | null;
  quantity?: number | string | null;
  entry_price?: number | string | null;
  entry_date?: string | null;
  exit_date?: string | null;
  exit_price?: number | string | null;
  tags?: Array<string> | null;
}

export interface PositionFactor {
  factor: string;
  name: string;
  beta: number | null;
  raw_beta: number | null;
  standard_error: number | null;
  t_statistic: number | null;
  indistinguishable_from_zero: boolean | null;
  capped: boolean | null;
  factor_exposure: number | null;
  r_squared: number | null;
  observations: number | null;
  condition_number: number | null;
  quality: string | null;
  reason: string | null;
}

export interface PositionFactorPage {
  portfolio_id: string;
  as_of: string | null;
  model: Model;
  view: View;
  note: string | null;
  items: Array<PositionFactors>;
  total: number;
  limit: number;
  offset: number;
  left_out: Array<LeftOut>;
  reason: string | null;
}

export interface PositionFactors {
  position_id: string;
  symbol: string;
  underlying: string;
  quantity: number;
  option_type: string | null;
  exposure: number | null;
  factors: Array<PositionFactor>;
  rates: Array<PositionRate>;
}

export interface PositionGreeks {
  position_id: string;
  contract: string;
  underlying: string;
  option_type: string | null;
  strike: number | null;
  expiry: string | null;
  quantity: number;
  multiplier: number;
  delta: number | null;
  gamma: number | null;
  theta: number | null;
  vega: number | null;
  rho: number | null;
  unit: GreekSet;
  underlying_price: number | null;
  underlying_price_date: string | null;
  years_to_expiry: number | null;
  volatility: number | null;
  iv_source: string | null;
  rate: number | null;
  rate_source: string | null;
  dividend_yield: number | null;
  dividend_source: string | null;
  dividends: Array<CashDividend> | null;
  model: string | null;
  quote_mid: number | null;
  note: string | null;
  reason: string | null;
}

export interface PositionGroup {
  key: string | null;
  name: string;
  positions: number;
  position_ids: Array<string>;
  cost: number;
  market_value: number | null;
  unrealised_pnl: number | null;
  realised_pnl: number | null;
  daily_pnl: number | null;
  weight: number | null;
  exposures: GroupExposures;
  greeks: GreekSet;
  coverage: Coverage;
  left_out: Array<LeftOut>;
}

export interface PositionHistory {
  position_id: string;
  portfolio_id: string;
  items: Array<PositionPoint>;
  total: number;
  reason: string | null;
}

export interface PositionImpactOut {
  position_id: string;
  symbol: string;
  pnl: number | null;
}

export interface PositionOut {
  position_id: string;
  portfolio_id: string;
  symbol: string;
  name: string | null;
  sector: string | null;
  position_type: string;
  instrument: string;
  underlying: string;
  option_type: string | null;
  strike: number | null;
  expiry: string | null;
  multiplier: number;
  investment_class: string;
  investment_subtype: string | null;
  quantity: number;
  opened_quantity: number;
  opened_by: string | null;
  entry_price: number;
  entry_date: string;
  exit_price: number | null;
  exit_date: string | null;
  stated_on: string;
  split_factor: number;
  tags: Array<string>;
  valued_on: string | null;
  price: number | null;
  price_date: string | null;
  price_source: string | null;
  stale: boolean | null;
  underlying_price: number | null;
  cost: number;
  market_value: number | null;
  weight: number | null;
  unrealised_pnl: number | null;
  unrealised_return: number | null;
  realised_pnl: number | null;
  daily_pnl: number | null;
  income: number | null;
  notional_exposure: number | null;
  delta: number | null;
  delta_adjusted_exposure: number | null;
  greeks: GreekSet;
  reason: string | null;
}

export interface PositionPage {
  portfolio_id: string;
  valued_on: string | null;
  items: Array<PositionOut>;
  total: number;
  limit: number;
  offset: number;
  reason: string | null;
}

export interface PositionPnl {
  position_id: string;
  symbol: string;
  pnl: number;
}

export interface PositionPoint {
  as_of: string;
  state: "held" | "closed";
  symbol: string | null;
  quantity: number | null;
  price: number | null;
  price_date: string | null;
  price_source: string | null;
  stale: boolean | null;
  underlying_price: number | null;
  market_value: number | null;
  cost: number | null;
  unrealised_pnl: number | null;
  daily_pnl: number | null;
  income: number | null;
  notional_exposure: number | null;
  delta: number | null;
  delta_adjusted_exposure: number | null;
  greeks: GreekSet | null;
  dollar_gamma_1pct: number | null;
  volatility: number | null;
  iv_source: string | null;
  component_var: number | null;
  component_es: number | null;
  reason: string | null;
}

export interface PositionRate {
  maturity: string;
  dollars_per_basis_point: number | null;
  beta: number | null;
  standard_error: number | null;
  t_statistic: number | null;
  indistinguishable_from_zero: boolean | null;
  observations: number | null;
  quality: string | null;
  reason: string | null;
}

export interface PositionSaved {
  position_id: string;
  portfolio_id: string;
  symbol: string;
  name: string | null;
  sector: string | null;
  position_type: string;
  instrument: string;
  underlying: string;
  option_type: string | null;
  strike: number | null;
  expiry: string | null;
  multiplier: number;
  investment_class: string;
  investment_subtype: string | null;
  quantity: number;
  opened_quantity: number;
  opened_by: string | null;
  entry_price: number;
  entry_date: string;
  exit_price: number | null;
  exit_date: string | null;
  stated_on: string;
  split_factor: number;
  tags: Array<string>;
  valued_on: string | null;
  price: number | null;
  price_date: string | null;
  price_source: string | null;
  stale: boolean | null;
  underlying_price: number | null;
  cost: number;
  market_value: number | null;
  weight: number | null;
  unrealised_pnl: number | null;
  unrealised_return: number | null;
  realised_pnl: number | null;
  daily_pnl: number | null;
  income: number | null;
  notional_exposure: number | null;
  delta: number | null;
  delta_adjusted_exposure: number | null;
  greeks: GreekSet;
  reason: string | null;
  changed: boolean;
  run_id: string | null;
  restated: RestatedSessions | null;
  warnings: Array<Warned>;
}

export interface PositionSums {
  positions: number;
  cost: number;
  market_value: number | null;
  daily_pnl: number | null;
  unrealised_pnl: number | null;
  realised_pnl: number | null;
  weight: number | null;
  exposures: GroupExposures;
  greeks: GreekSet;
  dollar_gamma_1pct: number | null;
  component_var: number | null;
  coverage: Coverage;
  left_out: Array<LeftOut>;
}

export type PositionType = "LONG" | "SHORT" | "LC" | "SC" | "LP" | "SP";

export interface PositionValues {
  valued_on: string | null;
  price: number | null;
  price_date: string | null;
  price_source: string | null;
  stale: boolean | null;
  underlying_price: number | null;
  cost: number;
  market_value: number | null;
  weight: number | null;
  daily_pnl: number | null;
  unrealised_pnl: number | null;
  notional_exposure: number | null;
  delta: number | null;
  delta_adjusted_exposure: number | null;
  reason: string | null;
}

export interface PositionsExport {
  portfolio: PortfolioOut;
  positions: Array<ExportedPosition>;
}

export interface PositionsTable {
  portfolio_id: string;
  valued_on: string | null;
  status: Status;
  positions: number;
  columns: PositionColumns;
  tags: Array<UsedTag>;
  everything: PositionSums;
  reason: string | null;
}

export interface Preferences {
  theme?: "system" | "light" | "dark" | "contrast" | "contrast-light";
  default_portfolio_id?: string | null;
  views?: Array<SavedView>;
}

export interface PreferencesOut {
  theme?: "system" | "light" | "dark" | "contrast" | "contrast-light";
  default_portfolio_id?: string | null;
  views?: Array<SavedView>;
  version: number;
}

export interface PriceHistory {
  items: Array<PriceOut>;
  total: number;
  limit: number;
  offset: number;
  symbol: string;
  security: SecurityOut | null;
}

export interface PriceIn {
  symbol: string;
  session_date: string;
  close: number | string;
  adjusted_close?: number | string | null;
}

export interface PriceOut {
  session_date: string;
  close: number;
  adjusted_close: number;
  close_basis: string;
  source: string;
}

export interface PriceSource {
  source: string;
  basis: string;
  prices: number;
}

export interface Prices {
  rows: Array<PriceIn>;
}

export interface ProblemDetail {
  stage: string;
  shard: number;
  code: string;
  message: string;
  portfolio_ids?: Array<string>;
  fatal?: boolean;
  detail?: string | null;
}

export interface ProfileOut {
  name: string;
  header: Array<string>;
  mapping: FileMapping;
  profile_id: string;
  fingerprint: string;
  created_at: string;
}

export interface ProposedLine {
  kind: Kind;
  symbol: string | null;
  quantity: number | null;
  price: number | null;
  amount: number | null;
  cash: number;
  reverses: string | null;
}

export interface ProviderAnswer {
  provider: string;
  known: boolean;
  asked_at: string;
}

export interface QuarantinedClose {
  symbol: string;
  session_date: string;
  source: string;
  close: string;
  reason: string;
  seen_at: string;
}

export interface QueuedOut {
  notification_id: string;
}

export interface RateImpact {
  maturity: string;
  dollars_per_basis_point: MoneyChange;
}

export interface RateOut {
  maturity: string;
  dollars_per_basis_point: number | null;
  standard_error: number | null;
  indistinguishable_from_zero: boolean | null;
  beta: number | null;
  coverage: number | null;
  reason: string | null;
}

export interface Readiness {
  ready: boolean;
  bus: boolean;
  publishing: boolean;
  database: boolean;
  durables_missing: Array<string>;
  rate_limits: "in_process" | "shared" | "store_unreachable";
}

export interface Rebase {
  as_of?: string | null;
}

export interface Receipt {
  rows: number;
  new: number;
  updated: number;
  unchanged: number;
  refused: number;
  skipped: number;
}

export interface RecognisedFile {
  format: Source | null;
  layout: string | null;
  profile_id: string | null;
  lists: Array<Use>;
  fingerprint: string | null;
  line: number | null;
  separator: Separator | null;
  first_lines: Array<FirstLineOut>;
  header: Array<string>;
  columns: Array<FileColumnOut>;
  suggested: FileMapping | null;
  rows: number | null;
  problem: FieldError | null;
}

export interface ReconciledOut {
  transactions: Array<TransactionOut>;
  skipped: Array<SkippedTransaction>;
  run_id: string | null;
  restated: RestatedSessions | null;
  warnings: Array<Warned>;
  hash: string;
  repeated: boolean;
}

export interface ReconciliationOut {
  portfolio_id: string;
  day: string;
  stated_on: string;
  format: Source;
  layout: string | null;
  lines: Entry;
  hash: string;
  agreeing: number;
  differences: Array<DifferenceOut>;
  cash: CashOut;
  totals: FileTotalsOut;
  rows: number;
  refused: number;
  problems: Array<FieldError>;
  warnings: Array<FieldError>;
  skipped: Array<SkippedLine>;
}

export interface RecoveryCodes {
  recovery_codes: Array<string>;
}

export interface RefreshRequest {
  refresh_token: string;
}

export interface Registered {
  email: string;
}

export interface Registration {
  email: string;
  password: string;
  full_name?: string;
}

export interface Regression {
  factors: Array<string>;
  quality: string;
  reason: string | null;
  observations: number;
  first_day: string | null;
  last_day: string | null;
  r_squared: number | null;
  adjusted_r_squared: number | null;
  residual_deviation: number | null;
  degrees_of_freedom: number | null;
  condition_number: number | null;
  design_condition_number: number | null;
  newey_west_lags: number | null;
  intercept: CoefficientEstimate | null;
  coefficients: Array<FactorCoefficient>;
  tests: ResidualTests | null;
  rolling: RollingBetas | null;
  influence: Influence | null;
}

export interface RegressionReport {
  symbol: string;
  as_of: string;
  model: Model;
  note: string | null;
  stored: boolean;
  price_run: string | null;
  largest_difference: number | null;
  regressions: Array<Regression>;
  warnings: Array<Warned>;
}

export interface RejectedCloseOut {
  session_date: string;
  close: string;
  source: string;
  reason: string;
}

export interface ReportOut {
  report_id: string;
  state: "queued" | "rendering" | "rendered" | "failed" | "cancelled" | "expired";
  progress: number;
  portfolio_ids: Array<string>;
  names: Array<string>;
  as_of: string;
  template: "daily" | "full" | "investor" | "draft";
  format: "html" | "pdf" | "xlsx" | "md" | "json" | "csv" | "parquet";
  sections: Array<ReportSection>;
  schedule_id: string | null;
  basis: string;
  file_name: string;
  byte_count: number | null;
  sha256: string | null;
  created_at: string;
  finished_at: string | null;
  expires_at: string | null;
  downloaded_at: string | null;
  reason: string | null;
}

export interface ReportPage {
  items: Array<ReportOut>;
  limit: number;
  next: string | null;
}

export type ReportSection = "summary" | "changes" | "performance" | "exposures" | "positions" | "greeks" | "factors" | "var" | "scenarios" | "correlations" | "limits" | "quality" | "notes" | "draft";

export interface ReportTemplate {
  template: "daily" | "full" | "investor" | "draft";
  description: string;
  sections: Array<ReportSection>;
}

export interface ReportTemplates {
  items: Array<ReportTemplate>;
  formats: Array<"html" | "pdf" | "xlsx" | "md" | "json" | "csv" | "parquet">;
}

export interface ReportedPoint {
  as_of: string;
  nav: number | null;
  daily_pnl: number | null;
  trades_pnl: number | null;
  income: number | null;
  fees: number | null;
  cumulative_pnl: number | null;
  inflow: number | null;
  outflow: number | null;
  large_flow: boolean | null;
  unexplained: number | null;
  daily_return: number | null;
  drawdown: number;
}

export interface ResidualTests {
  durbin_watson: number | null;
  jarque_bera: Verdict;
  skewness: number | null;
  kurtosis: number | null;
  breusch_pagan: Verdict;
  cusum: Verdict;
  reason: string | null;
}

export interface RestatedSessions {
  first: string;
  last: string;
  count: number;
}

export interface RiskPartOut {
  contribution: number | null;
  share_of_risk: number | null;
}

export interface RollingBetas {
  window: number;
  session_dates: Array<string>;
  factors: Array<string>;
  betas: Array<Array<number | null>>;
}

export interface RowsStored {
  received: number;
  changed: number;
  first_session?: string | null;
  last_session?: string | null;
  warnings?: Array<Notice>;
}

export interface RunDetail {
  run_id: string;
  as_of: string;
  trigger: string;
  status: string;
  started_at: string;
  finished_at: string | null;
  problems: Array<ProblemDetail>;
  stages: Array<StageOut>;
  items: Array<ItemOut>;
}

export interface RunOfPortfolio {
  portfolio_id: string;
  name: string;
  status: string;
  finished_at: string | null;
  stages: Array<StageOfPortfolio>;
  problems: Array<TroubleOut>;
}

export interface RunOut {
  run_id: string;
  as_of: string;
  trigger: string;
  status: string;
  started_at: string;
  finished_at: string | null;
  problems: Array<ProblemDetail>;
}

export interface RunStarted {
  run_id: string;
  session_date: string;
  status: string;
}

export interface Save {
  name?: string | null;
}

export interface SavedView {
  screen: string;
  name: string;
  address: Record<string, string>;
}

export interface ScenarioCell {
  scenario_id: string;
  direct: number | null;
  correlated: number | null;
  share_of_nav: number | null;
  stated: number | null;
  headline: Headline | null;
  plausibility: number | null;
}

export interface ScenarioGroup {
  group: string;
  method: string;
  scenarios: number;
  lowest: number;
  mean: number;
  highest: number;
}

export interface ScenarioImpact {
  scenario_id: string;
  name: string;
  category: string;
  severity: string;
  direct: MoneyChange;
  correlated: MoneyChange;
}

export interface ScenarioList {
  items: Array<ScenarioOut>;
  total: number;
}

export interface ScenarioMap {
  as_of: string | null;
  nav: number | null;
  scenarios: Array<MappedScenario>;
  portfolios: Array<PortfolioScenarios>;
  left_out: Array<PortfolioLeftOut>;
  reason: string | null;
}

export interface ScenarioOut {
  scenario_id: string;
  name: string;
  description: string | null;
  category: string;
  severity: string;
  shocks: Record<string, number>;
  rate_shock: number | null;
  volatility_shock: number | null;
  basis: string;
  custom: boolean;
  measured_shocks: Record<string, number> | null;
  measured_returns: Record<string, number> | null;
  measured_rate_change: number | null;
  measured_source: string | null;
  window_start: string | null;
  window_end: string | null;
}

export interface ScenarioPnl {
  scenario_id: string;
  name: string;
  total_pnl: number;
}

export interface ScheduleList {
  items: Array<ScheduleOut>;
  total: number;
}

export interface ScheduleOut {
  schedule_id: string;
  name: string;
  portfolio_ids: Array<string>;
  template: "daily" | "full" | "investor" | "draft";
  format: "html" | "pdf" | "xlsx" | "md" | "json" | "csv" | "parquet";
  sections: Array<ReportSection>;
  cadence: "daily" | "weekly" | "monthly";
  enabled: boolean;
  last_session: string | null;
  problem: string | null;
  created_at: string;
}

export type Scope = "portfolio:read" | "risk:read" | "draft:write" | "portfolio:write";

export interface SecondFactorBegun {
  secret: string;
  uri: string;
  expires_at: string;
}

export interface SecondFactorOut {
  state: "off" | "begun" | "on";
  confirmed_at: string | null;
  recovery_codes_left: number;
}

export interface SecretOut {
  channel_id: string;
  secret: string;
}

export interface SecurityOut {
  symbol: string;
  kind: string;
  name: string | null;
  sector: string | null;
  industry: string | null;
  dividend_yield: number | null;
  source: string;
}

export type Separator = "," | ";" | "	" | "|";

export interface Series {
  measure: string;
  title: string;
  unit: string;
  values: Array<number | null>;
  gaps: Array<Gap>;
}

export interface SeriesReport {
  portfolio_id: string;
  start: string | null;
  end: string | null;
  session_dates: Array<string>;
  series: Array<Series>;
  reason: string | null;
}

export type Service = "ingest" | "greeks" | "factors" | "snapshots" | "stress" | "limits" | "reports" | "gateway";

export interface ServicesGatewayAnalyticsSchemasCorrelationsClusterOut {
  cluster: number;
  name: string;
  value: number;
  weight: number;
  mean_correlation: number;
  members: Array<ClusterMember>;
}

export interface ServicesGatewayAnalyticsSchemasImpactsClusterOut {
  name: string;
  symbols: Array<string>;
}

export interface SessionRun {
  run_id: string;
  session_date: string;
}

export type Settling = "physical" | "cash";

export interface ShareList {
  items: Array<ShareOut>;
  total: number;
}

export interface ShareOfNav {
  long: number | null;
  short: number | null;
  gross: number | null;
  net: number | null;
}

export interface ShareOut {
  user_id: string;
  email: string;
  name: string;
  role: ShareRole;
  created_at: string;
}

export type ShareRole = "viewer" | "editor";

export interface SharesOfNav {
  dollar: ShareOfNav;
  notional: ShareOfNav;
  delta_adjusted: ShareOfNav;
}

export interface SideOut {
  quantity: number;
  cost: number | null;
  price: number | null;
}

export interface SidesImpact {
  long: MoneyChange;
  short: MoneyChange;
  gross: MoneyChange;
  net: MoneyChange;
}

export interface SidesOfGreeks {
  positions: number;
  positions_left_out: number;
  long: DollarGreeks | null;
  short: DollarGreeks | null;
  net: DollarGreeks | null;
}

export type Sign = "column" | "quantity" | "inverted";

export interface SignOnAddress {
  url: string | null;
}

export interface SignOnOffer {
  configured: boolean;
  name: string | null;
}

export interface SignOnStart {
  return_to?: string;
}

export interface SkippedLine {
  line: number;
  label: string;
  code: string;
  message: string;
}

export interface SkippedTransaction {
  external_id: string;
  transaction_id: string;
}

export interface SmileCurve {
  at_the_money: number;
  skew: number;
  curvature: number;
  fit_deviation: number;
  quotes_fitted: number;
  strikes: Array<number>;
  fitted_volatilities: Array<number>;
}

export interface SmileQuote {
  contract: string;
  option_type: string;
  strike: number;
  bid: number;
  ask: number;
  bid_volatility: number | null;
  volatility: number | null;
  ask_volatility: number | null;
  moneyness: number | null;
  fitted: boolean;
  reason: string | null;
}

export interface SmileReport {
  underlying: string;
  as_of: string | null;
  expiries: Array<ExpirySmile>;
  quotes_not_shown: number;
  reason: string | null;
}

export interface SnapshotOut {
  as_of: string;
  previous_session: string | null;
  nav: number | null;
  cash: number | null;
  market_value: number | null;
  equity_statement: number | null;
  unexplained: number | null;
  daily_pnl: number | null;
  trades_pnl: number | null;
  income: number | null;
  fees: number | null;
  cumulative_pnl: number | null;
  net_flow: number | null;
  inflow: number | null;
  outflow: number | null;
  large_flow: boolean | null;
  daily_return: number | null;
  chained_from: string | null;
  unrealised_pnl: number | null;
  exposures: Exposures | null;
  exposures_of_nav: SharesOfNav | null;
  greeks: GreekSet;
  counts: Record<string, number> | null;
  coverage: Coverage;
  warnings: Array<Warned> | null;
}

export interface SnapshotsStarted {
  portfolio_id: string;
  status: string;
  runs: Array<SessionRun>;
}

export type Sort = "symbol" | "-symbol" | "underlying" | "-underlying" | "entry_date" | "-entry_date" | "entry_price" | "-entry_price" | "quantity" | "-quantity" | "cost" | "-cost" | "price" | "-price" | "market_value" | "-market_value" | "weight" | "-weight" | "unrealised_pnl" | "-unrealised_pnl" | "daily_pnl" | "-daily_pnl" | "notional_exposure" | "-notional_exposure" | "delta_adjusted_exposure" | "-delta_adjusted_exposure";

export type Source = "five_columns" | "twelve_columns" | "schwab_positions" | "transactions";

export interface SourceOut {
  format: Source;
  layout?: string | null;
  profile_id?: string | null;
  lists?: Array<Use>;
  accounts: Array<string>;
  exported_on: string | null;
  entry_date: string | null;
  cash: number | null;
  total?: number | null;
  equity_balance: number | null;
  skipped: Array<SkippedLine>;
  ignored: Array<string>;
}

export type Space = "market_relative" | "absolute";

export interface SpanReturn {
  value: number | null;
  observations: number | null;
  reason: string | null;
  money_weighted: number | null;
  money_weighted_basis: Basis | null;
  money_weighted_reason: string | null;
  large_flows: Array<string>;
  start: string;
  end: string;
}

export interface SpecifiedResult {
  total_pnl: number | null;
  volatility_pnl: number | null;
  nonlinear: number | null;
  factor_impacts: Record<string, number> | null;
  effective_shocks: Record<string, number>;
  implied_moves: Record<string, number>;
  plausibility: number | null;
}

export interface Spread {
  mean: number | null;
  min: number | null;
  max: number | null;
}

export interface StageOfPortfolio {
  stage: string;
  status: string;
  after_seconds: number;
  seconds: number;
  ended_at: string;
}

export interface StageOut {
  stage: string;
  first_start: string;
  last_end: string;
  busy_seconds: number;
  shards_done: number;
  shards_failed: number;
}

export type State = "draft" | "calculated" | "stale" | "saved";

export type Status = "open" | "closed" | "all";

export type Strategy = "vertical" | "straddle" | "strangle" | "collar" | "covered_call" | "protective_put" | "iron_condor";

export interface StrategyOut {
  key: string | null;
  name: string;
  positions: number;
  position_ids: Array<string>;
  cost: number;
  market_value: number | null;
  unrealised_pnl: number | null;
  realised_pnl: number | null;
  daily_pnl: number | null;
  weight: number | null;
  exposures: GroupExposures;
  greeks: GreekSet;
  coverage: Coverage;
  left_out: Array<LeftOut>;
  tag_id: string;
  colour: string;
  types: Record<string, number>;
  symbols: Array<string>;
}

export interface StrategyPage {
  portfolio_id: string;
  valued_on: string | null;
  items: Array<StrategyOut>;
  total: number;
  limit: number;
  offset: number;
  reason: string | null;
}

export interface StressOutcome {
  scenario_id: string;
  name: string;
  category: string;
  severity: string;
  shocks: Record<string, number>;
  rate_shock: number | null;
  volatility_shock: number | null;
  direct: StressResultOut | null;
  correlated: StressResultOut | null;
}

export interface StressReport {
  portfolio_id: string;
  as_of: string | null;
  nav: number | null;
  scenarios: Array<StressOutcome>;
  direct: Extremes;
  correlated: Extremes;
  correlated_by: CovarianceBasis | null;
  by_category: Array<ScenarioGroup>;
  by_severity: Array<ScenarioGroup>;
  market_scenarios: Array<MarketScenario>;
  coverage: number | null;
  left_out: Array<LeftOut>;
  warnings: Array<Warned>;
  reason: string | null;
}

export interface StressResultOut {
  headline: Headline;
  total_pnl: number | null;
  share_of_nav: number | null;
  loss_exceeds_nav: boolean;
  factor_impacts: Record<string, number> | null;
  volatility_pnl: number | null;
  nonlinear: number | null;
  delta_gamma_pnl: number | null;
  delta_gamma_difference: number | null;
  correlation_effect: number | null;
  effective_shocks: Record<string, number | null> | null;
  implied_moves?: Record<string, number>;
  plausibility?: number | null;
  floored?: Record<string, number>;
  stated?: SpecifiedResult | null;
  option_valuation: string | null;
  coverage: number | null;
  warnings: Array<Warned> | null;
  left_out?: Array<LeftOutSymbol>;
  positions?: Array<PositionImpactOut> | null;
  positions_not_shown?: number;
  pnl_not_shown?: number;
}

export interface SuggestedTrade {
  symbol: string;
  quantity: number;
  price: number;
  dollars: number;
}

export interface SuggestionOut {
  draft: DraftWithTrades | null;
  trades: Array<SuggestedTrade>;
  dollars_traded: number;
  least_dollars: number;
  gap: number;
  cash: number;
  targets: Array<MeasureMoved>;
  leaves: Array<MeasureMoved>;
}

export interface SuggestionsOut {
  draft_id: string;
  as_of: string;
  candidates: number;
  suggestions: Array<SuggestionOut>;
  left_out: Array<Warned>;
}

export interface SummedGroup {
  positions: number;
  cost: number;
  market_value: number | null;
  daily_pnl: number | null;
  unrealised_pnl: number | null;
  realised_pnl: number | null;
  weight: number | null;
  exposures: GroupExposures;
  greeks: GreekSet;
  dollar_gamma_1pct: number | null;
  component_var: number | null;
  coverage: Coverage;
  left_out: Array<LeftOut>;
  key: string | null;
  name: string;
  position_ids: Array<string>;
}

export interface SummedPortfolios {
  as_of: string | null;
  portfolios: number;
  added: number;
  nav: number | null;
  cash: number | null;
  market_value: number | null;
  daily_pnl: number | null;
  cumulative_pnl: number | null;
  unrealised_pnl: number | null;
  exposures: Exposures | null;
  theta: number | null;
  vega: number | null;
  rho: number | null;
  var_95_1d_sum: number | null;
  scenarios: Array<SummedScenario>;
  left_out: Array<PortfolioLeftOut>;
  reason: string | null;
  risk_reason?: string | null;
}

export interface SummedPositions {
  portfolio_id: string;
  valued_on: string | null;
  by: GroupBy | null;
  everything: PositionSums;
  groups: Array<SummedGroup>;
  reason: string | null;
}

export interface SummedScenario {
  scenario_id: string;
  name: string;
  direct: number | null;
  correlated: number | null;
  portfolios: number;
}

export interface SymbolOut {
  symbol: string;
  kind: string;
  name: string | null;
  sector: string | null;
  held: boolean;
  portfolio_ids: Array<string>;
}

export interface SymbolQuality {
  symbol: string;
  status: string;
  last_session: string | null;
  prices: number;
  missing: number;
  quarantined: number;
  age_sessions?: number | null;
  rejected?: Array<RejectedCloseOut>;
  sources: Array<string>;
  state: string;
  answered: Array<ProviderAnswer>;
  reason: string | null;
}

export interface SymbolsFound {
  items: Array<SymbolOut>;
  total: number;
}

export interface TagEdit {
  name?: string | null;
  colour?: string | null;
}

export type TagMatch = "any" | "all";

export interface TagOut {
  tag_id: string;
  name: string;
  colour: string;
  strategy: string | null;
  positions: number;
  created_at: string;
}

export interface TagsOfPosition {
  tags: Array<string>;
}

export interface TermsOut {
  quantity: number;
  entry_price: number;
  investment_class: string;
  investment_subtype: string | null;
  exit_date: string | null;
  exit_price: number | null;
}

export interface TicketOut {
  ticket: string;
  expires_at: string;
}

export type TimeInForce = "day" | "good_till_cancelled" | "at_the_open" | "immediate_or_cancel" | "fill_or_kill" | "at_the_close";

export interface TokenCreated {
  token_id: string;
  name: string;
  hint: string;
  scopes: Array<Scope>;
  state: string;
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
  token: string;
}

export interface TokenList {
  items: Array<TokenOut>;
  total: number;
}

export interface TokenOut {
  token_id: string;
  name: string;
  hint: string;
  scopes: Array<Scope>;
  state: string;
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface TokenPair {
  access_token: string;
  refresh_token: string;
  token_type?: string;
  expires_in: number;
}

export interface Totals {
  lots: number;
  long_cost: number;
  short_cost: number;
  cash?: number | null;
}

export interface TotalsBeside {
  file: Totals;
  portfolio: Totals | null;
  export?: FileTotalsOut | null;
}

export type TradeAction = "open" | "close" | "adjust" | "hedge" | "strategy" | "add_portfolio" | "subtract_portfolio";

export type TradeForm = "csv" | "json" | "fix";

export interface TradeOut {
  trade_id: string;
  place: number;
  action: TradeAction;
  wanted: Record<string, unknown>;
  legs: Array<LegOut>;
}

export interface TradePart {
  trade_id: string;
  place: number;
  action: TradeAction;
  market_value: number | null;
  notional_exposure: number | null;
  delta_adjusted_exposure: number | null;
  greeks: GreekParts;
  factors: Record<string, number | null>;
  scenarios_direct: Record<string, number | null>;
  scenarios_correlated: Record<string, number | null>;
}

export interface TradesExport {
  draft_id: string | null;
  name: string;
  portfolio_id: string;
  transactions: Array<ExportedTrade>;
}

export interface TransactionOut {
  transaction_id: string;
  portfolio_id: string;
  kind: Kind;
  trade_date: string;
  symbol: string | null;
  underlying: string | null;
  option_type: string | null;
  strike: number | null;
  expiry: string | null;
  multiplier: number;
  quantity: number | null;
  price: number | null;
  amount: number | null;
  fees: number;
  cash: number | null;
  stated_on: string;
  lot_id: string | null;
  lot_method: LotMethod | null;
  source: string;
  source_line: number | null;
  external_id: string | null;
  note: string;
  reverses: string | null;
  reversed_by: string | null;
  counts: boolean;
  created_at: string | null;
}

export interface TransactionPage {
  items: Array<TransactionOut>;
  limit: number;
  next: string | null;
}

export interface TransactionsExport {
  portfolio: PortfolioOut;
  transactions: Array<TransactionOut>;
}

export interface TransactionsSaved {
  transactions: Array<TransactionOut>;
  skipped: Array<SkippedTransaction>;
  run_id: string | null;
  restated: RestatedSessions | null;
  warnings: Array<Warned>;
}

export interface TriedLimit {
  portfolio_id: string;
  first: string | null;
  last: string | null;
  sessions: number;
  not_measured: number;
  sessions_in_warning: number;
  sessions_in_breach: number;
  warnings: number;
  breaches: number;
  state: string | null;
  episodes: Array<LimitEpisode>;
  episodes_in_all: number;
  reasons: Record<string, number>;
  beyond: Array<TriedSession>;
}

export interface TriedSession {
  as_of: string;
  level: string;
  value: number;
  member: string | null;
}

export interface TroubleOut {
  stage: string;
  shard: number;
  code: string;
  message: string;
  portfolio_ids: Array<string>;
}

export interface UnmeasuredPair {
  symbol_a: string;
  symbol_b: string;
  observations: number;
  reason: string;
}

export interface UploadReport {
  portfolio: PortfolioOut | null;
  source: SourceOut;
  dry_run: boolean;
  mode: Mode;
  as_of: string;
  stated_on: string | "entry_date";
  rows: number;
  new: number;
  updated: number;
  unchanged: number;
  rejected: number;
  receipt: Receipt;
  totals: TotalsBeside;
  changes: Array<ChangeOut>;
  transactions: Array<EntryOut>;
  problems: Array<FieldError>;
  warnings: Array<FieldError>;
  restated: RestatedSessions | null;
  run_id: string | null;
}

export type Use = "positions" | "transactions";

export interface UsedTag {
  name: string;
  colour: string;
}

export interface UserOut {
  user_id: string;
  email: string;
  full_name: string;
  role: string;
  created_at: string;
}

export interface UserTerms {
  full_name?: string | null;
  role?: "user" | "admin" | null;
  disabled?: boolean | null;
}

export interface ValuedPosition {
  position_id: string;
  symbol: string;
  underlying: string;
  position_type: string;
  sector: string | null;
  quantity: number;
  multiplier: number;
  entry_price: number;
  entry_date: string;
  strike: number | null;
  expiry: string | null;
  price: number | null;
  price_date: string | null;
  price_source: string | null;
  stale: boolean | null;
  market_value: number | null;
  cost: number | null;
  unrealised_pnl: number | null;
  daily_pnl: number | null;
  income: number | null;
  notional_exposure: number | null;
  delta: number | null;
  delta_adjusted_exposure: number | null;
  volatility: number | null;
  iv_source: string | null;
  rate_source: string | null;
  dividend_source: string | null;
  model: string | null;
  reason: string | null;
}

export interface VarBacktest {
  portfolio_id: string;
  start: string | null;
  end: string | null;
  judged: Array<JudgedVar>;
  reason: string | null;
}

export interface Verdict {
  statistic: number | null;
  p_value: number | null;
}

export type View = "portfolio" | "longs" | "shorts";

export interface Waiver {
  portfolio_id?: string | null;
  reason: string;
  until: string;
}

export interface WantedBatch {
  session_date?: string | null;
}

export interface WantedCandidate {
  symbol: string;
  most_bought?: number | null;
  most_sold?: number | null;
  most_dollars?: number | null;
}

export interface WantedCorrelations {
  portfolio_id?: string | null;
  as_of?: string | null;
  parameters?: CorrelationParametersIn;
}

export interface WantedCurve {
  underlying?: string | null;
  spot_mode?: "beta_weighted" | "parallel" | null;
  volatility_term?: "parallel" | "by_tenor";
  spots?: Array<number>;
  volatility_shock?: number;
  volatilities?: Array<number>;
  days_forward?: Array<number>;
  portfolio_id?: string | null;
  as_of?: string | null;
}

export interface WantedDraftCurve {
  underlying?: string | null;
  spot_mode?: "beta_weighted" | "parallel" | null;
  volatility_term?: "parallel" | "by_tenor";
  spots?: Array<number>;
  volatility_shock?: number;
  volatilities?: Array<number>;
  days_forward?: Array<number>;
}

export interface WantedFactorCorrelations {
  as_of?: string | null;
  space?: Space;
  decay?: number;
  lookback?: number;
}

export interface WantedGrid {
  underlying?: string | null;
  spot_mode?: "beta_weighted" | "parallel" | null;
  volatility_term?: "parallel" | "by_tenor";
  portfolio_id?: string | null;
  as_of?: string | null;
  spots?: Array<number>;
  volatilities?: Array<number>;
  days_forward?: Array<number>;
}

export interface WantedRun {
  portfolio_id?: string | null;
  session_date?: string | null;
}

export interface WantedSession {
  session_date?: string | null;
}

export interface WantedSessions {
  first_session?: string | null;
  last_session?: string | null;
}

export interface WantedSuggestions {
  targets: Array<WantedTarget>;
  candidates?: Array<WantedCandidate>;
  candidate_sets?: Array<CandidateSet> | null;
  reduce_only?: boolean;
  most_dollars?: number | null;
  seconds?: number;
  gap?: number;
  name?: string | null;
}

export interface WantedSums {
  portfolio_id?: string | null;
  as_of?: string | null;
  status?: Status;
  by?: GroupBy | null;
  position_ids?: Array<string> | null;
}

export interface WantedTarget {
  measure?: string;
  limit_id?: string | null;
  level?: "warning" | "breach";
  equal?: number | null;
  at_least?: number | null;
  at_most?: number | null;
  unit?: "own" | "share_of_nav";
  tolerance?: number | null;
}

export interface WantedTrades {
  format?: TradeForm;
  draft_id?: string | null;
  portfolio_id?: string | null;
  as_of?: string | null;
  trades?: Array<NewTrade>;
  fix?: FixTerms | null;
}

export interface Warned {
  code: string;
  message: string;
  count?: number;
  about?: Array<string>;
}

export interface WhatIf {
  portfolio_id?: string | null;
  as_of?: string | null;
  scenario_ids?: Array<string>;
  shocks?: Record<string, number>;
  rate_shock?: number | null;
  volatility_shock?: number | null;
  basis?: string;
  volatility?: boolean;
  underlying_shocks?: Record<string, number>;
  days_forward?: number;
  positions_shown?: number;
}

export interface WhatIfApplied {
  underlying_shocks: Record<string, number>;
  days_forward: number;
  until: string;
  settled: Array<string>;
  ex_dividends: Record<string, number>;
}

export interface WhatIfReport {
  portfolio_id: string;
  as_of: string;
  nav: number | null;
  scenarios: Array<StressOutcome>;
  correlated_by: CovarianceBasis | null;
  left_out: Array<LeftOut>;
  warnings: Array<Warned>;
  applied: WhatIfApplied | null;
}

export interface WorstScenario {
  scenario_id: string;
  name: string;
  method: string;
  total_pnl: number;
}

export interface YieldIn {
  maturity: string;
  observation_date: string;
  yield_percent: number | string;
}

export interface Yields {
  rows: Array<YieldIn>;
}

export type Zone = "green" | "yellow" | "red";

export interface Reads {
  "auth/me": UserOut;
  "auth/oidc": SignOnOffer;
  "auth/oidc/links": LinkedAccountList;
  "import/profiles": PageProfileOut;
  "import/profiles/{profile_id}": ProfileOut;
  "positions/export": PositionsExport;
  "portfolios/{portfolio_id}/transactions/export": TransactionsExport;
  "portfolios": PageListedPortfolio;
  "portfolios/{portfolio_id}": PortfolioOut;
  "portfolios/{portfolio_id}/cash-flows": PageCashFlowOut;
  "portfolios/{portfolio_id}/shares": ShareList;
  "portfolios/{portfolio_id}/transactions": TransactionPage;
  "portfolios/{portfolio_id}/lots": LotPage;
  "portfolios/{portfolio_id}/expiries": ExpiryReport;
  "positions": PositionPage;
  "positions/grouped": GroupedPositions;
  "positions/{position_id}": PositionOut;
  "tags": PageTagOut;
  "tags/{tag_id}": TagOut;
  "strategies": StrategyPage;
  "modelling/sessions": PageDraftOut;
  "modelling/sessions/{draft_id}": DraftWithTrades;
  "modelling/sessions/{draft_id}/export": TradesExport;
  "portfolio": PortfolioSummary;
  "portfolio/exposures": PageExposurePoint;
  "portfolio/performance": PerformanceReport;
  "portfolios/{portfolio_id}/snapshots": PageSnapshotOut;
  "portfolios/{portfolio_id}/report": PortfolioReport;
  "portfolios/summary": SummedPortfolios;
  "portfolios/scenarios": ScenarioMap;
  "portfolios/{portfolio_id}/series": SeriesReport;
  "portfolios/{portfolio_id}/series/export": SeriesReport;
  "portfolios/{portfolio_id}/pnl-vectors": PnlVectors;
  "portfolios/{portfolio_id}/var-backtest": VarBacktest;
  "portfolios/{portfolio_id}/var-backtest/{session_date}": JudgedDay;
  "portfolios/{portfolio_id}/changes": ChangesReport;
  "positions/{position_id}/history": PositionHistory;
  "risk/greeks": GreeksReport;
  "risk/metrics": MetricsReport;
  "risk/market-scenarios": MarketScenarioReport;
  "risk/factors": FactorReport;
  "factors/exposures/{portfolio_id}": FactorReport;
  "risk/factors/positions": PositionFactorPage;
  "factors/exposures/{portfolio_id}/positions": PositionFactorPage;
  "risk/correlations/positions/metrics": CorrelationReport;
  "risk/correlations/positions/matrix": CorrelationMatrix;
  "risk/correlations/positions/pairs/{symbol_a}/{symbol_b}": PairHistory;
  "risk/correlations/factors/matrix": FactorMatrix;
  "risk/stress-testing/scenarios": ScenarioList;
  "risk/stress-testing/results/{portfolio_id}": StressReport;
  "portfolios/{portfolio_id}/option-map": OptionMap;
  "risk/smile/{symbol}": SmileReport;
  "factors/definitions": FactorDefinitions;
  "factors/risk/{portfolio_id}": FactorRisk;
  "factors/attribution/{portfolio_id}/periods": AttributionPeriods;
  "factors/attribution/{portfolio_id}": AttributionReport;
  "factors/regression/{symbol}": RegressionReport;
  "market-data/current": CurrentPrices;
  "market-data/factor-etfs": FactorEtfs;
  "market-data/quality/{portfolio_id}": DataQualityReport;
  "definitions": DefinitionList;
  "definitions/{measure}": Definition;
  "modelling/sessions/{draft_id}/impacts": Impacts;
  "positions/table": PositionsTable;
  "limits": PageLimitOut;
  "limits/templates": LimitTemplates;
  "limits/{limit_id}": LimitWithStandings;
  "limits/{limit_id}/history": LimitHistory;
  "alerts": AlertPage;
  "notifications/channels": ChannelList;
  "notifications/channels/{channel_id}/deliveries": NotificationPage;
  "reports": ReportPage;
  "reports/templates": ReportTemplates;
  "reports/schedules": ScheduleList;
  "reports/{report_id}/status": ReportOut;
  "market-data/prices/{symbol}": PriceHistory;
  "market-data/sectors": PageSecurityOut;
  "market-data/options/{symbol}": OptionChain;
  "symbols": SymbolsFound;
  "calendar": Calendar;
  "me/preferences": PreferencesOut;
  "me/tokens": TokenList;
  "me/second-factor": SecondFactorOut;
  "export/history": ExportPage;
  "me/runs": PageOwnRunOut;
  "admin/users": PageManagedUser;
  "admin/users/{user_id}": ManagedUser;
  "admin/audit-log": PageAuditEntryOut;
  "admin/market-data/progress": HistoryProgress;
  "admin/market-data/quarantine": PageQuarantinedClose;
  "admin/batch/runs": PageRunOut;
  "admin/batch/runs/{run_id}": RunDetail;
  "admin/dead-letters": PageDeadLetterOut;
  "admin/dead-letters/{letter_id}": DeadLetterOut;
}
