import Popover from "@mui/material/Popover";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import { Icon } from "../shell/Icon";
import type { ColumnPickerProps } from "./ColumnPicker";

// Fetched by the first who opens it.
const ColumnPicker = lazy(() =>
  import("./ColumnPicker").then(({ ColumnPicker }) => ({ default: ColumnPicker })),
);

/** Opens what chooses the columns of the table. */
export function ColumnButton(props: Omit<ColumnPickerProps, "onClose">) {
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const close = () => setAnchor(null);
  return (
    <>
      <button
        type="button"
        className="chip"
        aria-haspopup="dialog"
        onClick={(click) => setAnchor(click.currentTarget)}
      >
        <Icon name="columns" /> {t("columns.title")}
      </button>
      <Popover
        open={anchor !== null}
        anchorEl={anchor}
        onClose={close}
        anchorOrigin={{ vertical: "bottom", horizontal: "left" }}
      >
        <Suspense fallback={<p className="column-picker">{t("loading")}</p>}>
          <ColumnPicker {...props} onClose={close} />
        </Suspense>
      </Popover>
    </>
  );
}
