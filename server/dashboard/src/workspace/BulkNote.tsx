import { useTranslation } from "react-i18next";

import { Icon } from "../shell/Icon";
import { Tool } from "../shell/Tool";
import type { Bulk } from "../list/useBulk";

/** So many of those that failed are named. */
const NAMED_MAX = 20;

/** How far it is, then how it went: what failed and why, and the way back. It stays until dismissed. */
export function BulkNote({ bulk }: { bulk: Bulk }) {
  const { t } = useTranslation();
  const { state } = bulk;
  if (!state) return null;
  const { done, failed, left, total, isRunning } = state;
  const title = t(`bulk.${state.kind}`);
  const action = state.isUndo ? t("bulk.undone", { action: title }) : title;
  const text = isRunning
    ? t("bulk.running", { action, done: done.length + failed.length, count: total })
    : total === 0
      ? t("bulk.nothing", { action })
      : done.length === total
        ? t("bulk.done", { action, count: total })
        : t("bulk.partly", { action, done: done.length, count: total });
  return (
    <div className="bulk-note">
      <div role="status">{text}</div>
      {isRunning ? (
        <>
          <progress aria-label={action} max={total} value={done.length + failed.length} />
          <button type="button" className="chip" onClick={bulk.stop}>
            {t("bulk.stop")}
          </button>
        </>
      ) : (
        <>
          {done.length > 0 && !state.isUndo && (
            <button type="button" className="chip" onClick={bulk.undo}>
              <Icon name="reset" /> {t("bulk.undo")}
            </button>
          )}
          {failed.length + left.length > 0 && (
            <button type="button" className="chip" onClick={bulk.retry}>
              {t("bulk.retry", { count: failed.length + left.length })}
            </button>
          )}
          <Tool icon="close" label={t("bulk.dismiss")} onClick={bulk.dismiss} />
        </>
      )}
      {failed.length > 0 && (
        <ul role="alert">
          {failed.slice(0, NAMED_MAX).map(({ change, reason }) => (
            <li key={change.id}>
              <b>{change.name}</b>: {reason}
            </li>
          ))}
          {failed.length > NAMED_MAX && (
            <li>{t("bulk.more", { count: failed.length - NAMED_MAX })}</li>
          )}
        </ul>
      )}
    </div>
  );
}
