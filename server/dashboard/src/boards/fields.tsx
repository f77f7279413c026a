// Fields that forms of panels are made of.

import { useState, type ReactNode } from "react";

import { splitKeys } from "../params/view";

export function Field({
  label,
  hint,
  children,
}: {
  label: string;
  hint?: string;
  children: ReactNode;
}) {
  return (
    <label className="panel-field">
      <span>{label}</span>
      {children}
      {hint && <small className="muted">{hint}</small>}
    </label>
  );
}

interface SelectProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly (readonly [value: Value, text: string])[];
  onChange: (value: Value) => void;
}

export function Select<Value extends string>(props: SelectProps<Value>) {
  const { label, value, options, onChange } = props;
  return (
    <Field label={label}>
      <select
        value={value}
        onChange={(change) => onChange(options.find(([one]) => one === change.target.value)![0])}
      >
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
}

export function Check(props: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label className="panel-check">
      <input
        type="checkbox"
        checked={props.isOn}
        onChange={(change) => props.onChange(change.target.checked)}
      />
      {props.label}
    </label>
  );
}

/** Names as text, of which *split* makes what there is; the rest is left out when the field is left. */
export function Keys(props: {
  label: string;
  value: readonly string[];
  hint: string;
  /** So many of them are kept. */
  most: number;
  split?: (text: string) => string[];
  onChange: (keys: string[]) => void;
}) {
  const { split = keysIn } = props;
  const [text, setText] = useState(props.value.join("\n"));
  return (
    <Field label={props.label} hint={props.hint}>
      <textarea
        value={text}
        rows={4}
        spellCheck={false}
        onChange={(change) => {
          setText(change.target.value);
          props.onChange(split(change.target.value).slice(0, props.most));
        }}
        onBlur={() => setText(props.value.join("\n"))}
      />
    </Field>
  );
}

/** Return the keys in a text, one a line or a comma between. */
function keysIn(text: string): string[] {
  return splitKeys(text.replaceAll("\n", ","));
}

/** Return the lines of a text that say something, each once: any character may be in a metric's name. */
export function linesIn(text: string): string[] {
  return [...new Set(text.split("\n").map((line) => line.trim()))].filter(Boolean);
}
