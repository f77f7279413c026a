import TextField from "@mui/material/TextField";
import { useTranslation } from "react-i18next";

/** What an alias may be. */
export const ALIAS = { maxLength: 64, pattern: "[A-Za-z][A-Za-z0-9._\\-]*" };

/** Asks why an alias is moved, which its history tells. */
export function WhyField({ why, onChange }: { why: string; onChange: (why: string) => void }) {
  const { t } = useTranslation();
  return (
    <TextField
      label={t("models.why")}
      size="small"
      multiline
      value={why}
      slotProps={{ htmlInput: { maxLength: 2000 } }}
      onChange={(change) => onChange(change.target.value)}
    />
  );
}
