import Dialog from "@mui/material/Dialog";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Icon } from "../shell/Icon";
import "../styles/palette.css";
import { moved, type Offer } from "./offers";
import { useOffers, type PaletteProps } from "./useOffers";

/** One field for everything: arrows choose, Enter goes there or does it, Escape leaves. */
export function Palette(props: PaletteProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const offers = useOffers(typed, props);
  const current = Math.min(at, offers.length - 1);
  useEffect(() => {
    list.current?.children[current]?.scrollIntoView({ block: "nearest" });
  }, [current, offers]);
  const choose = (offer: Offer | undefined) => {
    if (!offer) return;
    props.onClose();
    offer.choose();
  };
  return (
    <Dialog
      open
      onClose={props.onClose}
      // The dialog would be called after a title, and it has none.
      slotProps={{
        paper: {
          "className": "palette",
          "aria-label": t("palette.title"),
          "aria-labelledby": undefined,
        },
      }}
    >
      <label className="palette-field">
        <Icon name="search" />
        <input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls="palette-offers"
          aria-autocomplete="list"
          aria-activedescendant={offers.length > 0 ? `offer-${current}` : undefined}
          aria-label={t("palette.title")}
          placeholder={t("palette.hint")}
          value={typed}
          onChange={(change) => {
            setTyped(change.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const next = moved(event.key, current, offers.length);
            if (next !== null) setAt(next);
            else if (event.key === "Enter") choose(offers[current]);
            else return;
            event.preventDefault();
          }}
        />
      </label>
      <ul ref={list} id="palette-offers" role="listbox" aria-label={t("palette.title")}>
        {offers.map((offer, index) => (
          <li
            key={offer.id}
            id={`offer-${index}`}
            role="option"
            aria-selected={index === current}
            onMouseMove={() => setAt(index)}
            onClick={() => choose(offer)}
          >
            <span>{offer.text}</span>
            <small>{offer.kind}</small>
          </li>
        ))}
      </ul>
      <p className="palette-none" role="status">
        {offers.length === 0 && t("palette.none")}
      </p>
    </Dialog>
  );
}
