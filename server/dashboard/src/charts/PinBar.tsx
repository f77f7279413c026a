import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Icon } from "../shell/Icon";
import { formatX, type ChartX } from "./axis";
import { PIN_NAMES } from "./pins";

/** The pinned cursors of a page; a field pins one where no pointer can. */
export function PinBar(props: {
  pins: readonly number[];
  x: ChartX;
  onToggle: (place: number) => void;
}) {
  const { pins, x, onToggle } = props;
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const place = Number(text);
  return (
    <>
      {x !== "time" && (
        <form
          className="pin-form"
          onSubmit={(submit) => {
            submit.preventDefault();
            if (text.trim() === "" || !Number.isFinite(place)) return;
            if (!pins.includes(place)) onToggle(place);
            setText("");
          }}
        >
          <input
            inputMode="decimal"
            value={text}
            placeholder={t("pins.at")}
            aria-label={t("pins.at")}
            title={t("pins.hint")}
            aria-invalid={Number.isNaN(place)}
            onChange={(change) => setText(change.target.value)}
          />
        </form>
      )}
      {pins.map((pin, at) => (
        <button
          key={pin}
          type="button"
          className="chip"
          title={t("pins.remove")}
          onClick={() => onToggle(pin)}
        >
          <b>{PIN_NAMES[at]}</b> {formatX(pin, x, true)} <Icon name="close" />
        </button>
      ))}
    </>
  );
}
