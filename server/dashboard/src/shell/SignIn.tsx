import Button from "@mui/material/Button";
import TextField from "@mui/material/TextField";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ApiError, signIn } from "../api/client";

export function SignIn() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [token, setToken] = useState("");
  const attempt = useMutation({
    mutationFn: signIn,
    onSuccess: () => client.invalidateQueries({ queryKey: ["server"] }),
  });
  const isRefused = attempt.error instanceof ApiError && [401, 403].includes(attempt.error.status);
  return (
    <main className="sign-in">
      <form
        onSubmit={(submit) => {
          submit.preventDefault();
          attempt.mutate(token.trim());
        }}
      >
        <img src="/icon.svg" width="36" height="36" alt="" />
        <h1>{t("sign_in.title")}</h1>
        <p className="muted">{t("sign_in.hint")}</p>
        <TextField
          label={t("sign_in.token")}
          type="password"
          autoComplete="current-password"
          autoFocus
          fullWidth
          value={token}
          error={attempt.isError}
          helperText={
            attempt.error ? (isRefused ? t("sign_in.refused") : attempt.error.message) : " "
          }
          onChange={(change) => setToken(change.target.value)}
        />
        <Button type="submit" variant="contained" disabled={!token.trim() || attempt.isPending}>
          {t("sign_in.submit")}
        </Button>
      </form>
    </main>
  );
}
