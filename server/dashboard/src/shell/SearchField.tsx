import type { Ref } from "react";

import { Icon } from "./Icon";

interface SearchFieldProps {
  label: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
  field?: Ref<HTMLInputElement>;
}

/** A field to search with. Escape leaves it and, unlike the browser's own, keeps what it says. */
export function SearchField({ label, hint = label, value, onChange, field }: SearchFieldProps) {
  return (
    <label className="search">
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        value={value}
        placeholder={hint}
        aria-label={label}
        onChange={(change) => onChange(change.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          event.currentTarget.blur();
        }}
      />
    </label>
  );
}
