import { useTranslation } from "react-i18next";

import type { DashboardDocument } from "../api/types";
import { Tool } from "../shell/Tool";
import { TABS_MAX, withNewTab, withoutTab, withTabMoved, withTabTitle } from "./document";

interface TabsProps {
  document: DashboardDocument;
  current: string;
  isEditing: boolean;
  onChoose: (id: string) => void;
  onChange: (document: DashboardDocument, kind?: string) => void;
}

/** The tabs of a dashboard; one alone is not worth a row unless it is to be changed. */
export function Tabs({ document, current, isEditing, onChoose, onChange }: TabsProps) {
  const { t } = useTranslation();
  const { tabs } = document;
  if (tabs.length < 2 && !isEditing) return null;
  const at = tabs.findIndex((tab) => tab.id === current);
  const titleOf = (index: number) => tabs[index]!.title || t("board.tab", { number: index + 1 });
  const title = titleOf(at);
  const remove = () => {
    onChoose(tabs[at === 0 ? 1 : at - 1]!.id);
    onChange(withoutTab(document, current));
  };
  return (
    <div className="board-tabs">
      <div role="group" aria-label={t("board.tabs")} className="segments">
        {tabs.map((tab, index) => (
          <button
            key={tab.id}
            type="button"
            aria-pressed={tab.id === current}
            onClick={() => onChoose(tab.id)}
          >
            {titleOf(index)}
          </button>
        ))}
      </div>
      {isEditing && (
        <>
          <input
            aria-label={t("board.tab_title")}
            placeholder={title}
            value={tabs[at]!.title}
            maxLength={200}
            onChange={(change) =>
              onChange(withTabTitle(document, current, change.target.value), `tab ${current}`)
            }
          />
          <Tool
            icon="back"
            label={t("board.tab_left", { title })}
            onClick={() => onChange(withTabMoved(document, current, -1))}
          />
          <Tool
            icon="right"
            label={t("board.tab_right", { title })}
            onClick={() => onChange(withTabMoved(document, current, 1))}
          />
          {tabs.length > 1 && (
            <Tool icon="trash" label={t("board.tab_remove", { title })} onClick={remove} />
          )}
          {tabs.length < TABS_MAX && (
            <Tool
              icon="plus"
              label={t("board.tab_add")}
              onClick={() => {
                const [next, id] = withNewTab(document);
                onChange(next);
                onChoose(id);
              }}
            />
          )}
        </>
      )}
    </div>
  );
}
