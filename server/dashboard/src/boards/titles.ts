import { useTranslation } from "react-i18next";

import { labelOf } from "../params/axes";
import { metricsOf, type Panel } from "./document";

/** Return what calls a panel by its title, or else by what it shows. */
export function useTitleOf(): (panel: Panel) => string {
  const { t } = useTranslation();
  return (panel) => panel.title || shownBy(panel) || t(`board.type_${panel.type}`);
}

function shownBy(panel: Panel): string {
  switch (panel.type) {
    case "lines":
      return metricsOf(panel).join(", ");
    case "histograms":
    case "media":
      return panel.name;
    case "scatter":
      return panel.up && panel.across ? `${labelOf(panel.up)} / ${labelOf(panel.across)}` : "";
    default:
      return "";
  }
}
