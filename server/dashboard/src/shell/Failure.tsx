import { useQueryClient, type Query } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { isUnfetched } from "./unfetched";

interface FailureProps {
  error: Error;
  /** The data came, and the page could not be made of it. */
  isOfPage?: boolean;
  onRetry: () => void;
}

/** A page whose data did not come: why, what to quote to the server's owner, and another try. */
export function Failure({ error, isOfPage, onRetry }: FailureProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const request = error instanceof ApiError ? error.request : "";
  const retry = () => {
    onRetry();
    // What failed with it would be the next to be tried.
    const hasFailed = ({ state }: Query) => state.status === "error";
    void client.refetchQueries({ type: "active", predicate: hasFailed }, { cancelRefetch: false });
  };
  return (
    <div className="failure" role="alert">
      <p>
        {isUnfetched(error)
          ? t("failed_unfetched")
          : t(isOfPage ? "failed_to_show" : "failed_to_load", { reason: error.message })}
      </p>
      {request && <code>{request}</code>}
      <button type="button" className="chip" onClick={retry}>
        {t(isOfPage ? "reload" : "retry")}
      </button>
    </div>
  );
}
