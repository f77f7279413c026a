import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";

/** A page whose data did not come: why, what to quote to the server's owner, and another try. */
export function Failure({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation();
  const request = error instanceof ApiError ? error.request : "";
  return (
    <div className="failure" role="alert">
      <p>{t("failed_to_load", { reason: error.message })}</p>
      {request && <code>{request}</code>}
      <button type="button" className="chip" onClick={onRetry}>
        {t("retry")}
      </button>
    </div>
  );
}
