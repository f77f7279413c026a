import { useTranslation } from "react-i18next";

import { TooLate } from "./changes";
import type { Arrangement } from "./useArrangement";

/** What has become of this person's arranging: saved for everybody, or not, and the way back. */
export function ArrangeNote({ arrangement }: { arrangement: Arrangement }) {
  const { t } = useTranslation();
  const { changes, change } = arrangement;
  const { pending, error, saved } = changes;
  if (error)
    return (
      <p className="arrange-note" role="alert">
        <span className="bad">
          {error instanceof TooLate
            ? t("arrange.too_late")
            : t("arrange.failed", { reason: error.message })}
        </span>
        {pending.length > 0 && (
          <button type="button" className="chip" onClick={arrangement.retry}>
            {t("retry")}
          </button>
        )}
        <button type="button" className="chip" onClick={() => changes.drop()}>
          {t(pending.length > 0 ? "arrange.drop" : "arrange.close")}
        </button>
      </p>
    );
  if (pending.length === 0 && !saved) return null;
  return (
    <p className="arrange-note" role="status">
      {pending.length > 0 || !saved ? (
        t("arrange.saving")
      ) : (
        <>
          {t("arrange.saved")}
          <button
            type="button"
            className="chip"
            onClick={() => change({ do: "take_back", to: saved.before, of: saved.after.version })}
          >
            {t("arrange.undo")}
          </button>
          <button type="button" className="chip" onClick={() => changes.forget()}>
            {t("arrange.close")}
          </button>
        </>
      )}
    </p>
  );
}
