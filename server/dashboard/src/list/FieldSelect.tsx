import { useTranslation } from "react-i18next";

import { FACTS, fieldName } from "./rows";

/** Chooses by what runs are grouped, coloured, dashed or set apart. */
export function FieldSelect(props: {
  label: string;
  varying: readonly string[];
  value: string;
  taken: readonly string[];
  onChoose: (field: string) => void;
}) {
  const { t } = useTranslation();
  const fields = [...props.varying.map((name) => `param:${name}`), ...FACTS];
  return (
    <select
      aria-label={props.label}
      value={props.value}
      onChange={(change) => props.onChoose(change.target.value)}
    >
      <option value="">{props.label}</option>
      {fields
        .filter((field) => !props.taken.includes(field))
        .map((field) => (
          <option key={field} value={field}>
            {(FACTS as readonly string[]).includes(field)
              ? t(`list.${field as (typeof FACTS)[number]}`)
              : fieldName(field)}
          </option>
        ))}
    </select>
  );
}
