import { acknowledgeLimit, deleteLimit, waiveLimit } from "../../api/limits";
import type { LimitOut } from "../../api/types";
import { FormDialog } from "../../parts/Form";
import { useBook } from "../../state/book";
import { memberText } from "../../state/limits";
import { levelText, sessionsText } from "./words";

interface Props {
  limit: LimitOut;
  onClose: () => void;
  onDone: () => void;
}

interface OfPortfolio extends Props {
  portfolioId: string;
}

function Reason() {
  return (
    <label>
      Reason
      <textarea name="reason" rows={3} required maxLength={1000} />
    </label>
  );
}

/** What is the matter, so that one need not look behind the dialog. */
function Matter({ limit }: { limit: LimitOut }) {
  const { report } = useBook();
  const now = limit.worst;
  if (!now) return null;
  const member = memberText(report, limit.measure, now.member);
  return (
    <p class="note">
      {member && `${member}: `}
      {levelText(now.value, limit)}, and the breach level is {levelText(now.breach, limit)}
      {now.age_sessions ? `; for ${sessionsText(now.age_sessions)}` : ""}.
    </p>
  );
}

export function Acknowledge({ limit, portfolioId, onClose, onDone }: OfPortfolio) {
  return (
    <FormDialog
      label={`Acknowledge the breach of ${limit.name}`}
      action="Acknowledge"
      submit={(form) =>
        acknowledgeLimit(limit.limit_id, { portfolio_id: portfolioId, reason: String(form.get("reason")) }).then(onDone)
      }
      onClose={onClose}
    >
      <Matter limit={limit} />
      <p>It is shown as acknowledged, with the reason, until the breach is over.</p>
      <Reason />
    </FormDialog>
  );
}

export function Waive({ limit, portfolioId, onClose, onDone }: OfPortfolio) {
  return (
    <FormDialog
      label={`Waive ${limit.name}`}
      action="Waive"
      submit={(form) =>
        waiveLimit(limit.limit_id, {
          portfolio_id: portfolioId,
          reason: String(form.get("reason")),
          until: String(form.get("until")),
        }).then(onDone)
      }
      onClose={onClose}
    >
      <Matter limit={limit} />
      <p>No alert is raised until that day. A breach that lasts longer alerts again.</p>
      <label>
        Until, that day included
        <input type="date" name="until" required min={limit.worst?.as_of} defaultValue={limit.worst?.until ?? ""} />
      </label>
      <Reason />
    </FormDialog>
  );
}

export function Delete({ limit, onClose, onDone }: Props) {
  return (
    <FormDialog
      label={`Delete ${limit.name}?`}
      action="Delete it"
      danger
      submit={() => deleteLimit(limit.limit_id).then(onDone)}
      onClose={onClose}
    >
      <p>
        Its history and its alerts are deleted with it
        {limit.portfolio_id === null ? ", in all of your portfolios" : ""}.
      </p>
    </FormDialog>
  );
}
