import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Panel } from "./document";
import { Field } from "./fields";
import { OwnFields, type FieldsProps } from "./PanelFields";

interface PanelDialogProps {
  panel: Panel;
  isNew: boolean;
  onSave: (panel: Panel) => void;
  onClose: () => void;
}

/** What a panel shows. Nothing is changed before it is taken over. */
export function PanelDialog({ panel, isNew, onSave, onClose }: PanelDialogProps) {
  const { t } = useTranslation();
  const titleId = useId();
  const [draft, setDraft] = useState(panel);
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId}>
      <form
        className="edit-form panel-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          onSave(draft);
        }}
      >
        <h2 id={titleId}>
          {isNew ? t("board.add") : t("board.change")}: {t(`board.type_${panel.type}`)}
        </h2>
        <Fields panel={draft} onChange={setDraft} />
        <footer>
          <Button color="inherit" onClick={onClose}>
            {t("list.edit_cancel")}
          </Button>
          <Button type="submit" variant="contained">
            {isNew ? t("board.add") : t("board.take_over")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

function Fields({ panel, onChange }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <Field label={t("board.title")} hint={t("board.title_hint")}>
        <input
          value={panel.title}
          maxLength={200}
          autoFocus={panel.type !== "text"}
          onChange={(change) => onChange({ ...panel, title: change.target.value })}
        />
      </Field>
      <OwnFields panel={panel} onChange={onChange} />
      {panel.type !== "text" && (
        <Field label={t("board.filter")} hint={t("board.filter_hint")}>
          <input
            value={panel.filter}
            maxLength={10_000}
            spellCheck={false}
            onChange={(change) => onChange({ ...panel, filter: change.target.value })}
          />
        </Field>
      )}
    </>
  );
}
