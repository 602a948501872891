import type { LimitOnSession, PortfolioReport } from "../api/types";
import { words } from "../format";
import { Panel } from "../parts/Panel";
import { Part } from "../parts/Part";
import { go } from "../state/address";
import { definedAs, inLimitsUnit, LIMIT_TONES, limitsInWords, memberText } from "../state/limits";

const SHOWN = 6;

/** How the portfolio stands against its limits on the session, the most urgent first. */
export function LimitsBox({ report }: { report: PortfolioReport }) {
  const limits = report.limit_states;
  const note = limitsInWords(report.limits)
    .map((each) => each.text)
    .join(", ");
  const show = () => go({ screen: "limits" });
  return (
    <Panel title="Limits" note={note || undefined}>
      {!limits.length && (
        <p class="empty">
          No limit is in force on this session.{" "}
          <button type="button" class="link accent" onClick={show}>
            Set one
          </button>
        </p>
      )}
      {limits.length > 0 && (
        <ul class="limit-list">
          {limits.slice(0, SHOWN).map((each) => (
            <li key={each.limit_id}>
              <button type="button" class="link" onClick={show}>
                {each.name}
              </button>
              <span class={`pill ${LIMIT_TONES[each.state] ?? ""}`} title={each.reason ?? undefined}>
                {words(each.state)}
              </span>
              <span class="value">
                <Standing limit={each} />
                <small>
                  of <Part measure="breach" about={each.name} amount={inLimitsUnit(each.breach, each)} />
                </small>
              </span>
              <small class="who">{whose(each, report)}</small>
            </li>
          ))}
        </ul>
      )}
      {limits.length > SHOWN && (
        <button type="button" class="link accent" onClick={show}>
          All {limits.length} limits
        </button>
      )}
    </Panel>
  );
}

function Standing({ limit }: { limit: LimitOnSession }) {
  const defined = definedAs(limit.measure);
  const amount = inLimitsUnit(limit.value, limit);
  return defined ? <Part measure={defined} about={limit.name} amount={amount} /> : <>{amount}</>;
}

/** Whose value it is, or why there is none. */
function whose({ member, measure, reason, per }: LimitOnSession, report: PortfolioReport): string {
  return memberText(report, measure, member) || (reason ?? (per === "portfolio" ? "the portfolio" : per));
}
