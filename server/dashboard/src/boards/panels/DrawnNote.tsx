import { useTranslation } from "react-i18next";

import { useScope } from "../scope";

/** Says that charts do not draw all of the runs, and how many they do. */
export function DrawnNote() {
  const { t } = useTranslation();
  const { drawn, total } = useScope();
  if (drawn.length >= total) return null;
  return (
    <p className="panel-run" role="note">
      {t("board.drawn_of", { drawn: drawn.length, total })}
    </p>
  );
}
