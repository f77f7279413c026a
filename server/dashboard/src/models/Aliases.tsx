import "../styles/models.css";

/** What points at a version, as chips. */
export function Aliases({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <span className="model-aliases">
      {names.map((name) => (
        <span key={name}>{name}</span>
      ))}
    </span>
  );
}
