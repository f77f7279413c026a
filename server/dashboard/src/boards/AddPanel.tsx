import Button from "@mui/material/Button";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { DashboardDocument } from "../api/types";
import { Icon } from "../shell/Icon";
import { newPanel, PANEL_TYPES, type Panel } from "./document";

interface AddPanelProps {
  document: DashboardDocument;
  onAdd: (panel: Panel) => void;
}

/** A panel of every type, to begin with. */
export function AddPanel({ document, onAdd }: AddPanelProps) {
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <Button
        variant="outlined"
        aria-haspopup="menu"
        startIcon={<Icon name="plus" />}
        onClick={(click) => setAnchor(click.currentTarget)}
      >
        {t("board.add")}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {PANEL_TYPES.map((type) => (
          <MenuItem
            key={type}
            onClick={() => {
              setAnchor(null);
              onAdd(newPanel(document, type));
            }}
          >
            {t(`board.type_${type}`)}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}
