// After vite: compressed siblings of every file that gains by it, and the budget of what the first
// page loads. The server picks the sibling that the browser accepts.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = fileURLToPath(new URL("../../mltrack_server/static/", import.meta.url));
const INITIAL_SCRIPT_BYTES_MAX = 320 * 1000; // gzip
const INITIAL_SCRIPTS_MAX = 5; // each is a request, see vite.config.ts

function* filesBelow(path) {
  for (const name of readdirSync(path)) {
    const child = join(path, name);
    if (statSync(child).isDirectory()) yield* filesBelow(child);
    else yield child;
  }
}

for (const path of [...filesBelow(folder)]) {
  if (!/\.(js|css|html|svg|json)$/.test(path)) continue;
  const content = readFileSync(path);
  if (content.length < 512) continue;
  const brotli = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}

const page = readFileSync(join(folder, "index.html"), "utf8");
const initial = [...page.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map((match) => match[1]);
const bytes = initial.reduce(
  (sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length,
  0,
);
console.log(`first page: ${(bytes / 1000).toFixed(1)} kB of script, gzip, in ${initial.length}`);
if (bytes > INITIAL_SCRIPT_BYTES_MAX || initial.length > INITIAL_SCRIPTS_MAX) {
  console.error(
    `over the budget of ${INITIAL_SCRIPT_BYTES_MAX / 1000} kB in ${INITIAL_SCRIPTS_MAX} scripts`,
  );
  process.exit(1);
}
