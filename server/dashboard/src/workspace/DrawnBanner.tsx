import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { Icon } from "../shell/Icon";
import { DRAWN_MAX, RUNS_MAX } from "./drawn";
import type { DrawnState } from "./useDrawn";

/** Says that not all runs are drawn, which are, and offers the others. */
export function DrawnBanner(props: {
  draw: DrawnState;
  shown: readonly RunSummary[];
  /** How many there are, those included that are not loaded. */
  total: number;
  only: string | null;
  headline: string | null;
}) {
  const { draw, shown, total, only, headline } = props;
  const { t } = useTranslation();
  const { rule, hidden, added } = draw.choice;
  const onlyRun = shown.find((run) => run.id === only);
  if (onlyRun)
    return (
      <button type="button" className="chip is-on" onClick={draw.endSolo}>
        {t("list.only", { name: onlyRun.name })} <Icon name="close" />
      </button>
    );
  // Groups are drawn too, and are no runs.
  const drawn = shown.filter((run) => draw.drawn.has(run.id)).length;
  const isPlain = hidden.size === 0 && added.size === 0;
  if (drawn === total && rule === "newest") return null;
  return (
    <span className="drawn-banner">
      {t(isPlain ? `list.drawn_${rule}` : "list.drawn_chosen", {
        drawn,
        total,
        metric: headline ?? "",
      })}
      {rule !== "all" && drawn < total && (
        <button type="button" className="chip" onClick={() => draw.setRule("all")}>
          {total > RUNS_MAX ? t("list.draw_many", { count: RUNS_MAX }) : t("list.draw_all")}
        </button>
      )}
      {rule !== "best" && headline !== null && total > DRAWN_MAX && (
        <button type="button" className="chip" onClick={() => draw.setRule("best")}>
          {t("list.draw_best", { count: DRAWN_MAX, metric: headline })}
        </button>
      )}
      {(rule !== "newest" || !isPlain) && (
        <button type="button" className="chip" onClick={() => draw.setRule("newest")}>
          {t("list.draw_newest")}
        </button>
      )}
    </span>
  );
}
