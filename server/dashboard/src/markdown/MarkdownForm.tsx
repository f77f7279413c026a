import { useTranslation } from "react-i18next";

interface MarkdownFormProps {
  label: string;
  text: string;
  /** Whether it is another text than the one that is kept. */
  isChanged: boolean;
  rowsMin: number;
  charsMax?: number;
  /** The state of what is sent. */
  saving: { isPending: boolean; error: Error | null };
  onChange: (text: string) => void;
  onSave: () => void;
  onStop: () => void;
}

const ROWS_MAX = 24;

/** A field for a text in Markdown: Ctrl+Enter saves it, Escape leaves one that is as it was. */
export function MarkdownForm(props: MarkdownFormProps) {
  const { label, text, isChanged, rowsMin, charsMax, saving, onChange, onSave, onStop } = props;
  const { t } = useTranslation();
  return (
    <form
      className="notes-form"
      onSubmit={(submit) => {
        submit.preventDefault();
        onSave();
      }}
    >
      <textarea
        autoFocus
        value={text}
        rows={Math.min(ROWS_MAX, Math.max(rowsMin, text.split("\n").length + 1))}
        maxLength={charsMax}
        aria-label={label}
        onChange={(change) => onChange(change.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onSave();
          // A text that has been written is not thrown away by one key.
          if (event.key === "Escape" && !isChanged) onStop();
        }}
      />
      {saving.error && (
        <p className="bad" role="alert">
          {saving.error.message}
        </p>
      )}
      <footer>
        <span className="muted">{t("overview.notes_hint")}</span>
        <button type="button" className="chip" onClick={onStop}>
          {t("list.edit_cancel")}
        </button>
        <button type="submit" className="chip" disabled={saving.isPending}>
          {t("list.edit_save")}
        </button>
      </footer>
    </form>
  );
}
