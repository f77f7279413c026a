import TextField from "@mui/material/TextField";
import { useTranslation } from "react-i18next";

import type { Author } from "./usePerson";

/** Asks how this person is called. */
export function AuthorField({ author }: { author: Author }) {
  const { t } = useTranslation();
  return (
    <TextField
      label={t("author.name")}
      helperText={t("author.hint")}
      size="small"
      value={author.text}
      slotProps={{ htmlInput: { maxLength: 200 } }}
      onChange={(change) => author.setText(change.target.value)}
    />
  );
}
