import { Icon, type IconName } from "./Icon";

interface ToolProps {
  icon: IconName;
  label: string;
  /** What the pointer is told; the label where it says enough. */
  hint?: string;
  /** Of a switch; a button that just does something has none. */
  isOn?: boolean;
  onClick: () => void;
}

/** A button that is an icon. */
export function Tool({ icon, label, hint = label, isOn, onClick }: ToolProps) {
  return (
    <button
      type="button"
      className="tool"
      aria-label={label}
      title={hint}
      aria-pressed={isOn}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
