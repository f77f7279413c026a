import { useState, type ReactNode } from "react";

import { Tool } from "../shell/Tool";

interface InlineFieldProps {
  /** What is edited, and what the button that begins it is called. */
  label: string;
  edit: string;
  hint: string;
  value: string;
  /** Done once it has been kept; what it throws is said, and the field stays. */
  onSave: (value: string) => Promise<unknown>;
  /** What is shown while it is not edited. */
  children: ReactNode;
}

/** A text that is edited where it stands: Enter keeps it, as leaving the field does, Escape does not. */
export function InlineField({ label, edit, hint, value, onSave, children }: InlineFieldProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const [isSaving, setSaving] = useState(false);
  const stop = () => {
    setDraft(null);
    setProblem("");
  };
  const save = async () => {
    if (draft === null || isSaving) return;
    if (draft === value) return stop();
    setSaving(true);
    try {
      await onSave(draft);
      stop();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setSaving(false);
    }
  };
  if (draft === null)
    return (
      <span className="inline-field">
        {children}
        <Tool icon="edit" label={edit} onClick={() => setDraft(value)} />
      </span>
    );
  return (
    <span className="inline-field">
      <input
        autoFocus
        value={draft}
        size={Math.min(60, Math.max(16, draft.length + 1))}
        aria-label={label}
        placeholder={hint}
        title={hint}
        aria-invalid={problem !== ""}
        readOnly={isSaving}
        onChange={(change) => setDraft(change.target.value)}
        onBlur={() => void save()}
        onKeyDown={(event) => {
          if (event.key === "Enter") void save();
          if (event.key === "Escape") {
            event.stopPropagation();
            stop();
          }
        }}
      />
      {problem && (
        <span className="bad" role="alert">
          {problem}
        </span>
      )}
    </span>
  );
}
