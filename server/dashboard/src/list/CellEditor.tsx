import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { fieldEdit, textOf, type EditField } from "./edits";
import { useEdit } from "./useEdit";

interface CellEditorProps {
  run: RunSummary;
  field: EditField;
  /** *isNext*: by Tab, to what is edited next. */
  onClose: (isNext: boolean) => void;
}

/**
 * A field in the table itself: Enter, Tab and leaving it keep what was typed, Escape does not. In
 * notes Enter with shift begins a line. Where the server refuses, the field stays and says why.
 */
export function CellEditor({ run, field, onClose }: CellEditorProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(() => textOf(run, field));
  const change = useEdit(run);
  const isOver = useRef(false);
  const save = (isNext: boolean) => {
    const edit = fieldEdit(run, field, text);
    if (Object.keys(edit).length === 0) return close(isNext);
    if (change.isPending) return;
    change.mutate(edit, { onSuccess: () => close(isNext) });
  };
  const close = (isNext: boolean) => {
    if (isOver.current) return; // it loses the focus as it goes
    isOver.current = true;
    onClose(isNext);
  };
  // Rows out of sight are taken out of the page; what was typed there is kept all the same.
  const leave = useRef(() => {});
  leave.current = () => {
    const edit = fieldEdit(run, field, text);
    if (!isOver.current && !change.isPending && Object.keys(edit).length > 0) change.mutate(edit);
  };
  useEffect(() => () => leave.current(), []);
  const shared = {
    "aria-label": t(`edit.${field}`, { name: run.name }),
    "aria-invalid": change.isError,
    "autoFocus": true,
    "value": text,
    "onChange": (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      setText(event.target.value),
    "onFocus": (event: React.FocusEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      event.currentTarget.select(),
    "onBlur": () => !change.isError && save(false),
    "onKeyDown": (event: React.KeyboardEvent) => {
      if (event.nativeEvent.isComposing) return; // Enter chooses a character
      const isLine = field === "notes" && event.key === "Enter" && event.shiftKey;
      if (event.key === "Escape") {
        isOver.current = true;
        onClose(false);
      } else if ((event.key === "Enter" && !isLine) || (event.key === "Tab" && !event.shiftKey))
        save(event.key === "Tab");
      else return;
      event.preventDefault();
    },
  };
  return (
    <span className={`cell-editor is-${field}`} onDoubleClick={(event) => event.stopPropagation()}>
      {field === "notes" ? <textarea rows={5} {...shared} /> : <input {...shared} />}
      {change.error && (
        <span className="bad" role="alert">
          {change.error.message}
        </span>
      )}
    </span>
  );
}
