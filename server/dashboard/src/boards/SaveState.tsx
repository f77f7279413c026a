import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import type { Dashboard } from "../api/types";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import type { BoardState } from "./useBoard";

/** What is saved, what is not, and what to do about what somebody else has saved. */
export function SaveState({ state, stored }: { state: BoardState; stored: Dashboard }) {
  const { t } = useTranslation();
  const { isChanged, isBehind, saving } = state;
  const { version, author, saved_ns } = stored.summary;
  const failed = saving.error;
  const isConflict = failed instanceof ApiError && failed.status === 409;
  const isUnnamed = state.board.name.trim() === "";
  if (isBehind)
    return (
      <div className="board-conflict" role="alert">
        <span>
          {author ? t("board.behind_of", { version, author }) : t("board.behind", { version })}
        </span>
        <Button size="small" variant="outlined" onClick={state.discard}>
          {t("board.take_theirs")}
        </Button>
        <Button
          size="small"
          variant="outlined"
          disabled={saving.isPending}
          onClick={state.saveOver}
        >
          {t("board.save_over")}
        </Button>
      </div>
    );
  return (
    <>
      <span className="muted board-state" role="status">
        {isChanged
          ? t("board.unsaved")
          : `${t("board.version", { version })} · ${[isolated(author), formatDate(saved_ns)].filter(Boolean).join(", ")}`}
      </span>
      {isChanged && (
        <>
          <Button
            variant="contained"
            disabled={saving.isPending || isUnnamed}
            title={isUnnamed ? t("board.unnamed") : undefined}
            onClick={state.save}
          >
            {t("list.edit_save")}
          </Button>
          <Button color="inherit" onClick={state.discard}>
            {t("board.discard")}
          </Button>
        </>
      )}
      {failed && !isConflict && (
        <span className="bad" role="alert">
          {failed.message}
        </span>
      )}
    </>
  );
}
