import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { copyText } from "./clipboard";
import { Icon } from "./Icon";

interface CopyButtonProps {
  text: string;
  label?: string;
  /** What the pointer and screen readers are told, where the label does not say enough. */
  title?: string;
}

/** Copies *text*; says so for two seconds. */
export function CopyButton({ text, label, title }: CopyButtonProps) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <button
      type="button"
      className="chip copy"
      title={title}
      aria-label={isCopied ? undefined : title}
      onClick={() => void copyText(text).then(() => setCopied(true))}
    >
      <Icon name={isCopied ? "check" : "copy"} />
      <span aria-live="polite">{isCopied ? t("copied") : (label ?? t("copy"))}</span>
    </button>
  );
}
